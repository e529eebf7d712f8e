"""The work on holds: what is due is looked at, the storefront is called, and what it said is written down.

:func:`take_due` and :func:`settle` each are one transaction; the calls between them (``calls``) are made outside of any.
A call has its number on record before it is made, so a worker that dies costs a call with the same key, which keeps
nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant as CatalogVariant
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.holds import rules
from nexnotify.holds.calls import Call, Outcome
from nexnotify.holds.contract import NoAnswer, Redeemed, Refused, Reservation, Variant
from nexnotify.holds.ending import close, give_back, hand_over
from nexnotify.holds.freeing import free
from nexnotify.holds.sources import heard
from nexnotify.holds.texts import reword
from nexnotify.ledger.models import Alert, Hold, Message
from nexnotify.ledger.moves import RESERVING, Move, move
from nexnotify.ledger.planning.decisions import record_decisions
from nexnotify.policy.eligibility import Skip
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest

#: Holds that one transaction looks at; few, because the first of them waits for the last one's answer.
BATCH = 16
#: A call without a result after so long was another worker's, and lost.
LEASE = timedelta(seconds=30)
#: How often a unit that is kept is looked at: whether it was bought, or is not wanted any more.
LOOK_AGAIN = timedelta(minutes=1)


def has_due(now: datetime) -> bool:
    """Whether there is work."""
    due = (sa.text("hold.due_at IS NOT NULL"), Hold.due_at <= now)
    return db.session.scalar(sa.select(Hold.id).where(*due).limit(1)) is not None


# --- looking --------------------------------------------------------------------------------------------------------


def take_due(now: datetime) -> tuple[int, list[Call]]:
    """Look at the next holds that are due.

    :returns: how many they were, and the calls that are to be made.
    """
    rows = db.session.execute(_due(now)).all()
    calls = [_look_at(row, now) for row in rows]
    db.session.flush()
    return len(rows), [call for call in calls if call is not None]


def _due(now: datetime) -> Any:
    return (
        sa.select(
            Hold,
            Message.status.label("message"),
            Contact.opted_out_at,
            AlertRequest.status.label("request"),
            RestockEvent.reason.label("restock"),
            CatalogVariant.external_id,
            CatalogVariant.sku,
        )
        .join(Message, sa.and_(Message.store_id == Hold.store_id, Message.id == Hold.message_id))
        .join(Contact, sa.and_(Contact.store_id == Message.store_id, Contact.id == Message.contact_id))
        .join(RestockEvent, sa.and_(RestockEvent.store_id == Hold.store_id, RestockEvent.id == Hold.restock_id))
        .join(
            CatalogVariant,
            sa.and_(CatalogVariant.store_id == Hold.store_id, CatalogVariant.id == Hold.variant_id),
        )
        .outerjoin(
            Alert,
            sa.and_(
                Alert.store_id == Hold.store_id,
                Alert.message_id == Hold.message_id,
                Alert.restock_id == Hold.restock_id,
            ),
        )
        .outerjoin(AlertRequest, sa.and_(AlertRequest.store_id == Alert.store_id, AlertRequest.id == Alert.request_id))
        .where(sa.text("hold.due_at IS NOT NULL"), Hold.due_at <= now)
        .order_by(Hold.due_at, Hold.id)
        .limit(BATCH)
        # The message too: its claim must not go on with a unit that is being given back.
        .with_for_update(of=(Message, Hold), skip_locked=True)
        .execution_options(populate_existing=True)
    )


def _look_at(row: Any, now: datetime) -> Call | None:
    hold: Hold = row.Hold
    if hold.status != "releasing":
        reason = _end_of(row, now)
        if hold.status == "held" and reason == "bought":
            close(hold.id, "redeemed", reason, now)
            return None
        if hold.status == "held" and reason is None:
            hold.due_at = min(hold.until, now + LOOK_AGAIN)
            return None
        if reason is not None:
            if hold.status == "asking" and hold.tries == 0:
                close(hold.id, "released", reason, now)  # nobody has been asked
                return None
            give_back(hold.id, reason, now)
            reword(hold.store_id, hold.message_id, None, now)
            db.session.refresh(hold)
    hold.tries, hold.due_at = hold.tries + 1, now + LEASE
    variant = Variant(row.external_id, row.sku)
    about = (hold.id, hold.store_id, hold.status, hold.tries)
    return Call(*about, variant, hold.quantity, hold.until, hold.key, hold.reference)


def _end_of(row: Any, now: datetime) -> str | None:
    hold: Hold = row.Hold
    failed = row.message in rules.FAILED
    standing = rules.Standing(
        until=hold.until,
        message=row.message,
        request=row.request,
        opted_out=row.opted_out_at is not None,
        recalled=row.restock == "recalled",
        elsewhere=failed and hold.status == "held" and hand_over(hold),
    )
    return rules.end_of(standing, hold.minutes, now)


# --- writing down ---------------------------------------------------------------------------------------------------


def settle(results: Sequence[tuple[Call, Outcome]], now: datetime) -> None:
    """Write down what the storefront said. A result counts only if it is that of the hold's last call."""
    for call, answer in sorted(results, key=lambda result: result[0].hold_id):
        outcome = _no_promise(answer, now) or answer
        row = db.session.execute(
            sa.select(Hold, Message)
            .join(Message, sa.and_(Message.store_id == Hold.store_id, Message.id == Hold.message_id))
            .where(Hold.id == call.hold_id)
            .with_for_update(of=(Message, Hold))
            .execution_options(populate_existing=True)
        ).first()
        if row is None or (row.Hold.status, row.Hold.tries) != (call.status, call.tries):
            continue
        heard(call.store_id, _kept(str(outcome)) if isinstance(outcome, NoAnswer) else None, now)
        if call.status == "asking":
            _asked(row.Hold, row.Message, outcome, now)
        else:
            _given_back(row.Hold, outcome, now)
        db.session.flush()


