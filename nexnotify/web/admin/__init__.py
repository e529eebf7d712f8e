"""The merchant's pages, under ``/admin``."""

from __future__ import annotations

from flask import Blueprint, Flask

from nexnotify.web.admin.access import init_access
from nexnotify.web.admin.gateways import bp as gateways
from nexnotify.web.admin.home import bp as home
from nexnotify.web.admin.messages import bp as messages
from nexnotify.web.admin.products import bp as products
from nexnotify.web.admin.restocks import bp as restocks
from nexnotify.web.admin.settings import bp as settings
from nexnotify.web.admin.shell import init_shell
from nexnotify.web.admin.templates import bp as templates
from nexnotify.web.admin.waitlist import bp as waitlist

#: (blueprint, address prefix)
ADMIN_BLUEPRINTS: tuple[tuple[Blueprint, str], ...] = (
    (home, "/admin"),
    (waitlist, "/admin/waitlist"),
    (restocks, "/admin/restocks"),
    (messages, "/admin/messages"),
    (products, "/admin/products"),
    (templates, "/admin/templates"),
    (gateways, "/admin/gateways"),
    (settings, "/admin/settings"),
)


def init_admin(app: Flask) -> None:
    """Sign-in, and what every page needs."""
    init_access(app)
    init_shell(app)
