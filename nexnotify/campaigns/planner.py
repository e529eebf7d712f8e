"""From recipients to messages: each is decided about, and gets a message or a reason, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.campaigns.texts import Texts
from nexnotify.campaigns.waitlist import told_since
from nexnotify.customers.consent import may_be_sent_marketing
from nexnotify.customers.models import Contact, Customer
from nexnotify.customers.service import ERASED
from nexnotify.db import db
from nexnotify.gateways.models import Lane
from nexnotify.gateways.service import lane_for_new
from nexnotify.ledger.bulk import NewMessage, write_messages
from nexnotify.ledger.facts import GOING, recent_messages, store_policy
from nexnotify.ledger.whereabouts import of_contacts
from nexnotify.orders.models import Order, Ticket
from nexnotify.policy.eligibility import Facts, Hold, Skip, Verdict, decide_sent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

#: Recipients decided about in one transaction.
CHUNK = 1000
#: A text to many is worth something for this long: a slow sender may need days for all of them.
VALID = timedelta(days=3)


class _Person(NamedTuple):
    recipient_id: int
    contact_id: int | None
    opted_out: bool
    reachable: bool
    unreachable_reason: str | None
    first_name: str | None
    last_name: str | None
    request_id: int | None


_recipient, _contact = SendRecipient.__table__, Contact.__table__
_customer, _order, _ticket = Customer.__table__, Order.__table__, Ticket.__table__


def _joined(table: sa.Table, column: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.store_id == _recipient.c.store_id, table.c.id == _recipient.c[column])


_NEXT = (
    sa.select(
        _recipient.c.id,
        _recipient.c.contact_id,
        _contact.c.opted_out_at.is_not(None),
        _contact.c.unreachable_at.is_(None),
        _contact.c.unreachable_reason,
        sa.func.coalesce(_order.c.first_name, _ticket.c.first_name, _customer.c.first_name),
        sa.func.coalesce(_order.c.last_name, _ticket.c.last_name, _customer.c.last_name),
        _recipient.c.request_id,
    )
    .outerjoin(_contact, _joined(_contact, "contact_id"))
    .outerjoin(_order, _joined(_order, "order_id"))
    .outerjoin(_ticket, _joined(_ticket, "ticket_id"))
    .outerjoin(_customer, _joined(_customer, "customer_id"))
    .where(
        _recipient.c.store_id == sa.bindparam("store_id"),
        _recipient.c.send_id == sa.bindparam("send_id"),
        _recipient.c.id > sa.bindparam("after"),
    )
    .order_by(_recipient.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_DECIDED = (
    sa.update(_recipient)
    .where(_recipient.c.id == sa.bindparam("b_id"))
    .values(message_id=sa.bindparam("b_message"), reason=sa.bindparam("b_reason"))
)


def plan_some(send: Send, now: datetime) -> None:
    """Decide about the next recipients of a (locked, frozen) send. The send remembers how far it came."""
    where = {"store_id": send.store_id, "send_id": send.id, "after": send.cursor, "most": CHUNK}
    people = [_Person(*row) for row in db.session.connection().execute(_NEXT, where).all()]
    if people:
        _plan(send, people, now)
        send.cursor = people[-1].recipient_id
    if len(people) < CHUNK:
        send.planned_at, send.cursor = now, 0
    db.session.flush()


def _plan(send: Send, people: Sequence[_Person], now: datetime) -> None:
    store = db.session.get_one(Store, send.store_id)
    lane_id = lane_for_new(store, "sms")
    decide, texts = _decider(send, store, people, now), Texts(store, send)
    pace = _Pace(send, lane_id, now)
    going: list[tuple[int, NewMessage]] = []
    left: list[tuple[int, str]] = []
    for person in people:
        verdict, text = decide(person), None
        if not isinstance(verdict, Skip):
            if lane_id is None or person.contact_id is None:
                verdict = Skip("no_gateway")
            else:
                text = texts.text(person.first_name, person.last_name, person.contact_id)
                verdict = verdict if text else Skip("no_text")
        if isinstance(verdict, Skip) or text is None or person.contact_id is None:
            left.append((person.recipient_id, verdict.reason))
            continue
        due = pace.next(text.segments)
        held = verdict.reason if isinstance(verdict, Hold) else None
        if isinstance(verdict, Hold):
            due = verdict.until + (due - now)
        going.append((person.recipient_id, NewMessage(person.contact_id, text, due, due + VALID, held)))
    _write(store, send, lane_id, going, left, now)
    send.paced_at = pace.at


def _write(
    store: Store,
    send: Send,
    lane_id: int | None,
    going: Sequence[tuple[int, NewMessage]],
    left: Sequence[tuple[int, str]],
    now: datetime,
) -> None:
    ids: Sequence[int] = ()
    if lane_id is not None:
        messages = [message for _, message in going]
        # What is to one person about their own order does not wait behind what is to many.
        express = send.purpose == "transactional"
        version = send.template_version_id
        ids = write_messages(store, send.kind, lane_id, version, messages, now, express=express)
        send.segments += sum(message.text.segments for message in messages)
    decided: list[dict[str, int | str | None]] = [
        {"b_id": recipient_id, "b_message": message_id, "b_reason": None}
        for (recipient_id, _), message_id in zip(going, ids, strict=True)
    ]
    decided += [{"b_id": recipient_id, "b_message": None, "b_reason": reason} for recipient_id, reason in left]
    db.session.connection().execute(_DECIDED, decided)


def _decider(send: Send, store: Store, people: Sequence[_Person], now: datetime) -> Callable[[_Person], Verdict]:
    """The rule, asked once for all people with the same facts."""
    settings = store_settings(store)
    policy, purpose = store_policy(settings), send.purpose
    contact_ids = [person.contact_id for person in people if person.contact_id is not None]
    marketing = purpose == "marketing"
    willing = may_be_sent_marketing(send.store_id, contact_ids) if marketing else frozenset(contact_ids)
    recent = recent_messages(send.store_id, contact_ids if marketing else [], settings, now, GOING).counted
    places = of_contacts(contact_ids) if marketing and settings.quiet_hours else {}
    told = told_since(send, [person.request_id for person in people if person.request_id is not None])
    known: dict[tuple[object, ...], Verdict] = {}

    def decide(person: _Person) -> Verdict:
        if person.request_id in told:
            return Skip("told_already")
        if person.contact_id is None:
            return Skip("no_number")
        if person.unreachable_reason == ERASED:
            return Skip(ERASED)
        had, willing_to = recent[person.contact_id], person.contact_id in willing
        where = places.get(person.contact_id)
        key = (person.opted_out, person.reachable, willing_to, where, *had)
        if key not in known:
            facts = Facts(
                consent=willing_to, opted_out=person.opted_out, reachable=person.reachable, recent=had, known=where
            )
            known[key] = decide_sent(facts, purpose, policy, now)
        return known[key]

    return decide


class _Pace:
    """The moments for which texts are due: as fast as the lane carries them, so that alerts come in between."""

    def __init__(self, send: Send, lane_id: int | None, now: datetime) -> None:
        rate = db.session.scalar(sa.select(Lane.rate).where(Lane.id == lane_id)) if lane_id is not None else 0
        self.at = max(send.paced_at or now, now)
        self._part = timedelta(seconds=1 / rate) if rate else None

    def next(self, segments: int) -> datetime:
        """When a text of so many segments is due."""
        due = self.at
        if self._part is not None:
            self.at += self._part * segments
        return due
