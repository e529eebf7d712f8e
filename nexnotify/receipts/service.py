"""Callbacks: kept raw, answered at once; STOP works before the answer, receipts are applied by a step."""

from __future__ import annotations

import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.db import db
from nexnotify.gateways.contract import (
    BadCallback,
    BadSignature,
    CallbackRequest,
    Gateway,
    Inbound,
    Receipt,
    Received,
    Reply,
)
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import lane_of, open_gateway
from nexnotify.ledger.models import Message
from nexnotify.ledger.receiving import apply_receipt, find_message
from nexnotify.ledger.suppression import mind_refusal
from nexnotify.receipts.inbound import take_inbound
from nexnotify.receipts.models import Callback

log = logging.getLogger(__name__)

Kind = Literal["receipts", "inbound"]

#: A receipt that comes before we know the message waits this long, this often.
RETRY_EVERY = timedelta(seconds=20)
RETRIES = 30
BATCH = 200


def take_callback(instance: GatewayInstance, request: CallbackRequest, kind: Kind, now: datetime) -> Reply:
    """Keep a gateway's call and answer it. What it says about consent works at once, receipts are left to the step.

    A call that cannot be trusted or read is kept too, and refused.
    """
    gateway = open_gateway(instance)
    callback = _keep(instance, request, kind, now)
    try:
        received = gateway.receive(request, kind)
    except BadSignature:
        callback.processed_at, callback.outcome = now, "bad_signature"
        return Reply(403, "The signature does not match.")
    except BadCallback as error:
        callback.processed_at, callback.outcome = now, "unreadable"
        return Reply(400, str(error))
    except Exception as error:
        # Kept for the step, which tries again after the plugin has been mended; the provider tries again too.
        callback.outcome = "unreadable"
        return Reply(500, f"The gateway plugin failed with {type(error).__name__}.")
    inbound = [event for event in received.events if isinstance(event, Inbound)]
    for event in inbound:
        take_inbound(instance, gateway, event, now)
    if len(inbound) == len(received.events):
        callback.processed_at, callback.outcome = now, "applied" if inbound else "nothing"
    db.session.flush()
    return received.reply


def _keep(instance: GatewayInstance, request: CallbackRequest, kind: Kind, now: datetime) -> Callback:
    callback = Callback(
        store_id=instance.store_id,
        gateway_id=instance.id,
        kind=kind,
        raw=json.dumps(_pack(request)),
        received_at=now,
        retry_at=now,
    )
    db.session.add(callback)
    db.session.flush()
    return callback


def _pack(request: CallbackRequest) -> dict[str, Any]:
    packed = asdict(request)
    packed["headers"] = {name: value for name, value in request.headers.items() if name != "authorization"}
    packed["body"] = b64encode(request.body).decode()
    return packed


def _unpack(raw: str) -> CallbackRequest:
    packed = json.loads(raw)
    packed["body"] = b64decode(packed["body"])
    return CallbackRequest(**packed)


# --- the step ------------------------------------------------------------------------------------------------------


def apply_callbacks(now: datetime) -> int:
    """Apply the receipts of callbacks that wait, oldest first, in the caller's transaction.

    :returns: how many callbacks were looked at.
    """
    callbacks = db.session.scalars(
        sa.select(Callback)
        .where(sa.text("callback.processed_at IS NULL"), Callback.retry_at <= now)
        .order_by(Callback.retry_at, Callback.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    _lock_messages(callbacks)
    for callback in callbacks:
        outcome = _apply_safely(callback, now)
        callback.outcome, callback.tries = outcome, callback.tries + 1
        if outcome in ("unknown_message", "unreadable") and callback.tries < RETRIES:
            callback.retry_at = now + RETRY_EVERY
        else:
            callback.processed_at = now
    db.session.flush()
    return len(callbacks)


def has_open_callbacks(now: datetime) -> bool:
    """Whether the step has work."""
    statement = sa.select(Callback.id).where(sa.text("callback.processed_at IS NULL"), Callback.retry_at <= now)
    return db.session.scalar(statement.limit(1)) is not None


def _lock_messages(callbacks: Sequence[Callback]) -> None:
    """Lock the messages of these callbacks in one order: two workers with receipts for the same ones would lock up."""
    receipts = [receipt for callback in callbacks for receipt in _receipts(callback)]
    # What is not printable is no id of a message; one with a NUL the database would not even compare.
    references = [receipt.reference for receipt in receipts if (receipt.reference or "\0").isprintable()]
    ids = [receipt.gateway_id for receipt in receipts if (receipt.gateway_id or "\0").isprintable()]
    stores = {callback.store_id for callback in callbacks}
    if references or ids:
        db.session.execute(
            sa.select(Message.id)
            .where(
                Message.store_id.in_(stores),
                sa.or_(Message.reference.in_(references), Message.gateway_message_id.in_(ids)),
            )
            .order_by(Message.id)
            .with_for_update()
        ).all()


def _receipts(callback: Callback) -> list[Receipt]:
    try:
        received = _read_again(open_gateway(db.session.get_one(GatewayInstance, callback.gateway_id)), callback)
    except Exception:
        return []  # told apart where it is applied
    return [event for event in received.events if isinstance(event, Receipt)]


def _apply_safely(callback: Callback, now: datetime) -> str:
    """One callback that cannot be used (an id with a NUL in it, say) must not keep those behind it from being used."""
    try:
        with db.session.begin_nested():
            return _apply(callback, now)
    except (OperationalError, InterfaceError):
        raise  # the database, not the callback
    except Exception:
        log.exception("callback cannot be applied", extra={"callback": callback.id})
        return "unreadable"


def _apply(callback: Callback, now: datetime) -> str:
    instance = db.session.get_one(GatewayInstance, callback.gateway_id)
    try:
        received = _read_again(open_gateway(instance), callback)
    except Exception:
        return "unreadable"
    lane_id = lane_of(instance).id
    outcomes = [
        _apply_receipt(callback.store_id, lane_id, event, now)
        for event in received.events
        if isinstance(event, Receipt)
    ]
    for worst in ("unknown_message", "applied", "repeated"):
        if worst in outcomes:
            return worst
    return "nothing"


def _read_again(gateway: Gateway, callback: Callback) -> Received:
    kind: Kind = "receipts" if callback.kind == "receipts" else "inbound"
    return gateway.receive(_unpack(callback.raw), kind)


def _apply_receipt(store_id: int, lane_id: int, receipt: Receipt, now: datetime) -> str:
    message = find_message(store_id, lane_id, receipt)
    if message is None:
        return "unknown_message"
    was = message.status
    if not apply_receipt(message, receipt, now) and not (was == "delivered" and receipt.reason == "opted_out"):
        return "repeated"  # but for a complaint: it comes after the delivery, and is a STOP
    mind_refusal(message, receipt.status, receipt.reason, now)
    return "applied"
