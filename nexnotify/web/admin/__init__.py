"""The merchant's pages, under ``/admin``."""

from __future__ import annotations

from flask import Blueprint, Flask

from nexnotify.web.admin.account import bp as account
from nexnotify.web.admin.alerts import bp as alerts
from nexnotify.web.admin.compatible import bp as compatible
from nexnotify.web.admin.corrections import bp as corrections
from nexnotify.web.admin.credits import bp as credits
from nexnotify.web.admin.custom_fields import bp as custom_fields
from nexnotify.web.admin.customers import bp as customers
from nexnotify.web.admin.demand import bp as demand
from nexnotify.web.admin.doors import bp as doors
from nexnotify.web.admin.exports import bp as exports
from nexnotify.web.admin.gateways import bp as gateways
from nexnotify.web.admin.holds import bp as holds
from nexnotify.web.admin.home import bp as home
from nexnotify.web.admin.imports import bp as imports
from nexnotify.web.admin.journeys import bp as journeys
from nexnotify.web.admin.messages import bp as messages
from nexnotify.web.admin.metrics import bp as metrics
from nexnotify.web.admin.orders import bp as orders
from nexnotify.web.admin.payments import bp as payments
from nexnotify.web.admin.prediction import bp as prediction
from nexnotify.web.admin.products import bp as products
from nexnotify.web.admin.regions import bp as regions
from nexnotify.web.admin.restocks import bp as restocks
from nexnotify.web.admin.saved_views import bp as saved_views
from nexnotify.web.admin.sends import bp as sends
from nexnotify.web.admin.settings import bp as settings
from nexnotify.web.admin.shell import init_shell
from nexnotify.web.admin.sign_in import init_sign_in
from nexnotify.web.admin.staff import bp as staff
from nexnotify.web.admin.storefront_code import bp as storefront_code
from nexnotify.web.admin.tables import bp as tables
from nexnotify.web.admin.templates import bp as templates
from nexnotify.web.admin.texts import bp as texts
from nexnotify.web.admin.tickets import bp as tickets
from nexnotify.web.admin.waitlist import bp as waitlist
from nexnotify.web.admin.widget import bp as widget

#: (blueprint, address prefix)
ADMIN_BLUEPRINTS: tuple[tuple[Blueprint, str | None], ...] = (
    (home, "/admin"),
    (waitlist, "/admin/waitlist"),
    (restocks, "/admin/restocks"),
    (corrections, "/admin/restocks"),
    (messages, "/admin/messages"),
    (metrics, "/admin/metrics"),
    (demand, "/admin/metrics/demand"),
    (sends, "/admin/sends"),
    (journeys, "/admin/journeys"),
    (orders, "/admin/orders"),
    (tickets, "/admin/tickets"),
    (customers, "/admin/customers"),
    (custom_fields, "/admin/customers/fields"),
    (products, "/admin/products"),
    (templates, "/admin/templates"),
    (widget, "/admin/widget"),
    (storefront_code, "/admin/storefront-code"),
    (gateways, "/admin/gateways"),
    (settings, "/admin/settings"),
    (staff, "/admin/staff"),
    (account, "/admin/account"),
    (saved_views, "/admin/views"),
    (doors, None),
    (texts, "/admin/settings/texts"),
    (prediction, "/admin/settings/expectations"),
    (holds, "/admin/settings/holds"),
    (regions, "/admin/settings/regions"),
    (compatible, "/admin/settings/compatible"),
    (alerts, "/admin/settings/alerts"),
    (credits, "/admin/settings/credits"),
    (payments, "/admin/settings/payments"),
    (exports, "/admin/products/export"),
    (tables, "/admin/export"),
    (imports, "/admin/import"),
)


def init_admin(app: Flask) -> None:
    """Sign-in, and what every page needs."""
    init_sign_in(app)
    init_shell(app)
