"""What was decided about somebody in a journey."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nexnotify.policy.eligibility import Hold, Skip


@dataclass(frozen=True, slots=True)
class Stays:
    """Waits on, and is decided about again at ``until``, by what the journey is then."""

    reason: str
    until: datetime

    @classmethod
    def held(cls, verdict: Hold) -> Stays:
        """As the rule holds somebody."""
        return cls(verdict.reason, verdict.until)


@dataclass(frozen=True, slots=True)
class Goes:
    """Is written to, or leaves without."""

    message_id: int | None
    #: Why it leaves: one of ``policy.eligibility.REASONS``, or of a journey's own.
    reason: str | None = None

    @classmethod
    def skipped(cls, verdict: Skip) -> Goes:
        """As the rule passes somebody over."""
        return cls(None, verdict.reason)


Result = Stays | Goes
