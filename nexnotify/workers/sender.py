"""The sender: one thread that claims, a pool that calls gateways, and the same thread that settles.

It goes on while anything is due and sleeps until the next message is, or until it is woken.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from flask import Flask

from nexnotify.campaigns.work import has_work
from nexnotify.clock import utcnow
from nexnotify.db import db, end_read, transaction
from nexnotify.dispatch import recover
from nexnotify.dispatch.claim import Outgoing, claim
from nexnotify.dispatch.deliver import Outcome, deliver
from nexnotify.dispatch.lanes import next_due_by_lane
from nexnotify.dispatch.settle import settle
from nexnotify.gateways.contract import Gateway
from nexnotify.gateways.loader import UnknownGateway
from nexnotify.gateways.service import gateway_of_lane, open_gateway, pause
from nexnotify.holds.work import has_due as has_due_holds
from nexnotify.journeys.planner import has_become_due as someone_is_due
from nexnotify.ledger.planning.planner import has_become_due
from nexnotify.nudge import nudge
from nexnotify.workers.owners import this_owner

log = logging.getLogger(__name__)

#: Results settled in one transaction at most, and how long the first of them waits for company, in seconds.
SETTLE_BATCH = 100
SETTLE_WAIT = 0.01
#: How often held messages are looked at, and an idle sender looks for what another process queued, in seconds.
IDLE = 1.0

#: Pieces of held messages that are looked at before the next claim.
RELEASES = 5
#: Messages claimed for each thread: one that is being sent and one that waits, so that no thread idles while the next
#: are claimed (measured: without it two thirds of the speed at 0 ms are lost). It bounds what a kill leaves uncertain.
PER_THREAD = 2

Result = tuple[Outgoing, Outcome] | None


class Sender:
    """Sends what is due, for all stores and lanes."""

    def __init__(self, app: Flask, threads: int) -> None:
        self._app = app
        self._room = threads * PER_THREAD
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="send")
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender")
        self._owner = this_owner()
        self._in_flight: Counter[int] = Counter()
        self._gateways: dict[int, tuple[str, Gateway]] = {}
        self._unsettled: list[tuple[Outgoing, Outcome]] = []
        self._released = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is work."""
        self._results.put(None)

    def end(self) -> None:
        """Claim nothing more."""
        self._stop.set()
        self.wake()

    def stop(self, timeout: float) -> None:
        """Claim nothing more, settle what is in flight, end."""
        self.end()
        self._thread.join(timeout)

    def drain(self) -> None:
        """Send in the calling thread until nothing is due (tests and tools; the worker uses :meth:`start`)."""
        with self._app.app_context():
            while True:
                wait = self._claim()
                if not self._in_flight.total() and wait > 0:
                    return
                self._settle(wait)

    def stop_pool(self) -> None:
        """End the threads of a sender that was only drained."""
        self._pool.shutdown()

    def _run(self) -> None:
        with self._app.app_context():
            while not self._stop.is_set() or self._in_flight.total():
                try:
                    self._settle(IDLE if self._stop.is_set() else self._claim())
                except Exception:
                    # The database is away, say. What came back meanwhile is kept and settled when it is there again.
                    log.exception("sender turn failed")
                    db.session.rollback()
                    time.sleep(IDLE)
        self._pool.shutdown(wait=False)

    def _settle(self, wait: float) -> None:
        """Wait at most ``wait`` seconds for results and record them."""
        self._unsettled += self._collect(wait)
        if self._unsettled:
            with transaction():
                settle(self._unsettled, utcnow())
            for outgoing, _ in self._unsettled:
                self._in_flight[outgoing.lane_id] -= 1
            self._unsettled = []

    def _collect(self, wait: float) -> list[tuple[Outgoing, Outcome]]:
        """Wait for the first result, give others a moment, take what is there, a batch at most."""
        first = self._next(wait)
        if first is None:
            return []
        found = [first]
        time.sleep(SETTLE_WAIT)  # to be woken for each result would cost more than the results themselves
        while len(found) < SETTLE_BATCH and not self._results.empty():
            result = self._results.get()
            if result is not None:
                found.append(result)
        return found

    def _next(self, wait: float) -> Result:
        """The next result, or None after ``wait`` seconds or a call to wake up."""
        try:
            return self._results.get(timeout=wait)
        except queue.Empty:
            return None

    def _has_room(self) -> bool:
        return self._in_flight.total() < self._room

    def _claim(self) -> float:
        """Fill the threads from the lanes that have work, those with the fewest in flight first."""
        now = utcnow()
        if time.monotonic() - self._released > IDLE:
            self._release(now)
            if has_work(now):
                nudge("campaigns")  # the time of a send has come
            if has_become_due(now):
                nudge("restock")  # that of a wave
            if has_due_holds(now):
                nudge("holds")  # that of a unit that is kept for somebody
            if someone_is_due(now):
                nudge("journeys")  # that of somebody in a journey
            self._released = time.monotonic()
        if not self._has_room():
            return IDLE
        lanes = next_due_by_lane(now + timedelta(seconds=IDLE))
        end_read()
        ready = sorted((lane for lane, due in lanes if due <= now), key=lambda lane: self._in_flight[lane])
        waits = [(due - now).total_seconds() for _, due in lanes if due > now]
        share = max(1, self._room // max(1, len(ready)))
        for lane_id in ready:
            try:
                wait = self._claim_lane(lane_id, share, now)
            except Exception:
                # One lane's trouble must not keep the others from sending.
                log.exception("claim failed", extra={"lane": lane_id})
                db.session.rollback()
                continue
            if wait is not None:
                waits.append(wait)
        return min([IDLE, *waits])

    def _release(self, now: datetime) -> None:
        """Queue what is held no more, a piece at a time."""
        for _ in range(RELEASES):
            if not recover.has_held_due(now):
                return
            with transaction():
                if not recover.release_held(now):
                    return  # another worker has them

    def _claim_lane(self, lane_id: int, share: int, now: datetime) -> float | None:
        """Claim what fits from one lane. Returns seconds until it has more for us, None when it has not."""
        room = min(share - self._in_flight[lane_id], self._room - self._in_flight.total())
        if room <= 0:
            return None
        gateway = self._gateway(lane_id, now)
        if gateway is None:
            return None
        with transaction():
            claimed = claim(lane_id, self._owner, room, now)
        if claimed.asks:
            nudge("holds")
        for outgoing in claimed.outgoing:
            self._in_flight[lane_id] += 1
            self._pool.submit(self._deliver, gateway, outgoing)
        if not claimed.has_more:
            return None
        return max(0.0, (claimed.next_at - now).total_seconds()) if claimed.next_at else 0.0

    def _gateway(self, lane_id: int, now: datetime) -> Gateway | None:
        """The lane's opened plugin, kept until its settings change; a gateway without its plugin is paused."""
        instance = gateway_of_lane(lane_id)
        known = self._gateways.get(instance.id)
        if known is None or known[0] != instance.settings:
            try:
                known = (instance.settings, open_gateway(instance))
            except UnknownGateway as error:
                with transaction():
                    pause(instance, str(error), now)
                return None
            self._gateways[instance.id] = known
        return known[1]

    def _deliver(self, gateway: Gateway, outgoing: Outgoing) -> None:
        self._results.put((outgoing, deliver(gateway, outgoing, utcnow())))
