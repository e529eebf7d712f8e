"""Sends that were confirmed: the list, how one goes, who was left out, and how it is taken back or stopped."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from sqlalchemy.orm import aliased

from nexnotify.campaigns import service
from nexnotify.campaigns.models import STATES, Send, SendRecipient
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact, Customer
from nexnotify.db import db, transaction
from nexnotify.nudge import nudge
from nexnotify.orders.models import Order, Ticket
from nexnotify.reports.sends import going_of, left_out
from nexnotify.stores.models import StaffUser
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import current_store, may, requires
from nexnotify.web.admin.filters import chosen
from nexnotify.web.admin.live import BUSY, IDLE, live_page
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import keyset
from nexnotify.web.admin.sends.blueprint import TO_MANY, TO_ONE, audience_words, bp, load_own
from nexnotify.words import N_

#: Larger ones are counted less often.
LARGE = 20_000


@bp.get("")
def index() -> ResponseReturnValue:
    """Sends, newest first; drafts only for those who write them."""
    state = chosen("state", STATES)
    shown: Any = sa.select(Send, StaffUser.email).outerjoin(
        StaffUser, StaffUser.id == sa.func.coalesce(Send.confirmed_by, Send.created_by)
    )
    mine = sa.select(Send.id).where(Send.store_id == current_store().id)
    seen = [name for name in STATES if name != "draft" or may(TO_ONE)]
    ways = [mine.where(Send.state == name) for name in seen if not state or name == state]
    return render_template(
        "admin/sends/index.html",
        page=keyset(shown, ways),
        state=state,
        states=STATES,
        audience=audience_words,
    )


@bp.get("/<int:send_id>")
def show(send_id: int) -> ResponseReturnValue:
    """One send: how it goes, and what came of it."""
    send, now = load(Send, send_id), utcnow()
    if send.state == "draft" and _is_mine(send):
        return redirect(url_for("admin_sends.write", send_id=send_id))
    going = going_of(send)
    is_moving = send.state in ("scheduled", "sending") or send.work_at is not None
    seconds = int((send.starts_at - now).total_seconds()) + 1 if send.starts_at and send.starts_at > now else 0
    pace = 1 if 0 < seconds < 60 else IDLE if send.recipients > LARGE else BUSY
    return live_page(
        "admin/sends/show.html",
        "admin/sends/_progress.html",
        pace if is_moving else None,
        send=send,
        going=going,
        seconds=seconds if send.state == "scheduled" else 0,
        words=audience_words(send),
        people=_people(send),
        mine=_is_mine(send),
        meanings=STATES,
    )


def _is_mine(send: Send) -> bool:
    """Whether this person may write, take back and stop it."""
    return may(TO_ONE if send.is_to_one else TO_MANY)


def _people(send: Send) -> dict[str, str]:
    """Who confirmed and who ended it."""
    ids = [user_id for user_id in (send.created_by, send.confirmed_by, send.ended_by) if user_id is not None]
    found = {row.id: row.email for row in db.session.scalars(sa.select(StaffUser).where(StaffUser.id.in_(ids)))}
    named = {"created": send.created_by, "confirmed": send.confirmed_by, "ended": send.ended_by}
    return {name: found.get(user_id or 0, "") for name, user_id in named.items()}


@bp.get("/<int:send_id>/left-out")
def left(send_id: int) -> ResponseReturnValue:
    """Who got nothing, and why."""
    send, reason = load(Send, send_id), request.args.get("reason", "")
    recipient: Any = SendRecipient
    contact, customer = aliased(Contact), aliased(Customer)
    shown: Any = (
        sa.select(recipient, contact, customer, Order.external_id, Ticket.subject)
        .outerjoin(contact, sa.and_(contact.store_id == send.store_id, contact.id == recipient.contact_id))
        .outerjoin(customer, sa.and_(customer.store_id == send.store_id, customer.id == recipient.customer_id))
        .outerjoin(Order, sa.and_(Order.store_id == send.store_id, Order.id == recipient.order_id))
        .outerjoin(Ticket, sa.and_(Ticket.store_id == send.store_id, Ticket.id == recipient.ticket_id))
    )
    counts = left_out(send)
    mine = sa.select(recipient.id).where(recipient.store_id == send.store_id, recipient.send_id == send.id)
    ways = [mine.where(recipient.reason == name) for name in counts if reason not in counts or name == reason]
    return render_template(
        "admin/sends/left.html",
        send=send,
        page=keyset(shown, ways),
        counts=counts,
        reason=reason if reason in counts else "",
        words=audience_words(send),
    )


@bp.post("/<int:send_id>/undo")
@requires(TO_ONE)
def undo(send_id: int) -> ResponseReturnValue:
    """Take all of it back, and go on writing."""
    send, now = load_own(send_id), utcnow()
    with transaction():
        done = service.take_back(load_own(send_id, lock=True), current_user.id, now)
        if done:
            audit(current_store(), "send.taken_back", current_user.id, now, to=audience_words(send))
            copy = None if send.restock_id else service.copy_draft(load_own(send_id), current_user.id, now)
    if not done:
        flash(N_("It has begun already. You can still stop the rest."), "warning")
        return redirect(url_for("admin_sends.show", send_id=send_id))
    flash(N_("Taken back: nobody got anything. Here is the text again."), "success")
    if copy is None:
        return redirect(url_for("admin_corrections.write", restock_id=send.restock_id))
    return redirect(url_for("admin_sends.write", send_id=copy.id))


@bp.post("/<int:send_id>/now")
@requires(TO_ONE)
def hurry(send_id: int) -> ResponseReturnValue:
    """Do not wait for its time."""
    send, now = load_own(send_id), utcnow()
    with transaction():
        if service.hurry(load_own(send_id, lock=True), now):
            audit(current_store(), "send.hurried", current_user.id, now, to=audience_words(send))
    nudge("campaigns")
    return redirect(url_for("admin_sends.show", send_id=send_id))


@bp.post("/<int:send_id>/pause")
@requires(TO_ONE)
def pause(send_id: int) -> ResponseReturnValue:
    """Let the rest wait."""
    now = utcnow()
    with transaction():
        send = load_own(send_id, lock=True)
        if service.pause(send):
            audit(current_store(), "send.paused", current_user.id, now, to=audience_words(send))
    return redirect(url_for("admin_sends.show", send_id=send_id))


@bp.post("/<int:send_id>/resume")
@requires(TO_ONE)
def resume(send_id: int) -> ResponseReturnValue:
    """Go on with the rest."""
    now = utcnow()
    with transaction():
        send = load_own(send_id, lock=True)
        if service.resume(send, now):
            audit(current_store(), "send.resumed", current_user.id, now, to=audience_words(send))
    nudge("campaigns")
    return redirect(url_for("admin_sends.show", send_id=send_id))


@bp.post("/<int:send_id>/stop")
@requires(TO_ONE)
def stop(send_id: int) -> ResponseReturnValue:
    """Cancel the rest."""
    send, now = load_own(send_id), utcnow()
    with transaction():
        done = service.stop(load_own(send_id, lock=True), current_user.id, now)
        if done:
            audit(current_store(), "send.stopped", current_user.id, now, to=audience_words(send))
    nudge("campaigns")
    if done:
        flash(N_("Stopped: what the gateway does not have yet does not go."), "success")
    else:
        flash(N_("There was nothing left to stop."), "warning")
    return redirect(url_for("admin_sends.show", send_id=send_id))
