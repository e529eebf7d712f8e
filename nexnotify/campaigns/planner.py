"""From recipients to messages: each is decided about, and gets a message or a reason, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from nexnotify.campaigns.items import Item, Named
from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.campaigns.texts import Texts, variant_of
from nexnotify.campaigns.told import not_owed, wait_again, who_was_told
from nexnotify.campaigns.waitlist import told_since
from nexnotify.customers.consent import may_be_sent_marketing
from nexnotify.customers.models import Contact, Customer
from nexnotify.customers.service import ERASED
from nexnotify.db import db
from nexnotify.gateways.models import Lane
from nexnotify.gateways.service import lane_for_new
from nexnotify.ledger.bulk import NewMessage, write_messages
from nexnotify.ledger.links import write_links
from nexnotify.ledger.planning.facts import GOING, recent_messages, store_policy
from nexnotify.ledger.planning.whereabouts import of_contacts
from nexnotify.orders.models import Order, Ticket
from nexnotify.policy.eligibility import Facts, Hold, Skip, Verdict, decide_sent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest

#: Recipients decided about in one transaction.
CHUNK = 1000
#: A text to many is worth something for this long: a slow sender may need days for all of them.
VALID = timedelta(days=3)


class _Person(NamedTuple):
    recipient_id: int
    contact_id: int | None
    channel: str | None
    opted_out: bool
    reachable: bool
    unreachable_reason: str | None
    first_name: str | None
    last_name: str | None
    request_id: int | None
    #: The name with which they asked: a correction calls them what the message before it did.
    asked_as: str | None


_recipient, _contact = SendRecipient.__table__, Contact.__table__
_customer, _order, _ticket = Customer.__table__, Order.__table__, Ticket.__table__
_request = AlertRequest.__table__


def _joined(table: sa.Table, column: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.store_id == _recipient.c.store_id, table.c.id == _recipient.c[column])


_NEXT: Any = (
    sa.select(
        _recipient.c.id,
        _recipient.c.contact_id,
        _contact.c.channel,
        _contact.c.opted_out_at.is_not(None),
        _contact.c.unreachable_at.is_(None),
        _contact.c.unreachable_reason,
        sa.func.coalesce(_order.c.first_name, _ticket.c.first_name, _customer.c.first_name),
        sa.func.coalesce(_order.c.last_name, _ticket.c.last_name, _customer.c.last_name),
        _recipient.c.request_id,
        _request.c.first_name,
    )
    .outerjoin(_contact, _joined(_contact, "contact_id"))
    .outerjoin(_order, _joined(_order, "order_id"))
    .outerjoin(_ticket, _joined(_ticket, "ticket_id"))
    .outerjoin(_customer, _joined(_customer, "customer_id"))
    .outerjoin(_request, _joined(_request, "request_id"))
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


class _Going(NamedTuple):
    recipient_id: int
    message: NewMessage
    item: Item | None
    #: Of its short link.
    code: str | None


class _Way:
    """One channel of a send: its lane, its words, and the pace at which they are due."""

    def __init__(self, store: Store, send: Send, channel: str, now: datetime) -> None:
        self.channel, self.lane_id = channel, lane_for_new(store, channel)
        self.texts = Texts(store, send, channel=channel)
        self.pace = _Pace(send, self.lane_id, now)
        self.going: list[_Going] = []


def _plan(send: Send, people: Sequence[_Person], now: datetime) -> None:
    store = db.session.get_one(Store, send.store_id)
    channels = {person.channel or "sms" for person in people}
    ways = {channel: _Way(store, send, channel, now) for channel in sorted(channels)}
    asked = {person.contact_id: person.request_id for person in people if person.contact_id is not None}
    told = who_was_told(send, list(asked)) if send.restock_id is not None else None
    names_item = any(way.texts.names_item for way in ways.values())
    named = Named(store, send, asked) if names_item else None
    decide = _decider(send, store, people, now, named, told)
    variant_id = variant_of(send).id if send.restock_id is not None else None
    left: list[tuple[int, str]] = []
    verdicts: dict[int, Verdict] = {}
    for person in people:
        way, text = ways[person.channel or "sms"], None
        verdict = decide(person)
        item = named.of(person.contact_id) if named else None
        if not isinstance(verdict, Skip):
            if way.lane_id is None or person.contact_id is None:
                verdict = Skip("no_gateway")
            else:
                variant = item.variant if item else None
                first_name = person.first_name or (person.asked_as if told is not None else None)
                text = way.texts.text(first_name, person.last_name, person.contact_id, variant)
                verdict = verdict if text else Skip("no_text")
        if person.contact_id is not None:
            verdicts[person.contact_id] = verdict
        if isinstance(verdict, Skip) or text is None or person.contact_id is None:
            left.append((person.recipient_id, verdict.reason))
            continue
        due = way.pace.next(text.segments)
        held = verdict.reason if isinstance(verdict, Hold) else None
        if isinstance(verdict, Hold):
            due = verdict.until + (due - now)
        text, code = way.texts.own_link(text)
        about = item.variant.id if item else variant_id
        message = NewMessage(person.contact_id, text, due, due + VALID, held, about)
        way.going.append(_Going(person.recipient_id, message, item, code))
    if told is not None:
        # Before the credits are locked, as everybody does who changes requests.
        wait_again(send, told, verdicts, now)
    written = _write(store, send, list(ways.values()), left, now)
    if named is not None:
        named.take([(one.item, id) for one, id in written if one.item is not None])
    send.paced_at = max(way.pace.at for way in ways.values())


def _write(
    store: Store, send: Send, ways: Sequence[_Way], left: Sequence[tuple[int, str]], now: datetime
) -> Sequence[tuple[_Going, int]]:
    """:returns: those who are going, each with the id of their message."""
    written: list[tuple[_Going, int]] = []
    for way in ways:
        if way.lane_id is None:
            continue
        messages = [one.message for one in way.going]
        # What is to one person about their own order does not wait behind what is to many.
        more: Any = {"express": send.purpose == "transactional", "channel": way.channel}
        ids = write_messages(store, send.kind, way.lane_id, send.template_version_id, messages, now, **more)
        send.segments += sum(message.text.segments for message in messages) if way.channel == "sms" else 0
        written += zip(way.going, ids, strict=True)
    write_links(store.id, [(one.code, id, one.item.variant.id) for one, id in written if one.code and one.item])
    decided: list[dict[str, int | str | None]] = [
        _decided(one.recipient_id, message_id=id, request_id=one.item.request_id if one.item else None)
        for one, id in written
    ]
    decided += [_decided(recipient_id, reason=reason) for recipient_id, reason in left]
    db.session.connection().execute(_DECIDED, decided)
    return written


def _decided(
    recipient_id: int, *, message_id: int | None = None, request_id: int | None = None, reason: str | None = None
) -> dict[str, int | str | None]:
    return {"b_id": recipient_id, "b_message": message_id, "b_request": request_id, "b_reason": reason}


def _decider(
    send: Send,
    store: Store,
    people: Sequence[_Person],
    now: datetime,
    named: Named | None,
    owed: Mapping[int, Mapping[int, bool]] | None,
) -> Callable[[_Person], Verdict]:
    """The rule, asked once for all people with the same facts.

    :param named: what they are told of, where the words say it.
    :param owed: of a correction, what each contact was told (:func:`who_was_told`).
    """
    settings = store_settings(store)
    policy, purpose = store_policy(settings), send.purpose
    contact_ids = [person.contact_id for person in people if person.contact_id is not None]
    marketing = purpose == "marketing"
    willing = may_be_sent_marketing(send.store_id, contact_ids) if send.needs_opt_in else frozenset(contact_ids)
    recent = recent_messages(send.store_id, contact_ids if marketing else [], settings, now, GOING).counted
    places = of_contacts(contact_ids) if purpose != "transactional" and settings.quiet_hours else {}
    told = told_since(send, [person.request_id for person in people if person.request_id is not None])
    known: dict[tuple[object, ...], Verdict] = {}

    def decide(person: _Person) -> Verdict:
        if named is None and person.request_id in told:
            return Skip("told_already")
        if person.contact_id is None:
            return Skip("no_number")
        if person.unreachable_reason == ERASED:
            return Skip(ERASED)
        if owed is not None and (nothing := not_owed(owed.get(person.contact_id, {}))):
            return nothing
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
