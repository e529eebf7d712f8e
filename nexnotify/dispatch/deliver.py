"""Delivering: the call to the gateway. No session is open here."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

from nexnotify.dispatch.claim import Outgoing
from nexnotify.gateways.contract import (
    SEND_TIMEOUT,
    Accepted,
    Gateway,
    GatewayError,
    RateLimited,
    Receipt,
    ReceiptStatus,
    Rejected,
    RejectedReason,
    Transient,
    Unknown,
)
from nexnotify.phone import mask_address

log = logging.getLogger(__name__)

Outcome = Accepted | GatewayError

#: Longest that a provider may make a lane wait, in seconds.
LONGEST_WAIT = 86_400.0
#: Shortest, so that a provider that says "now" is not called in a circle.
SHORTEST_WAIT = 1.0


def deliver(gateway: Gateway, outgoing: Outgoing, now: datetime) -> Outcome:
    """Hand one message to its gateway; every way it can end is a value.

    A worker that was asleep too long does not call at all: its lease may have been taken for lost.
    """
    if now + timedelta(seconds=SEND_TIMEOUT) > outgoing.lease_until:
        return Transient("The worker was too slow to begin; nothing was sent.")
    address = outgoing.message.to
    masked = mask_address(address)
    try:
        try:
            return _clean_accepted(gateway.send(outgoing.message), address, masked)
        except GatewayError as error:
            return _clean_error(error, address, masked)
    except BaseException as error:  # whatever it raised: a thread that dies here would never be settled
        # A fault of the plugin: nobody knows how far it came. Its words may hold anything, so only its type is kept.
        log.exception("gateway fault", extra={"reference": outgoing.message.reference, "to": masked})
        return Unknown(f"The gateway plugin failed with {type(error).__name__}.")


# What a plugin says is written into the ledger with that of others, so one answer that does not fit its column would
# stop them all; and a provider's words like to repeat the number, which must not lie there in clear.


def _text(value: object, longest: int, address: str = "", masked: str = "") -> str | None:
    if value is None:
        return None
    text = str(value).replace("\x00", "")
    if address:
        text = text.replace(address, masked).replace(address.lstrip("+"), masked)
    return text.encode("utf-8", "replace").decode()[:longest]


def _clean_accepted(outcome: object, address: str, masked: str) -> Accepted:
    if not isinstance(outcome, Accepted):
        raise TypeError(f"send() must answer Accepted, not {type(outcome).__name__}.")
    cleaned = (clean_receipt(receipt, address, masked) for receipt in outcome.receipts)
    receipts = tuple(receipt for receipt in cleaned if receipt is not None)
    return Accepted(
        _text(outcome.gateway_id, 200), _text(outcome.detail, 400, address, masked), outcome.segments, receipts
    )


def clean_receipt(receipt: object, address: str = "", masked: str = "") -> Receipt | None:
    """A plugin's receipt as far as it can be used; None when it tells no status."""
    if not isinstance(receipt, Receipt) or receipt.status not in get_args(ReceiptStatus):
        return None
    return replace(
        receipt,
        reason=receipt.reason if receipt.reason in get_args(RejectedReason) else None,
        gateway_id=_text(receipt.gateway_id, 200),
        code=_text(receipt.code, 60),
        detail=_text(receipt.detail, 400, address, masked),
    )


def _clean_error(error: GatewayError, address: str, masked: str) -> GatewayError:
    error.detail = _text(error.detail, 400, address, masked) or ""
    error.code = _text(error.code, 60)
    if isinstance(error, Rejected) and error.reason not in get_args(RejectedReason):
        error.reason = "other"
    if isinstance(error, RateLimited):
        wait = error.retry_after
        error.retry_after = min(max(wait, SHORTEST_WAIT), LONGEST_WAIT) if math.isfinite(wait) else LONGEST_WAIT
    return error
