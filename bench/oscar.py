"""Email alerts against those of django-oscar, both to the same kind of transport."""

from __future__ import annotations

import subprocess
import tempfile
import time

import sqlalchemy as sa

from bench.figures import NotRun
from bench.house import add_waiting, installation, restock
from bench.sending import THREADS, seconds_of_sender
from bench.smtp_sink import SmtpSink
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.gateways.service import add_gateway, lane_of, sender_of
from nexnotify.ledger.models import Message
from nexnotify.settings import ROOT
from nexnotify.stores.models import Store
from nexnotify.workers.steps import run_restock

PYTHON = ROOT / ".venv-bench" / "bin" / "python"
SHOP = ROOT / "bench" / "peers" / "oscar_shop.py"


def vs_django_oscar(people: int = 1000) -> float:
    """Alerts a second from restock to the last one accepted ÷ those of django-oscar's dispatcher, both over SMTP."""
    with SmtpSink() as sink:
        theirs = _seconds_of_oscar("smtp", sink.port, people)
        assert sink.count() == people
        ours = _seconds_of_ours(people, {"host": "127.0.0.1", "port": str(sink.port), "security": "none"})
        assert sink.count() == 2 * people
    return theirs / ours


def vs_django_oscar_dummy(people: int = 3000) -> float:
    """The same where accepting costs nothing, to a transport that drops every mail."""
    return _seconds_of_oscar("dummy", 0, people) / _seconds_of_ours(people, None)


def _seconds_of_oscar(backend: str, port: int, people: int) -> float:
    if not PYTHON.exists():
        raise NotRun("django-oscar is not installed; make bench does it where a package index can be reached.")
    with tempfile.TemporaryDirectory(prefix="nxbench-") as folder:
        command = [str(PYTHON), str(SHOP), folder, backend, str(port), str(people)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"The django-oscar shop failed:\n{done.stderr}")
    return float(done.stdout)


def _seconds_of_ours(people: int, smtp: dict[str, str] | None) -> float:
    """Through the SMTP plugin with these settings, else to the outbox that a new store has."""
    with installation(THREADS) as house:
        store = db.session.get_one(Store, house.store_id)
        with transaction():
            if smtp:
                add_gateway(store, "smtp", "Bench", {**smtp, "from_address": "shop@shop.example"}, utcnow())
            sender = sender_of(store, "email")
            assert sender is not None
            lane_of(sender).rate = 0
        add_waiting(house.app, house.store_id, people, channel="email")
        begun = time.monotonic()
        restock(house.store_id)
        run_restock()
        planned = time.monotonic() - begun
        seconds = planned + seconds_of_sender(house)
        accepted = db.session.scalar(sa.select(sa.func.count()).where(Message.accepted_at.is_not(None)))
        assert accepted == people, accepted
    return seconds
