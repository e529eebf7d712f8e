"""The only reader of the system clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def utcnow() -> datetime:
    """This moment as aware UTC."""
    return datetime.now(UTC)


def to_local(moment: datetime, zone: str) -> datetime:
    """The wall clock of ``zone`` (an IANA name) at an aware ``moment``."""
    return moment.astimezone(ZoneInfo(zone))


def isoformat(moment: datetime | None) -> str | None:
    """The one written form of a moment in API answers: UTC, seconds or finer, ending in Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
