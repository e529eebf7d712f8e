"""Frequency caps: at most so many texts in any stretch of so many hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta


def next_allowed(now: datetime, sent: Sequence[datetime], texts: int, hours: int) -> datetime:
    """``now`` while fewer than ``texts`` were sent in the last ``hours``, else the moment enough of them leave.

    ``sent`` may come in any order and hold times still to come, which count. A text leaves the period exactly
    ``hours`` after it was sent. Raises ValueError unless both limits are at least 1.
    """
    if texts < 1 or hours < 1:
        raise ValueError("a frequency cap needs at least one text and one hour")
    period = timedelta(hours=hours)
    counting = sorted(moment for moment in sent if moment > now - period)
    if len(counting) < texts:
        return now
    return counting[-texts] + period
