"""Whether the widget lives: what the last check of a page of the shop found, and who asked last through it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.fetch import origin_of
from nexnotify.stores.models import AuditEntry, Store
from nexnotify.waitlist.models import AlertRequest
from nexnotify.words import N_

#: The action of the audit trail that keeps a check: who had a page read, and what came of it.
CHECKED = "widget.checked"
WORKS, FAILS = "works", N_("does not work")


@dataclass(frozen=True, slots=True)
class Check:
    """The last look at a page of the shop."""

    at: datetime
    page: str
    works: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The last request that came through the widget. ``origin`` is empty when the page is not known."""

    at: datetime
    origin: str


def last_check(store: Store) -> Check | None:
    """The last check, if there was one."""
    entry = db.session.scalar(
        sa.select(AuditEntry)
        .where(AuditEntry.store_id == store.id, AuditEntry.action == CHECKED)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    return Check(entry.at, str(entry.detail["page"]), entry.detail["result"] == WORKS) if entry else None


def last_asked(store: Store) -> Asked | None:
    """The last request from the widget, if there is one."""
    row = db.session.execute(
        sa.select(AlertRequest.created_at, AlertRequest.page_url)
        # Written out, so that the index over these requests alone fits.
        .where(AlertRequest.store_id == store.id, AlertRequest.source == sa.literal("widget", literal_execute=True))
        .order_by(AlertRequest.id.desc())
        .limit(1)
    ).first()
    return Asked(row[0], _origin(row[1] or "")) if row else None


def widget_seen(store: Store) -> bool:
    """Whether the widget is known to work on the shop: somebody asked through it, or the last check found it."""
    check = last_check(store)
    return bool(check and check.works) or last_asked(store) is not None


def _origin(page_url: str) -> str:
    try:
        return origin_of(page_url) if page_url.startswith(("http://", "https://")) else ""
    except ValueError:  # whoever asked wrote the address
        return ""
