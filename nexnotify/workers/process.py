"""The worker process: the engine's consumer with our steps, and the sender beside it."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import sys
import threading
from typing import Any

from flask import Flask
from huey import crontab
from huey.consumer import Consumer

from nexnotify.garbage import keep_what_stays
from nexnotify.nudge import Nudges
from nexnotify.workers.following import run_journeys
from nexnotify.workers.holding import run_holds
from nexnotify.workers.importing import run_imports
from nexnotify.workers.sender import Sender
from nexnotify.workers.steps import run_campaigns, run_notices, run_receipts, run_restock, run_sweep

log = logging.getLogger(__name__)

#: Seconds a worker takes to finish what is in flight when it is asked to end.
GRACE = 6


def register_steps(app: Flask, nudges: Nudges, sender: Sender) -> None:
    """Bind the names that edges nudge to the steps, each in an app context of its own."""

    def in_context(step: Any) -> Any:
        def run() -> None:
            with app.app_context():
                step()

        return run

    def restock() -> None:
        run_restock(sender.wake)
        run_journeys(sender.wake)  # what begins with a restock follows its plan

    nudges.steps["restock"] = in_context(restock)
    nudges.steps["notices"] = in_context(lambda: run_notices(sender.wake))
    nudges.steps["campaigns"] = in_context(lambda: run_campaigns(sender.wake))
    nudges.steps["journeys"] = in_context(lambda: run_journeys(sender.wake))
    nudges.steps["imports"] = in_context(run_imports)
    nudges.steps["holds"] = in_context(lambda: run_holds(sender.wake))
    nudges.steps["receipts"] = in_context(run_receipts)
    nudges.steps["send"] = sender.wake
    nudges.steps["sweep"] = in_context(lambda: run_sweep(sender.wake))


def _stop_sender_first(consumer: Consumer, sender: Sender) -> None:
    """When the process is asked to end, nothing more is claimed while the engine finishes its tasks."""
    handle = consumer._handle_signal

    def handle_signal(*args: Any) -> None:
        sender.end()
        handle(*args)

    consumer._handle_signal = handle_signal


def _few_arenas() -> None:
    """Let all threads share two of glibc's heaps: with one for each, a worker's memory grew by a sixth as it sent."""
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(AttributeError, OSError):  # another C library
            m_arena_max = -8
            ctypes.CDLL(None).mallopt(m_arena_max, 2)


def run_worker(app: Flask) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in flight within :data:`GRACE` seconds."""
    _few_arenas()
    keep_what_stays()
    house = app.extensions["nexnotify"]
    sender = Sender(app, house.settings.send_threads)
    nudges: Nudges = house.nudges
    register_steps(app, nudges, sender)
    nudges.huey.periodic_task(crontab(minute="*"), name="sweep")(nudges.steps["sweep"])
    consumer = nudges.huey.create_consumer(
        workers=4,
        # The engine's own back-off goes up to ten seconds between polls; a restock does not wait that long.
        initial_delay=0.05,
        backoff=1.1,
        max_delay=0.1,
        graceful_signal="TERM",
        shutdown_timeout=GRACE,
        check_worker_health=True,
    )
    _stop_sender_first(consumer, sender)
    sender.start()
    # What the last worker left when it died is taken over at once, not at the first sweep.
    threading.Thread(target=nudges.steps["sweep"], name="takeover", daemon=True).start()
    try:
        consumer.run()
    finally:
        sender.stop(2)
        log.info("worker ended")
