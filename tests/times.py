"""Setting the clock: moments as a shop's clock on the wall shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import time_machine


def local(text: str, zone: str = "America/New_York") -> datetime:
    """A moment on the wall clock of ``zone``: "2030-01-15 21:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def at(text: str, zone: str = "America/New_York") -> time_machine.travel:
    """Set the clock to a local moment; it goes on from there."""
    return time_machine.travel(local(text, zone), tick=True)


def later(**units: float) -> time_machine.travel:
    """Set the clock forward from whatever it shows."""
    return time_machine.travel(datetime.now(UTC) + timedelta(**units), tick=True)


def moment(text: str) -> datetime:
    """A moment as the API writes it."""
    return datetime.fromisoformat(text)
