"""Tickets in and out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import jsonify, request
from flask.typing import ResponseReturnValue

from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.nudge import nudge
from nexnotify.orders.models import Ticket, TicketMessage
from nexnotify.orders.people import people_of
from nexnotify.orders.tickets import TicketData, TicketMessageData, take_ticket
from nexnotify.web.bulk import bulk
from nexnotify.web.guards import the_store
from nexnotify.web.order_payloads import TicketPayload
from nexnotify.web.payloads import moment, next_address, page_of, refuse_unknown_filters
from nexnotify.web.storefront import blueprint
from nexnotify.web.storefront.orders import person_row


@blueprint.post("/tickets")
def post_tickets() -> ResponseReturnValue:
    """Make tickets or add messages to them; a message that is known changes nothing."""
    store, now = the_store(), utcnow()

    def save(row: TicketPayload) -> dict[str, Any]:
        messages = [TicketMessageData(item.id, item.author, item.text, item.at) for item in row.messages]
        data = TicketData(row.id, row.person(store), row.subject, messages, row.notify)
        return {"id": take_ticket(store, data, now).external_id}

    answer, saved = bulk("tickets", TicketPayload, save, lock_order=lambda row: (row.id,))
    nudge("notices")
    return jsonify({**answer, "tickets": [{"index": index, **ticket} for index, ticket in saved]})


@blueprint.get("/tickets")
def get_tickets() -> ResponseReturnValue:
    """Tickets with their messages, the latest told first, by ``id`` and ``customer_id``."""
    refuse_unknown_filters(("id", "customer_id"))
    store, (after, limit) = the_store(), page_of("after")
    statement = sa.select(Ticket).where(Ticket.store_id == store.id)
    for column, name in ((Ticket.external_id, "id"), (Ticket.customer_ref, "customer_id")):
        if (wanted := request.args.get(name)) is not None:
            statement = statement.where(column == wanted)
    if after is not None:
        statement = statement.where(Ticket.id < after)
    rows = db.session.scalars(statement.order_by(Ticket.id.desc()).limit(limit + 1)).all()
    page = rows[:limit]
    people, messages = people_of(list(page)), _messages(store.id, page)
    found = [
        {
            "id": ticket.external_id,
            "subject": ticket.subject,
            **person_row(ticket.customer_ref, people[ticket.id]),
            "messages": [_message(message) for message in messages[ticket.id]],
        }
        for ticket in page
    ]
    return jsonify(tickets=found, next=next_address(page[-1].id if len(rows) > limit else None))


def _messages(store_id: int, tickets: Sequence[Ticket]) -> defaultdict[int, list[TicketMessage]]:
    by_ticket: defaultdict[int, list[TicketMessage]] = defaultdict(list)
    statement = sa.select(TicketMessage).where(
        TicketMessage.store_id == store_id, TicketMessage.ticket_id.in_([ticket.id for ticket in tickets])
    )
    for message in db.session.scalars(statement.order_by(TicketMessage.at, TicketMessage.id)):
        by_ticket[message.ticket_id].append(message)
    return by_ticket


def _message(message: TicketMessage) -> dict[str, Any]:
    return {"id": message.external_id, "from": message.author, "text": message.text, "at": moment(message.at)}
