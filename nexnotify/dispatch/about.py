"""What the alerts among the messages are about: requests, and the restocks they answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import IdIn, db
from nexnotify.inventory.available import OFFERS
from nexnotify.ledger.models import Alert
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest


@dataclass(frozen=True, slots=True)
class About:
    """A request that a message is about, and the restock it answers."""

    request_id: int
    restock_id: int
    status: str
    asked_status: str
    recalled: bool
    quantity: int
    #: The time zone of the browser that asked.
    zone: str | None
    #: The product status that the restock tells of.
    told_of: str
    #: The place whose stock counts for the request; None: all of it.
    region_id: int | None = None
    #: While it is pending: until then its shopper can confirm it.
    confirm_by: datetime | None = None

    def is_asked(self, now: datetime) -> bool:
        """Whether it waited, and its shopper is to confirm it before anybody is told."""
        return self.status == "pending" and self.confirm_by is not None and self.confirm_by > now

    @property
    def question(self) -> str:
        """The switch that it goes by."""
        return OFFERS.get(self.told_of, self.asked_status)


_alert, _request, _restock = Alert.__table__, AlertRequest.__table__, RestockEvent.__table__
_ABOUT = (
    sa.select(
        _alert.c.message_id,
        _alert.c.request_id,
        _alert.c.restock_id,
        _request.c.status,
        _request.c.asked_status,
        sa.func.coalesce(_restock.c.reason, "") == "recalled",
        _request.c.quantity,
        _request.c.zone,
        _restock.c.status.label("told_of"),
        _request.c.region_id,
        _request.c.confirm_by,
    )
    .join(_request, sa.and_(_request.c.store_id == _alert.c.store_id, _request.c.id == _alert.c.request_id))
    .join(_restock, sa.and_(_restock.c.store_id == _alert.c.store_id, _restock.c.id == _alert.c.restock_id))
    .where(_alert.c.store_id == sa.bindparam("b_store"), IdIn(_alert.c.message_id))
)


def about_of(store_id: int, message_ids: list[int]) -> dict[int, list[About]]:
    """Message → the requests that it is about."""
    found: dict[int, list[About]] = {}
    for message_id, *about in (
        db.session.connection().execute(_ABOUT, {"b_store": store_id, "b_ids": message_ids}).all()
    ):
        found.setdefault(message_id, []).append(About(*about))
    return found


def variants_of(restock_ids: Collection[int]) -> dict[int, int]:
    """Restock → its variant."""
    if not restock_ids:
        return {}
    of_these = sa.select(RestockEvent.id, RestockEvent.variant_id).where(RestockEvent.id.in_(restock_ids))
    return {row.id: row.variant_id for row in db.session.execute(of_these)}
