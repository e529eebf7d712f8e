"""Pacing: how many texts a lane may send now. A generic cell rate algorithm (ITU-T I.371), in segments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Reservation:
    """The first ``count`` messages may go now; the next one not before ``next_at``."""

    count: int
    next_at: datetime


def reserve(
    next_at: datetime | None, now: datetime, rate: float, segments: Sequence[int], burst_seconds: float = 0.02
) -> Reservation:
    """Take as many messages, in order, as the rate allows at this moment.

    ``next_at`` is what the last reservation gave (None for a lane that never sent), ``rate`` is segments a second
    (0: unlimited), ``segments`` the cost of each message. Idle time is not saved up beyond ``burst_seconds``. So what
    goes in any one second is at most rate × (1 + burst_seconds) segments and one message more. Raises ValueError for a
    rate below 0.
    """
    if rate < 0:
        raise ValueError("a rate is 0 (unlimited) or more segments a second")
    if rate == 0:
        return Reservation(len(segments), now)
    floor = now - timedelta(seconds=burst_seconds)
    start = floor if next_at is None else max(next_at, floor)
    due, taken, spent = start, 0, 0
    for cost in segments:
        if due > now:
            break
        taken += 1
        spent += cost
        # From the start each time, and rounded up once: rounding can neither add up nor let the rate be exceeded.
        due = start + timedelta(microseconds=math.ceil(spent * _MICROSECONDS / rate))
    return Reservation(taken, due)
