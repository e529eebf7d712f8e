"""Of a message that serves several products, those that may not go (any more) are taken out before it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.dispatch.decide import Decided
from nexnotify.dispatch.due import Due
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import Move, move, record_new
from nexnotify.ledger.paying import ASK_AGAIN, NO_CREDIT, funds, put_aside, reprice
from nexnotify.ledger.planning.bundles import Item, give, items_of, text_of, text_values, with_codes
from nexnotify.ledger.planning.decisions import record_decisions
from nexnotify.ledger.planning.drafts import KIND, NoText, Text
from nexnotify.ledger.planning.job import ALERT_VALID
from nexnotify.ledger.planning.late import tell_late
from nexnotify.ledger.references import new_reference
from nexnotify.policy.eligibility import Hold, Send, Skip
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.life import Answered


def without_gone(rows: Sequence[Due], verdicts: Mapping[int, Decided], now: datetime) -> list[Due]:
    """These (locked) messages as they may go. One that says nothing of several products costs no statement.

    What is taken out gets a message of its own: held, where it waits for something; else suppressed, and its request keeps
    the place. The text of the others is written anew.
    """
    found = (_written_anew(due, verdicts[due.id], now) if _has_gone(verdicts[due.id]) else due for due in rows)
    return [due for due in found if due is not None]


def _has_gone(decided: Decided) -> bool:
    return bool(decided.each) and not all(isinstance(own, Send) for own in decided.each)


def _written_anew(due: Due, decided: Decided, now: datetime) -> Due | None:
    store = db.session.get_one(Store, due.store_id)
    own = {
        (item.request_id, item.restock_id): verdict
        for item, verdict in zip(decided.requests, decided.each, strict=True)
    }
    items = with_codes(store, items_of(store.id, [due.id]))
    staying: list[Item] = []
    for item in items:
        verdict = own[item.request_id, item.restock_id]
        if isinstance(verdict, Send):
            staying.append(item)
        else:
            _set_apart(store, due, item, verdict, now)
    give(store.id, [(item, due.id) for item in staying])
    text = text_of(store, due.channel, due.contact_id, due.id, staying, now)
    if isinstance(text, NoText):
        move([Move(store.id, due.id, "queued", "suppressed", text.reason)], now)
        about = [(item.request_id, item.restock_id, Skip(text.reason), text.words) for item in staying]
        record_decisions(store.id, "send", about, now)
        return None
    values = text_values(text, staying)
    this = sa.update(Message).where(Message.store_id == store.id, Message.id == due.id)
    credits = db.session.scalar(
        this.values(**values).returning(Message.credits).execution_options(synchronize_session=False)
    )
    reprice(store.id, due.id, credits, due.segments, text.segments, now)
    return replace(due, body=text.body, subject=text.subject, encoding=text.encoding, segments=text.segments)


def _set_apart(store: Store, due: Due, item: Item, verdict: Hold | Skip, now: datetime) -> None:
    """A message of its own for what may not go with the others."""
    text = text_of(store, due.channel, due.contact_id, due.id, [item], now)
    if isinstance(text, NoText):
        verdict = Skip(text.reason) if isinstance(verdict, Hold) else verdict
        text = Text(None, due.subject, due.body, due.encoding, due.segments)
    status, reason, until, credits = "suppressed", verdict.reason, now, None
    if isinstance(verdict, Hold):
        found = funds(store.id, store_settings(store), [(due.channel, text.segments)])
        status, until, credits = "held", verdict.until, found.credits[0]
        if found.short:
            reason, until = NO_CREDIT, now + ASK_AGAIN
    message = Message(
        store_id=store.id,
        reference=new_reference(now),
        kind=KIND,
        channel=due.channel,
        contact_id=due.contact_id,
        lane_id=due.lane_id,
        template_version_id=text.version_id,
        variant_id=item.variant.id,
        subject=text.subject,
        body=text.body,
        encoding=text.encoding,
        segments=text.segments,
        credits=credits,
        status=status,
        reason=reason,
        due_at=until,
        valid_until=until + ALERT_VALID,
        created_at=now,
    )
    db.session.add(message)
    db.session.flush()
    put_aside(store.id, [(message.id, credits)], now)
    record_new([message.id], now)
    give(store.id, [(item, message.id)])
    record_decisions(store.id, "send", [(item.request_id, item.restock_id, verdict, None)], now)
    if verdict.reason == "taken_back":  # a later restock may have passed them over because of this message
        tell_late(store, [Answered(item.request_id, item.variant.id, item.first_name, item.region_id)], now)
