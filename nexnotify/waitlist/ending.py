"""RULE: how long a request is kept, and when its shopper is asked whether it is still wanted. Plain Python.

Everybody is asked before the end, and has ``renewal_days`` to answer, also where the store shortens its time while
people wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Keeping:
    """A store's times, in days."""

    request_days: int
    #: The question comes so long before the end.
    renewal_days: int

    def asked_from(self, now: datetime) -> datetime:
        """Requests asked for or renewed at this moment or before are to be asked about."""
        return now - timedelta(days=self.request_days - self.renewal_days)

    def ends(self, renewed_at: datetime, renewal_asked_at: datetime | None, now: datetime) -> datetime:
        """When a request ends unless its shopper says yes: never before there was time to answer."""
        kept_until = renewed_at + timedelta(days=self.request_days)
        return max(kept_until, (renewal_asked_at or now) + timedelta(days=self.renewal_days))
