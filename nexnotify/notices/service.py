"""From events of orders and tickets to messages."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.content.models import MESSAGE_KINDS, Template
from nexnotify.content.service import active_templates, wording_of
from nexnotify.customers.models import Contact
from nexnotify.customers.service import find_or_make_contact
from nexnotify.db import db, insert_ignore
from nexnotify.ledger.answers import queue_notice
from nexnotify.ledger.values import price_text, stop_url
from nexnotify.notices.events import OF_TICKETS, is_to_merchant, may_tell, order_kinds
from nexnotify.notices.models import Notice
from nexnotify.orders.models import Order, OrderEvent, Ticket, TicketEvent
from nexnotify.orders.people import Person, person_of
from nexnotify.policy.eligibility import Skip
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

log = logging.getLogger(__name__)

#: Events looked at in one transaction.
BATCH = 50
#: Longest subject of a ticket that a text repeats, in characters.
SUBJECT = 60


@dataclass(frozen=True, slots=True)
class _Story:
    """An event, and all that its templates may say."""

    event: OrderEvent | TicketEvent
    kinds: tuple[str, ...]
    person: Person
    values: dict[str, str | None]


def has_unseen_events() -> bool:
    """Whether any event waits to be looked at."""
    return any(
        db.session.scalar(sa.select(model.id).where(model.seen_at.is_(None)).limit(1)) is not None
        for model in (OrderEvent, TicketEvent)
    )


def write_notices(now: datetime) -> int:
    """Look at the oldest events that nobody has looked at, and write the messages they call for.

    :returns: how many events were looked at; 0 when another worker has the rest.
    """
    orders, tickets = _unseen(OrderEvent), _unseen(TicketEvent)
    # By store, so that two workers lock the merchants' contacts in one order.
    for story in sorted(_stories(orders, tickets, now), key=lambda item: item.event.store_id):
        store = db.session.get_one(Store, story.event.store_id)
        try:
            with db.session.begin_nested():
                for kind in story.kinds:
                    _tell(store, story, kind, now)
        except (OperationalError, InterfaceError):
            raise  # the database, not the event
        except Exception:
            # One event's trouble must not keep the others' from being told, nor come again for ever.
            log.exception("cannot tell", extra={"store": store.id, "event": story.event.id})
    for event in (*orders, *tickets):
        event.seen_at = now
    db.session.flush()
    return len(orders) + len(tickets)


def _unseen(model: Any) -> list[Any]:
    """The oldest events not looked at, locked; those that another worker holds are left to it."""
    statement = sa.select(model).where(model.seen_at.is_(None)).order_by(model.id).limit(BATCH)
    return list(
        db.session.scalars(statement.with_for_update(skip_locked=True).execution_options(populate_existing=True))
    )


def _stories(orders: list[OrderEvent], tickets: list[TicketEvent], now: datetime) -> Iterator[_Story]:
    """What is to be told; one rule for both: too old, or not to be told, is only marked as seen."""
    for event in orders:
        if may_tell(event.notify, event.at, now):
            order = db.session.get_one(Order, event.order_id, populate_existing=True)
            values = {"ordernumber": order.external_id, "total": price_text(order.total, order.currency)}
            yield _Story(event, order_kinds(event.status, order.status), person_of(order), values)
    for answer in tickets:
        if may_tell(answer.notify, answer.at, now):
            ticket = db.session.get_one(Ticket, answer.ticket_id, populate_existing=True)
            yield _Story(answer, OF_TICKETS[answer.what], person_of(ticket), {"subject": _shortened(ticket.subject)})


def _shortened(subject: str) -> str:
    return subject if len(subject) <= SUBJECT else subject[: SUBJECT - 3].rstrip() + "..."


def _tell(store: Store, story: _Story, kind: str, now: datetime) -> None:
    """Write the message of every template of a kind that is switched on, where there is an address for it."""
    settings = store_settings(store)
    if not settings.order_texts:
        return
    for template in active_templates(store, kind):
        if is_to_merchant(kind):
            number = settings.merchant_number
            contact = find_or_make_contact(store, "sms", number, now) if number and template.channel == "sms" else None
        else:
            contact = story.person.contact(template.channel)
        if contact is not None:
            _tell_once(store, story, template, contact, now)


def _tell_once(store: Store, story: _Story, template: Template, contact: Contact, now: datetime) -> None:
    event = story.event
    key = "order_event_id" if isinstance(event, OrderEvent) else "ticket_event_id"
    names: dict[str, Any] = {"store_id": store.id, key: event.id, "template_id": template.id, "contact_id": contact.id}
    # The row comes first: where the database has it already, the message has been written.
    notice_id = db.session.scalar(insert_ignore(Notice).values(**names, at=now).returning(Notice.id))
    if notice_id is None:
        return
    person = story.person
    values = story.values | {
        "store": store.name,
        "firstname": person.first_name,
        "lastname": person.last_name,
        "fullname": person.full_name,
        "stop_url": stop_url(store.id, contact.id),
    }
    answer = queue_notice(store, contact, MESSAGE_KINDS[template.kind], wording_of(template), values, now)
    outcome = {"reason": answer.reason} if isinstance(answer, Skip) else {"message_id": answer}
    db.session.execute(
        sa.update(Notice).where(Notice.id == notice_id).values(**outcome).execution_options(synchronize_session=False)
    )
