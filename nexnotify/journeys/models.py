"""A journey, and the people in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key
from nexnotify.restock.waves import ENDED
from nexnotify.waitlist.activities import BACK_IN_STOCK, WAITING
from nexnotify.waitlist.conditions import Where
from nexnotify.words import N_

#: Activities that a journey can begin with.
TRIGGERS = (WAITING, BACK_IN_STOCK)
#: Where a person of a journey stands → what it means; the reference's table is compared with this one.
STATES = {
    "inside": N_("Waits for the delay, or for what stands in the way, to be over."),
    "sent": N_("A message was written; its own status says what became of it."),
    "left": N_("Was not written to; the reason says why."),
}
#: Reasons of a journey's own; all others are those of ``policy.eligibility``.
REASONS = {
    "journey_off": N_("The journey was switched off while the person waited in it."),
    "told_by_another": N_("Another message has told the person of this restock, or is about to."),
    "restock_pending": N_("The restock’s own alerts come first; the journey follows when they are over."),
    "cap_reached": ENDED["cap_reached"],
}


class Journey(Tenant, db.Model):
    """What is said to whom, and how long after which activity. Everything is read when it is needed, so people who wait
    in it follow every change.
    """

    __tablename__ = "journey"
    __table_args__ = tenant_args(partial_index("ix_journey_on", "store_id", "id", where="is_on"))

    name: Mapped[str] = mapped_column(sa.String(100))
    #: One of TRIGGERS.
    trigger: Mapped[str] = mapped_column(sa.String(20))
    #: As ``waitlist.conditions.Where`` has it.
    conditions: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    delay_minutes: Mapped[int] = mapped_column(default=0)
    #: The words by channel; null: nobody is written to on that one.
    sms_body: Mapped[str | None] = mapped_column(sa.Text)
    email_subject: Mapped[str | None] = mapped_column(sa.String(300))
    email_body: Mapped[str | None] = mapped_column(sa.Text)
    push_subject: Mapped[str | None] = mapped_column(sa.String(300))
    push_body: Mapped[str | None] = mapped_column(sa.Text)
    is_on: Mapped[bool] = mapped_column(default=False)
    #: What occurred before it was switched on is not its business.
    on_since: Mapped[datetime | None]
    #: Activities up to here have been looked at.
    looked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def where(self) -> Where:
        """Which activities it is for."""
        return Where.read(self.conditions)

    @property
    def delay(self) -> timedelta:
        """How long a person waits in it."""
        return timedelta(minutes=self.delay_minutes)

    def words(self, channel: str) -> tuple[str | None, str | None]:
        """Subject and body on a channel; no body: it says nothing there."""
        if channel == "email":
            return self.email_subject, self.email_body
        if channel == "push":
            return self.push_subject, self.push_body
        return None, self.sms_body if channel == "sms" else None


class JourneyPerson(Tenant, db.Model):
    """One request in one journey, for one occurrence of its activity: a second row of the same is refused."""

    __tablename__ = "journey_person"
    __table_args__ = tenant_args(
        tenant_key("journey_id", "journey"),
        tenant_key("request_id", "alert_request"),
        tenant_key("contact_id", "contact"),
        tenant_key("variant_id", "variant"),
        tenant_key("message_id", "message"),
        sa.UniqueConstraint("store_id", "journey_id", "request_id", "occurrence"),
        # Who waits in it, in the order in which their time comes.
        partial_index("ix_journey_person_inside", "journey_id", "occurred_at", "id", where="state = 'inside'"),
        sa.Index("ix_journey_person_list", "store_id", "journey_id", "state", "id"),
        sa.Index("ix_journey_person_request", "store_id", "request_id", "id"),
        partial_index("ix_journey_person_message", "store_id", "message_id", where="message_id IS NOT NULL"),
    )

    journey_id: Mapped[int] = mapped_column(BigId)
    request_id: Mapped[int] = mapped_column(BigId)
    contact_id: Mapped[int] = mapped_column(BigId)
    #: What it speaks of: of a request about several, the one that came in.
    variant_id: Mapped[int] = mapped_column(BigId)
    #: The change of stock that brought it back; 0 where the activity is that somebody waits.
    occurrence: Mapped[int] = mapped_column(BigId)
    occurred_at: Mapped[datetime]
    #: One of STATES.
    state: Mapped[str] = mapped_column(sa.String(10))
    #: Why it waits on or left: one of ``policy.eligibility.REASONS`` or of REASONS.
    reason: Mapped[str | None] = mapped_column(sa.String(40))
    #: It is decided about again then, and not before.
    wait_until: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigId)
    decided_at: Mapped[datetime | None]
