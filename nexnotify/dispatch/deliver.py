"""Delivering: the call to the gateway. No session is open here."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from nexnotify.dispatch.claim import Outgoing
from nexnotify.gateways.contract import SEND_TIMEOUT, Accepted, Gateway, GatewayError, Transient, Unknown
from nexnotify.phone import mask, mask_email

log = logging.getLogger(__name__)

Outcome = Accepted | GatewayError


def deliver(gateway: Gateway, outgoing: Outgoing, now: datetime) -> Outcome:
    """Hand one message to its gateway; every way it can end is a value.

    A worker that was asleep too long does not call at all: its lease may have been taken for lost.
    """
    if now + timedelta(seconds=SEND_TIMEOUT) > outgoing.lease_until:
        return Transient("The worker was too slow to begin; nothing was sent.")
    try:
        return gateway.send(outgoing.message)
    except GatewayError as error:
        return error
    except Exception as error:
        # A fault of the plugin: nobody knows how far it came. Its words may hold anything, so only its type is kept.
        address = outgoing.message.to
        masked = mask_email(address) if "@" in address else mask(address)
        log.exception("gateway fault", extra={"reference": outgoing.message.reference, "to": masked})
        return Unknown(f"The gateway plugin failed with {type(error).__name__}.")
