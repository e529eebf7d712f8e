"""What staff do with journeys: write, switch on and off, delete. People who are in one follow at once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.content.service import template_problems
from nexnotify.content.tokens import compile_template
from nexnotify.db import db
from nexnotify.errors import Conflict, Invalid
from nexnotify.journeys.models import TRIGGERS, Journey, JourneyPerson
from nexnotify.journeys.texts import KIND
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import Move, move
from nexnotify.stores.models import Store
from nexnotify.waitlist.activities import WAITING
from nexnotify.waitlist.conditions import Where
from nexnotify.words import N_

#: Longest name, in characters, and longest delay.
NAME, FARTHEST = 100, timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a journey does."""

    name: str
    trigger: str
    where: Where
    delay_minutes: int
    sms_body: str | None = None
    email_subject: str | None = None
    email_body: str | None = None
    push_subject: str | None = None
    push_body: str | None = None

    def problems(self) -> dict[str, str]:
        """What stands against it: field → sentence."""
        found: dict[str, str] = {}
        if not self.name.strip():
            found["name"] = N_("Write a name.")
        elif len(self.name) > NAME:
            found["name"] = N_("%(name)s characters is the most.", name=NAME)
        if self.trigger not in TRIGGERS:
            found["trigger"] = N_("Choose what it begins with.")
        if self.trigger == WAITING and self.where.locations:
            found["locations"] = N_("Somebody who waits does so at no location. Leave this empty.")
        if not 0 <= self.delay_minutes <= FARTHEST / timedelta(minutes=1):
            found["delay_minutes"] = N_("Thirty days is the longest.")
        return found | self._problems_of_words()

    def _problems_of_words(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if not (self.sms_body or self.email_body or self.push_body):
            return {"sms_body": N_("Write a text message, an email, a push, or several.")}
        if self.sms_body:
            problems = template_problems("sms", self.sms_body, None, KIND)
            found |= {"sms_body": problems["body"]} if problems else _no_block("sms_body", self.sms_body)
        if self.email_body or self.email_subject:
            problems = template_problems("email", self.email_body or "", self.email_subject, KIND)
            found |= {f"email_{name}": words for name, words in problems.items()}
        if self.push_body or self.push_subject:
            problems = template_problems("push", self.push_body or "", self.push_subject, KIND)
            found |= {f"push_{name}": words for name, words in problems.items()}
            found |= {} if problems else _no_block("push_body", self.push_body or "")
        return found


def _no_block(name: str, body: str) -> dict[str, str]:
    """The block of lines is for emails; a text has its parts, and a push shows no lines."""
    if "item" not in compile_template(body).tokens:
        return {}
    return {name: N_("[[item]] is for emails. Use [[product]], [[price]] and [[url]] here.")}


def save(store: Store, journey: Journey | None, plan: Plan, now: datetime) -> tuple[Journey, dict[str, list[Any]]]:
    """Make a journey, switched off, or change a (locked) one; people inside follow the change.

    :returns: the journey, and what changed, name → [before, after].
    :raises Invalid: with what is wrong beside each field.
    """
    problems = plan.problems()
    if journey is not None and journey.trigger != plan.trigger:
        problems["trigger"] = N_("What a journey begins with stays. Make another one for the other activity.")
    if problems:
        raise Invalid(N_("The journey was not saved."), fields=problems)
    values = {field.name: getattr(plan, field.name) for field in fields(plan) if field.name != "where"}
    values["conditions"] = plan.where.stored()
    if journey is None:
        journey = Journey(store_id=store.id, created_at=now, updated_at=now, is_on=False, **values)
        db.session.add(journey)
        db.session.flush()
        return journey, {name: [None, value] for name, value in values.items()}
    changed = {name: [getattr(journey, name), value] for name, value in values.items()}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    for name, (_, value) in changed.items():
        setattr(journey, name, value)
    journey.updated_at = now
    db.session.flush()
    return journey, changed


def switch_on(journey: Journey, now: datetime) -> bool:
    """From now on, activities bring people in; what occurred before does not.

    :returns: False when it is on already.
    """
    if journey.is_on:
        return False
    journey.is_on, journey.on_since, journey.looked_at = True, now, now
    db.session.flush()
    return True


def switch_off(journey: Journey, now: datetime) -> int:
    """Nobody comes in any more, who waits in a (locked) journey leaves it, and what has not gone is taken back.

    :returns: how many people that were.
    """
    journey.is_on = False
    db.session.flush()
    left = db.session.execute(
        sa.update(JourneyPerson)
        .where(JourneyPerson.journey_id == journey.id, sa.text("state = 'inside'"))
        .values(state="left", reason="journey_off", decided_at=now)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    return int(left) + _take_back(journey, now)


def _take_back(journey: Journey, now: datetime) -> int:
    theirs = sa.select(JourneyPerson.message_id).where(
        JourneyPerson.store_id == journey.store_id,
        JourneyPerson.journey_id == journey.id,
        JourneyPerson.state == "sent",
    )
    rows = db.session.execute(
        sa.select(Message.id, Message.status)
        # Not the bare column: the databases would read its index, and with it all that is queued.
        .where(Message.id.in_(theirs), (Message.status + "").in_(("held", "queued")))
        .order_by(Message.id)
        .with_for_update()
    ).all()
    move((Move(journey.store_id, row.id, row.status, "cancelled", "taken_back") for row in rows), now)
    return len(rows)


def delete(journey: Journey) -> None:
    """Take a (locked) journey away that nobody was ever in.

    :raises Conflict: it is on, or has a past; then it stays, switched off.
    """
    anybody = sa.select(JourneyPerson.id).where(
        JourneyPerson.store_id == journey.store_id, JourneyPerson.journey_id == journey.id
    )
    if journey.is_on:
        raise Conflict(N_("Switch it off first."))
    if db.session.scalar(anybody.limit(1)) is not None:
        raise Conflict(N_("People have been in it, so it is kept for their story. Switched off, it does nothing."))
    db.session.delete(journey)
    db.session.flush()


def journeys_of(store: Store) -> list[Journey]:
    """The store's, those that are on first."""
    mine = sa.select(Journey).where(Journey.store_id == store.id)
    return list(db.session.scalars(mine.order_by(Journey.is_on.desc(), Journey.id.desc())))
