"""Messages: what went out, what did not, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from sqlalchemy.orm import joinedload

from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.catalog.models import Variant
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.customers.service import search_contacts
from nexnotify.db import transaction
from nexnotify.dispatch import merchant
from nexnotify.ledger.models import Message
from nexnotify.ledger.transitions import STATUSES
from nexnotify.nudge import nudge
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.reports.exports.messages import OF_SEND, STATUSES_OF
from nexnotify.reports.holds import hold_words
from nexnotify.reports.message import advice, story_of
from nexnotify.reports.periods import PERIODS, begin_of
from nexnotify.reports.words import KINDS
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.filters import asked, chosen, period_options, since
from nexnotify.web.admin.live import BUSY, IDLE, is_moving, live_page
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import MAX_ID, few, keyset
from nexnotify.words import N_

bp = Blueprint("admin_messages", __name__)
bp.before_request(staff_guard)

#: Kinds that this version sends, for the filter.
_SENT_KINDS = (
    "back_in_stock",
    "reminder",
    "confirmation",
    "double_opt_in",
    "change",
    "renewal",
    "order",
    "ticket",
    "bulk",
    "correction",
    "merchant",
    "keyword_reply",
    "test",
)


@bp.get("")
def index() -> ResponseReturnValue:
    """Messages, newest first, by status, kind, day and address."""
    store, send = current_store(), _asked_send()
    status, kind, made = (request.args.get("status", ""), chosen("kind", KINDS), chosen("made", PERIODS))
    search = asked("q")
    shown: Any = (
        sa.select(Message, Contact, Variant)
        .options(joinedload(Variant.product))
        .join(Contact, sa.and_(Contact.store_id == Message.store_id, Contact.id == Message.contact_id))
        .outerjoin(Variant, sa.and_(Variant.store_id == Message.store_id, Variant.id == Message.variant_id))
    )
    problem, ways = None, []
    try:
        ways = _ways(store, search, STATUSES_OF.get(status, ()), kind, begin_of(made, store.zone), send)
    except (InvalidPhone, InvalidEmail) as error:
        problem = str(error)
    page, now = keyset(shown, ways, count=send is None), utcnow()
    moving = any(is_moving(row[0], now) for row in page.rows)
    return live_page(
        "admin/messages/index.html",
        "admin/messages/_list.html",
        None if page.prev_url else BUSY if moving else IDLE,  # nothing new comes onto older pages
        page=page,
        status=status,
        kind=kind,
        made=made,
        periods=period_options(N_("Made at any time")),
        q=search,
        problem=problem,
        kinds=_SENT_KINDS,
        send=send,
    )


def _ways(
    store: Store, search: str, statuses: Sequence[str], kind: str, begin: datetime | None, send: Send | None
) -> list[Any]:
    """How the list's rows are found, in the order of their ids.

    :raises InvalidPhone: digits that are no number.
    :raises InvalidEmail: not an email address.
    """
    mine: Any = Message.store_id == store.id
    recent = since(Message, Message.created_at, begin)
    kept = [*recent, *([Message.status.in_(statuses)] if statuses else []), *([Message.kind == kind] if kind else [])]
    if search:
        found = sa.select(Message.id).where(mine, Message.contact_id.in_(search_contacts(store, search)))
        way: Any = few(Message, found, *kept)
        return [way if send is None else way.join(SendRecipient, OF_SEND).where(SendRecipient.send_id == send.id)]
    if send is not None:  # by the index that has the messages of one send in their order
        way = sa.select(SendRecipient.message_id).where(
            SendRecipient.store_id == store.id, SendRecipient.send_id == send.id, SendRecipient.message_id.is_not(None)
        )
        return [way.join(Message, OF_SEND).where(*kept) if kept else way]
    way = sa.select(Message.id).where(mine, *recent)
    if kind:  # the index by kind has the statuses behind it
        way = way.where(Message.kind == kind)
        return [way.where(Message.status == name) for name in statuses or STATUSES]
    return [way.where(Message.status == name) for name in statuses] or [way]


def _asked_send() -> Send | None:
    """The send whose messages alone are asked for."""
    number = request.args.get("send", type=int)
    return load(Send, number) if number is not None and 0 <= number <= MAX_ID else None


@bp.get("/<int:message_id>")
def message(message_id: int) -> ResponseReturnValue:
    """One message: its text, its history, and what can be done."""
    told = story_of(load(Message, message_id))
    return live_page(
        "admin/messages/message.html",
        "admin/messages/_message.html",
        BUSY if is_moving(told.message, utcnow()) else None,
        story=told,
        message=told.message,
        contact=told.contact,
        advice=advice(told.message, told.gateway),
        status_words=STATUSES,
        hold_words=hold_words,
        left=merchant.LEFT,
    )


@bp.post("/<int:message_id>/send-again")
def send_again(message_id: int) -> ResponseReturnValue:
    """An uncertain message: the merchant has looked and says that it did not go out."""
    require("admin")
    load(Message, message_id)
    now = utcnow()
    with transaction():
        done = merchant.send_again(load(Message, message_id, lock=True), now)
        if done:
            audit(current_store(), "message.sent_again", current_user.id, now, message=message_id)
    nudge("send")
    _flash(done, N_("It is sent again."))
    return redirect(url_for("admin_messages.message", message_id=message_id))


@bp.post("/<int:message_id>/leave")
def leave(message_id: int) -> ResponseReturnValue:
    """An uncertain message: the merchant says to let it be."""
    require("admin")
    load(Message, message_id)
    now = utcnow()
    with transaction():
        done = merchant.leave(load(Message, message_id, lock=True), now)
        if done:
            audit(current_store(), "message.left", current_user.id, now, message=message_id)
    _flash(done, N_("It stays as it is. A late receipt still changes it."))
    return redirect(url_for("admin_messages.message", message_id=message_id))


def _flash(done: bool, words: str) -> None:
    if done:
        flash(words, "success")
    else:
        flash(N_("It has changed meanwhile; nothing was done."), "warning")
