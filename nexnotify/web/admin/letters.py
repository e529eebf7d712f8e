"""Emails to staff: sent through the store's own email gateway, where it has a real one."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable

from flask import Flask, current_app

from nexnotify.db import db, end_read
from nexnotify.gateways.contract import Gateway, GatewayError, OutgoingMessage
from nexnotify.gateways.loader import UnknownGateway
from nexnotify.gateways.service import OUTBOXES, open_gateway, sender_of
from nexnotify.stores.models import Store

log = logging.getLogger(__name__)

#: The name of the threads in which letters are written after an answer.
BACKGROUND = "letter"


def real_sender(store: Store) -> Gateway | None:
    """The gateway that sends the store's email, unless it is an outbox, paused or broken."""
    instance = sender_of(store, "email")
    if instance is None or instance.kind in OUTBOXES or instance.paused_at is not None:
        return None
    try:
        return open_gateway(instance)
    except UnknownGateway:
        return None


def send_letter(gateway: Gateway, to: str, subject: str, body: str) -> str:
    """Send one email now, outside any transaction. Empty when it was taken, else why not."""
    end_read()
    try:
        gateway.send(OutgoingMessage(uuid.uuid4().hex, to, body, subject))
    except GatewayError as error:
        return error.detail
    except Exception as error:
        log.exception("gateway fault")
        return f"The gateway failed with {type(error).__name__}."
    return ""


def in_background(work: Callable[[], None]) -> threading.Thread:
    """Do it after the answer: how long it takes must not tell whether there was anything to do."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def run() -> None:
        with app.app_context():
            try:
                work()
            except Exception:
                log.exception("background work failed")
            finally:
                db.session.remove()

    thread = threading.Thread(target=run, name=BACKGROUND, daemon=True)
    thread.start()
    return thread


def public_address(path: str) -> str:
    """A path under the address that this installation is reached at."""
    return f"{current_app.extensions['nexnotify'].settings.public_url}{path}"
