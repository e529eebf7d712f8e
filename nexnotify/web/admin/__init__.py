"""The merchant's pages, under ``/admin``."""

from __future__ import annotations

from flask import Blueprint, Flask

from nexnotify.web.admin.access import init_access

#: (blueprint, address prefix)
ADMIN_BLUEPRINTS: tuple[tuple[Blueprint, str], ...] = ()


def init_admin(app: Flask) -> None:
    """Sign-in, and what every page needs."""
    init_access(app)
