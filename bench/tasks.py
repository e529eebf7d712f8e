"""The usual way to send: one task a text, each of which loads its row, calls the gateway and marks the row."""

from __future__ import annotations

import signal
import tempfile
import threading
import time
from pathlib import Path

import sqlalchemy as sa
from huey import SqliteHuey

from bench.house import Installation, add_waiting, installation, restock
from bench.sending import THREADS, gateway_of, seconds_of_sender
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, end_read, transaction
from nexnotify.gateways.contract import OutgoingMessage
from nexnotify.ledger.models import Message
from nexnotify.workers.steps import run_restock
from tests.stubs.twilio_stub import TwilioStub


def vs_task_per_text(count: int = 2000) -> float:
    """Texts a second of the sender ÷ those of one Huey task a text: same client, threads, database and stub.

    Both begin with the rows in the database and end with all of them marked.
    """
    seconds = {}
    with tempfile.TemporaryDirectory(prefix="nxbench-") as folder, TwilioStub(0.0, Path(folder) / "accepted") as stub:
        for way in (seconds_of_sender, _seconds_of_tasks):
            with installation(THREADS, stub.url) as house:
                add_waiting(house.app, house.store_id, count)
                restock(house.store_id)
                run_restock()
                seconds[way] = way(house)
                sent = db.session.scalar(sa.select(sa.func.count()).where(Message.status == "accepted"))
                assert sent == count, sent
    return seconds[_seconds_of_tasks] / seconds[seconds_of_sender]


def _seconds_of_tasks(house: Installation) -> float:
    """Seconds that tasks take for everything that is queued, from the first call that enqueues one."""
    ids = list(db.session.scalars(sa.select(Message.id).order_by(Message.id)))
    gateway = gateway_of(house)
    end_read()
    done = threading.Semaphore(0)
    huey = SqliteHuey("bench", filename=str(house.settings.instance / "tasks.sqlite"), results=False)

    @huey.task()
    def send_text(message_id: int) -> None:
        with house.app.app_context():
            message = db.session.get_one(Message, message_id)
            contact = db.session.get_one(Contact, message.contact_id)
            text = OutgoingMessage(message.reference, contact.address, message.body)
            end_read()
            accepted = gateway.send(text)
            with transaction():
                message.status, message.accepted_at = "accepted", utcnow()
                message.gateway_message_id = accepted.gateway_id
        done.release()

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    consumer = huey.create_consumer(workers=THREADS, periodic=False, initial_delay=0.01, max_delay=0.05)
    consumer.start()
    try:
        begun = time.monotonic()
        for message_id in ids:
            send_text(message_id)
        for _ in ids:
            assert done.acquire(timeout=120), "A task was lost."
        return time.monotonic() - begun
    finally:
        consumer.stop(graceful=True)
        for number, handler in handlers.items():
            signal.signal(number, handler)
