"""The step ``holds``: units that storefronts are asked to keep, keep, and get back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from nexnotify.clock import utcnow
from nexnotify.db import end_read, transaction
from nexnotify.holds import work
from nexnotify.holds.calls import Call, Outcome, make_all
from nexnotify.holds.contract import Holds, NoAnswer
from nexnotify.holds.sources import opened, source_of
from nexnotify.nudge import nudge
from nexnotify.turns import let_others_write

log = logging.getLogger(__name__)

#: Storefronts that are called at a time.
AT_ONCE = 8


def run_holds(after_some: Callable[[], None] = lambda: None) -> None:
    """What is due is looked at, and storefronts are called. ``after_some`` lets sending begin at once."""
    while work.has_due(utcnow()):
        end_read()
        with transaction():
            count, calls = work.take_due(utcnow())
        if count == 0:
            break  # another worker has the rest
        if calls:
            results = _call(calls)
            with transaction():
                work.settle(results, utcnow())
            after_some()
            nudge("restock")  # what somebody let go is for the next in line
        let_others_write()
    end_read()


def _call(calls: Sequence[Call]) -> list[tuple[Call, Outcome]]:
    """Make these calls, those of several stores at a time; no session is open meanwhile.

    A store's are made one after another, so that who has waited longest is asked for first.
    """
    by_store: dict[int, list[Call]] = {}
    for call in calls:
        by_store.setdefault(call.store_id, []).append(call)
    lines = {store_id: _open(store_id) for store_id in by_store}
    end_read()
    with ThreadPoolExecutor(min(AT_ONCE, len(by_store)), thread_name_prefix="holds") as pool:
        jobs = [pool.submit(make_all, mine, lines[store_id]) for store_id, mine in by_store.items()]
        return [result for job in jobs for result in job.result()]


def _open(store_id: int) -> Holds | NoAnswer:
    try:
        source = source_of(store_id)
        return opened(source) if source is not None else NoAnswer("There is no storefront to ask any more.")
    except Exception as error:  # settings that no key decrypts, say
        log.exception("storefront cannot be opened", extra={"store": store_id})
        return NoAnswer(f"The settings cannot be read: {type(error).__name__}.")
