"""When to try again after a gateway surely did not take a message."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

#: Wait after the first try, the second …; hourly once the list ends.
WAITS: Final = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
LAST_WAIT: Final = timedelta(hours=1)
#: The share of a wait that jitter may add or take away, so that what failed together does not return together.
SPREAD: Final = 0.1


def next_try(attempt: int, now: datetime, valid_until: datetime, jitter: float) -> datetime | None:
    """When to try again after try number ``attempt`` (1 for the first); None where that is after ``valid_until``.

    ``jitter`` is drawn by the caller from -1 to 1. Raises ValueError outside these ranges.
    """
    if attempt < 1 or not -1 <= jitter <= 1:
        raise ValueError("attempt is 1 or more and jitter from -1 to 1")
    wait = WAITS[attempt - 1] if attempt <= len(WAITS) else LAST_WAIT
    moment = now + wait * (1 + SPREAD * jitter)
    return moment if moment <= valid_until else None
