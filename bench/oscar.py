"""Alerts against those of django-oscar."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from bench.figures import NotRun
from bench.house import Installation, add_waiting, installation, restock
from bench.sending import THREADS, seconds_of_sender
from bench.smtp_sink import SmtpSink
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.gateways.service import add_gateway, lane_of, sender_of
from nexnotify.ledger.models import Message
from nexnotify.settings import ROOT
from nexnotify.stores.models import Store
from nexnotify.workers.steps import run_restock
from tests.stubs.twilio_stub import TwilioStub

PYTHON = ROOT / ".venv-bench" / "bin" / "python"
SHOP = ROOT / "bench" / "peers" / "oscar_shop.py"


def vs_django_oscar(people: int = 5000) -> float:
    """Shoppers told a second ÷ those of django-oscar's dispatcher, each by its own usual way: texts, and emails."""
    with SmtpSink() as sink:
        theirs = _seconds_of_oscar("smtp", sink.port, people)
    with (
        tempfile.TemporaryDirectory(prefix="nxbench-") as folder,
        TwilioStub(0, Path(folder) / "accepted") as stub,
        installation(THREADS, stub.url) as house,
    ):
        return theirs / _seconds_of_ours(house, people, "sms")


def vs_django_oscar_smtp(people: int = 1000) -> float:
    """The same with emails on both sides, to the same kind of server."""
    with SmtpSink() as sink:
        theirs = _seconds_of_oscar("smtp", sink.port, people)
        assert sink.count() == people
        settings = {
            "host": "127.0.0.1",
            "port": str(sink.port),
            "security": "none",
            "from_address": "shop@shop.example",
        }
        with installation(THREADS) as house:
            with transaction():
                add_gateway(db.session.get_one(Store, house.store_id), "smtp", "Bench", settings, utcnow())
            ours = _seconds_of_ours(house, people, "email")
        assert sink.count() == 2 * people
    return theirs / ours


def vs_django_oscar_dummy(people: int = 3000) -> float:
    """The same where accepting costs nothing: its transport that drops every mail, our outbox."""
    with installation(THREADS) as house:
        return _seconds_of_oscar("dummy", 0, people) / _seconds_of_ours(house, people, "email")


def _seconds_of_oscar(backend: str, port: int, people: int) -> float:
    if not PYTHON.exists():
        raise NotRun("django-oscar is not installed; make bench does it where a package index can be reached.")
    with tempfile.TemporaryDirectory(prefix="nxbench-") as folder:
        command = [str(PYTHON), str(SHOP), folder, backend, str(port), str(people)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"The django-oscar shop failed:\n{done.stderr}")
    return float(done.stdout)


def _seconds_of_ours(house: Installation, people: int, channel: str) -> float:
    """From the restock to the last message accepted."""
    with transaction():
        sender = sender_of(db.session.get_one(Store, house.store_id), channel)
        assert sender is not None
        lane_of(sender).rate = 0
    add_waiting(house.app, house.store_id, people, channel=channel)
    begun = time.monotonic()
    restock(house.store_id)
    run_restock()
    planned = time.monotonic() - begun
    seconds = planned + seconds_of_sender(house)
    accepted = db.session.scalar(sa.select(sa.func.count()).where(Message.accepted_at.is_not(None)))
    assert accepted == people, accepted
    return seconds
