"""The step ``holds``: units that storefronts are asked to keep, keep, and get back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from nexnotify.clock import utcnow
from nexnotify.db import end_read, transaction
from nexnotify.holds import work
from nexnotify.holds.contract import Holds, NoAnswer
from nexnotify.holds.sources import opened, source_of
from nexnotify.nudge import nudge
from nexnotify.turns import let_others_write

log = logging.getLogger(__name__)

#: Calls to storefronts at a time.
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


def _call(calls: Sequence[work.Call]) -> list[tuple[work.Call, work.Outcome]]:
    """Make these calls, several at a time; no session is open meanwhile."""
    lines = {store_id: _open(store_id) for store_id in {call.store_id for call in calls}}
    end_read()

    def make(call: work.Call) -> work.Outcome:
        line = lines[call.store_id]
        return line if isinstance(line, NoAnswer) else work.make(call, line)

    with ThreadPoolExecutor(min(AT_ONCE, len(calls)), thread_name_prefix="holds") as pool:
        return list(zip(calls, pool.map(make, calls), strict=True))


def _open(store_id: int) -> Holds | NoAnswer:
    try:
        source = source_of(store_id)
        return opened(source) if source is not None else NoAnswer("There is no storefront to ask any more.")
    except Exception as error:  # settings that no key decrypts, say
        log.exception("storefront cannot be opened", extra={"store": store_id})
        return NoAnswer(f"The settings cannot be read: {type(error).__name__}.")
