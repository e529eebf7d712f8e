"""Tickets as the storefront's help desk told them: to read, not to answer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from nexnotify.db import db
from nexnotify.orders.models import AUTHORS, Ticket, TicketMessage
from nexnotify.orders.people import people_of, person_of
from nexnotify.orders.search import found
from nexnotify.reports.orders import told_of_ticket
from nexnotify.stores.settings import store_settings
from nexnotify.web.admin.access import current_store, staff_guard
from nexnotify.web.admin.filters import asked, chosen
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import few, keyset
from nexnotify.web.admin.sorting import By, asked_sorting
from nexnotify.words import N_

bp = Blueprint("admin_tickets", __name__)
bp.before_request(staff_guard)


SORTED_BY = {"changed": By(Ticket.updated_at, N_("Longest quiet first"), N_("Latest news first"))}


@bp.get("")
def index() -> ResponseReturnValue:
    """Tickets by who opened them, and by number, phone number or email."""
    store, search, opened = current_store(), asked("q"), chosen("opened", AUTHORS)
    kept = [Ticket.opened_by == opened] if opened else []
    if search:
        way = few(Ticket, sa.union_all(*found(store, search, Ticket)), *kept)
    else:
        way = sa.select(Ticket.id).where(Ticket.store_id == store.id, *kept)
    page = keyset(sa.select(Ticket), way, asked_sorting(SORTED_BY))
    tickets = [row[0] for row in page.rows]
    counts = db.session.execute(
        sa.select(TicketMessage.ticket_id, TicketMessage.author, sa.func.count(), sa.func.max(TicketMessage.at))
        .where(TicketMessage.store_id == store.id, TicketMessage.ticket_id.in_([ticket.id for ticket in tickets]))
        .group_by(TicketMessage.ticket_id, TicketMessage.author)
    ).all()
    written: dict[int, dict[str, tuple[int, Any]]] = {ticket.id: {} for ticket in tickets}
    for ticket_id, author, count, latest in counts:
        written[ticket_id][author] = (count, latest)
    people = people_of(tickets)
    return render_template(
        "admin/tickets/index.html", page=page, people=people, written=written, q=search, opened=opened
    )


@bp.get("/<int:ticket_id>")
def ticket(ticket_id: int) -> ResponseReturnValue:
    """One ticket: what both sides wrote, and what was texted."""
    item = load(Ticket, ticket_id)
    messages = db.session.scalars(
        sa.select(TicketMessage)
        .where(TicketMessage.store_id == item.store_id, TicketMessage.ticket_id == item.id)
        .order_by(TicketMessage.at, TicketMessage.id)
    ).all()
    return render_template(
        "admin/tickets/ticket.html",
        ticket=item,
        person=person_of(item),
        messages=messages,
        told=told_of_ticket(item.store_id, item.id),
        texts_on=store_settings(current_store()).order_texts,
    )
