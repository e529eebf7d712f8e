"""Tables to take away: customers, orders, messages, activities, the ledgers of consent and of credits. Each is read as it is written."""

from __future__ import annotations

from nexnotify.reports.exports.activities import ACTIVITIES
from nexnotify.reports.exports.consent import CONSENT
from nexnotify.reports.exports.credits import CREDITS
from nexnotify.reports.exports.customers import CUSTOMERS
from nexnotify.reports.exports.messages import MESSAGES
from nexnotify.reports.exports.orders import ORDERS
from nexnotify.reports.exports.table import Export

#: By its name in addresses.
EXPORTS: dict[str, Export] = {item.name: item for item in (CUSTOMERS, ORDERS, MESSAGES, ACTIVITIES, CONSENT, CREDITS)}
