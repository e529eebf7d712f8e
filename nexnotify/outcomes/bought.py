"""Who has bought waits no more, and is not reminded.

Only the storefront's own word counts: what a page tells is in its visitor's hands.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.ledger.suppression import take_back
from nexnotify.orders.models import UNDONE, Order
from nexnotify.outcomes.matching import contacts_of_order, variants_of_order
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist import life


def close_bought(store: Store, order: Order, now: datetime) -> int:
    """An order ends what its person asked for, of the things in it; what still waits to go out about these does not go.

    History that is imported counts from the request on, as any order does.

    :returns: how many requests it ended.
    """
    # One that is called off later leaves what it has ended: it was wanted then.
    contacts = contacts_of_order(store, order) if order.status not in UNDONE else []
    variants = variants_of_order(order) if contacts else []
    if not variants:
        return 0
    window = timedelta(days=store_settings(store).attribution_days)
    ended = life.close_bought(store, contacts, variants, order.placed_at, window, now)
    for contact_id, variant_id in ended:
        contact = db.session.scalars(
            sa.select(Contact).where(Contact.store_id == store.id, Contact.id == contact_id)
        ).one()
        take_back(contact, "bought", now, variant_id=variant_id)
    return len(ended)
