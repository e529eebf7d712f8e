"""From recipients to messages: each is decided about, and gets a message or a reason, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from nexnotify.campaigns.items import Item, Named
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
from nexnotify.ledger.links import write_links
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
    .values(
        message_id=sa.bindparam("b_message"),
        # The one that the text names, of all that brought them here.
        request_id=sa.func.coalesce(sa.bindparam("b_request"), _recipient.c.request_id),
        reason=sa.bindparam("b_reason"),
    )
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
    texts = Texts(store, send)
    asked = {person.contact_id: person.request_id for person in people if person.contact_id is not None}
    named = Named(store, send, asked) if texts.names_item else None
    decide, pace = _decider(send, store, people, now, named), _Pace(send, lane_id, now)
    going: list[_Going] = []
    left: list[tuple[int, str]] = []
    for person in people:
        verdict, text = decide(person), None
        item = named.of(person.contact_id) if named else None
        if not isinstance(verdict, Skip):
            if lane_id is None or person.contact_id is None:
                verdict = Skip("no_gateway")
            else:
                variant = item.variant if item else None
                text = texts.text(person.first_name, person.last_name, person.contact_id, variant)
                verdict = verdict if text else Skip("no_text")
        if isinstance(verdict, Skip) or text is None or person.contact_id is None:
            left.append((person.recipient_id, verdict.reason))
            continue
        due = pace.next(text.segments)
        held = verdict.reason if isinstance(verdict, Hold) else None
        if isinstance(verdict, Hold):
            due = verdict.until + (due - now)
        text, code = texts.own_link(text)
        message = NewMessage(person.contact_id, text, due, due + VALID, held, item.variant.id if item else None)
        going.append(_Going(person.recipient_id, message, item, code))
    ids = _write(store, send, lane_id, going, left, now)
    if named is not None:
        named.take([(one.item, id) for one, id in zip(going, ids, strict=True) if one.item is not None])
    send.paced_at = pace.at


class _Going(NamedTuple):
    recipient_id: int
    message: NewMessage
    item: Item | None
    #: Of its short link.
    code: str | None


def _write(
    store: Store,
    send: Send,
    lane_id: int | None,
    going: Sequence[_Going],
    left: Sequence[tuple[int, str]],
    now: datetime,
) -> Sequence[int]:
    """:returns: the ids of the messages, in the order of those who are going."""
    ids: Sequence[int] = ()
    if lane_id is not None:
        messages = [one.message for one in going]
        # What is to one person about their own order does not wait behind what is to many.
        express = send.purpose == "transactional"
        version = send.template_version_id
        ids = write_messages(store, send.kind, lane_id, version, messages, now, express=express)
        send.segments += sum(message.text.segments for message in messages)
    links = [(one.code, id, one.item.variant.id) for one, id in zip(going, ids, strict=True) if one.code and one.item]
    write_links(store.id, links)
    decided: list[dict[str, int | str | None]] = [
        _decided(one.recipient_id, message_id=id, request_id=one.item.request_id if one.item else None)
        for one, id in zip(going, ids, strict=True)
    ]
    decided += [_decided(recipient_id, reason=reason) for recipient_id, reason in left]
    db.session.connection().execute(_DECIDED, decided)
    return ids


def _decided(
    recipient_id: int, *, message_id: int | None = None, request_id: int | None = None, reason: str | None = None
) -> dict[str, int | str | None]:
    return {"b_id": recipient_id, "b_message": message_id, "b_request": request_id, "b_reason": reason}


def _decider(
    send: Send, store: Store, people: Sequence[_Person], now: datetime, named: Named | None
) -> Callable[[_Person], Verdict]:
    """The rule, asked once for all people with the same facts.

    :param named: what they are told of, where the words say it.
    """
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
        if named is None and person.request_id in told:
            return Skip("told_already")
        if person.contact_id is None:
            return Skip("no_number")
        if person.unreachable_reason == ERASED:
            return Skip(ERASED)
        if named is not None and (refusal := named.refusal(person.contact_id)) is not None:
            return refusal
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
