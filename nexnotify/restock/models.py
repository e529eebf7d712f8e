"""Restock events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key
from nexnotify.words import N_

#: State of a restock → what it means; the reference's table is compared with this one.
STATES = {
    "new": N_("Just noticed; nothing is decided yet."),
    "settling": N_("Waits for stock to stay; nobody has been told."),
    "approval": N_("Waits for one of your people to approve it; nobody has been told."),
    "undo": N_("Waits for the seconds in which it can be cancelled; nobody has been told."),
    "telling": N_("People are being told, at once or in waves."),
    "watching": N_("Everybody has been told; those for whom stock does not last get their place back."),
    "stopping": N_("Recalled; the texts that have not gone are being taken back."),
    "done": N_("Over."),
    "stopped": N_("Ended before everybody was told; the rest keep their place."),
}
#: Those in which it can still end before anybody is told.
BEFORE = ("new", "settling", "approval", "undo")
#: Those that are not over, literally as in their partial index.
IS_OPEN = sa.text("restock_event.state NOT IN ('done', 'stopped')")
#: Those in which nothing happens any more.
OVER = ("done", "stopped")


def _noticed_at(context: Any) -> datetime:
    """A new restock is looked at at once."""
    at: datetime = context.get_current_parameters()["at"]
    return at


class RestockEvent(Tenant, db.Model):
    """People can be told of a variant again: available-to-sell rose across the units needed. One for each crossing.

    Or it is not in stock, and can be preordered or backordered from now on: that is told to those who asked for it.
    """

    __tablename__ = "restock_event"
    __table_args__ = tenant_args(
        tenant_key("variant_id", "variant"),
        tenant_key("stock_change_id", "stock_change"),
        sa.UniqueConstraint("store_id", "stock_change_id"),
        sa.Index("ix_restock_event_variant", "store_id", "variant_id", "id"),
        sa.Index("ix_restock_event_at", "store_id", "at"),
        # One variant's restocks take turns; and whose turn it is.
        partial_index(
            "ix_restock_event_open", "store_id", "variant_id", "id", where="state NOT IN ('done', 'stopped')"
        ),
        partial_index("ix_restock_event_work", "work_at", "id", where="work_at IS NOT NULL"),
        partial_index("ix_restock_event_delaying", "delays_until", where="delays_until IS NOT NULL"),
        partial_index("ix_restock_event_by_check", "store_id", "at", where="by_check"),
        partial_index("ix_restock_event_held_out", "at", "id", where="holdout > 0"),
    )

    variant_id: Mapped[int] = mapped_column(BigId)
    #: What people are told of: "in_stock"; or, not in stock, that it can be "preordered" or "backordered".
    status: Mapped[str] = mapped_column(sa.String(12), default="in_stock", server_default="in_stock")
    stock_change_id: Mapped[int] = mapped_column(BigId)
    #: Whose stock rose, for those who wait there; null: all locations together, for those who named no place.
    region_id: Mapped[int | None] = mapped_column(BigId)
    available_before: Mapped[int | None] = mapped_column(BigId)
    available_after: Mapped[int | None] = mapped_column(BigId)
    #: No event told of it: the check of stock against those who wait found it.
    by_check: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(sa.String(12), default="new", server_default="done")
    #: Why it stands there: a key of ``waves.ENDED``; null while it goes on.
    reason: Mapped[str | None] = mapped_column(sa.String(20))
    #: When the planner looks at it next; null: it waits for a person, or is over.
    work_at: Mapped[datetime | None] = mapped_column(default=_noticed_at)
    #: The wave that is being told, or was told last; 0 before the first.
    wave: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Which part of the list is being told: 0 those with priority, 1 everybody else; the last is who has been left over.
    part: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Somebody began to wait at a place that the plan has passed: who is left over is looked for at the end.
    late: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    #: Staff allow so many people in all; null: as many as the policy does.
    most: Mapped[int | None]
    #: So many percent of its people are not told, to measure what telling is worth: as set when it began to tell.
    holdout: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Staff have put it on hold; staff did not want to wait for its next moment.
    held_at: Mapped[datetime | None]
    hurried_at: Mapped[datetime | None]
    #: Some of its people are told at their usual hours, the last of them then; null: nobody.
    delays_until: Mapped[datetime | None]
    #: The last alert request the planner has looked at, in the order in which it tells; a killed planner goes on behind
    #: it. While stopping, the last message.
    plan_cursor: Mapped[int] = mapped_column(BigId, default=0)
    #: When the last person was decided about.
    planned_at: Mapped[datetime | None]
    #: People the plan told, held back and passed over so far: lists show them, and a restock may have very many. Whom the
    #: text of an earlier restock tells is held back.
    told: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    passed: Mapped[int] = mapped_column(default=0)


class RestockWave(Tenant, db.Model):
    """People of a restock who were told together, and what the rule made of the figures of that moment."""

    __tablename__ = "restock_wave"
    __table_args__ = tenant_args(
        tenant_key("restock_id", "restock_event"), sa.UniqueConstraint("store_id", "restock_id", "number")
    )

    restock_id: Mapped[int] = mapped_column(BigId)
    #: From 1.
    number: Mapped[int]
    #: People at most; null: everybody who is left.
    size: Mapped[int | None]
    #: A key of ``waves.WHY``, and the figures that its words name.
    why: Mapped[str] = mapped_column(sa.String(20))
    figures: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    #: Units that could be sold when it was decided; null is unlimited.
    units: Mapped[int | None] = mapped_column(BigId)
    #: People it told, their texts held or of an earlier restock included.
    told: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    #: When the first of its texts went, or goes where all are held.
    heard_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    first_message_id: Mapped[int | None] = mapped_column(BigId)