def _no_promise(outcome: Outcome, now: datetime) -> NoAnswer | None:
    """What it comes to that a unit is gone again before anybody could come for it; None: it is not so."""
    if not isinstance(outcome, Reservation) or outcome.until is None or outcome.until - now >= rules.SHORTEST:
        return None
    return NoAnswer("It keeps the unit for less than a minute.")


def _asked(hold: Hold, message: Message, outcome: Outcome, now: datetime) -> None:
    if isinstance(outcome, Reservation):
        until = min(hold.until, outcome.until or hold.until)
        if until < hold.until:  # what is worth telling is measured by what it gives, or it would be asked for ever
            hold.minutes = int((until - now) / timedelta(minutes=1))
        hold.status, hold.until, hold.held_at, hold.tries = "held", until, now, 0
        hold.reference, hold.detail = _kept(outcome.reference or "", 200), None
        hold.due_at = min(until, now + LOOK_AGAIN)
        db.session.flush()
        reword(hold.store_id, message.id, until, now)
        _wake(message, now)
    elif isinstance(outcome, Refused):
        close(hold.id, "refused", None, now, _kept(outcome.detail))
        _refuse(message, now)
    else:
        again = rules.ask_again(hold.tries, now)
        hold.detail = _kept(str(outcome))
        if again is not None:
            hold.due_at = again
            return
        give_back(hold.id, "no_answer", now)
        _wake(message, now)


def _wake(message: Message, now: datetime) -> None:
    """It goes on where it stood: it became due when it was made."""
    if message.status == "held" and message.reason == RESERVING:
        move([Move(message.store_id, message.id, "held", "queued")], now, due_at=message.created_at)


def _refuse(message: Message, now: datetime) -> None:
    if message.status not in rules.WAITING:
        return
    move([Move(message.store_id, message.id, message.status, "suppressed", "no_unit")], now)
    about = db.session.execute(
        sa.select(Alert.request_id, Alert.restock_id).where(
            Alert.store_id == message.store_id, Alert.message_id == message.id
        )
    ).all()
    decided = [(request_id, restock_id, Skip("no_unit"), None) for request_id, restock_id in about]
    record_decisions(message.store_id, "send", decided, now)


def _given_back(hold: Hold, outcome: Outcome, now: datetime) -> None:
    reason = hold.reason or ""
    if isinstance(outcome, Redeemed):
        close(hold.id, "redeemed", "bought", now)
        return
    if isinstance(outcome, NoAnswer):
        again = rules.tell_again(hold.tries, hold.until, now)
        if again is not None:
            hold.due_at, hold.detail = again, _kept(str(outcome))
            return
    close(hold.id, "lapsed" if reason == "lapsed" else "released", reason, now, hold.detail)
    if reason in rules.FREES and hold.held_at is not None:
        free(hold, now)


def _kept(words: str, most: int = 400) -> str | None:
    """A storefront's words without what no database keeps: it must not stop the holds of others."""
    return words.encode("utf-8", "ignore").decode().replace("\x00", "")[:most] or None
