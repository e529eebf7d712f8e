"""The only reader of the system clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def utcnow() -> datetime:
    """This moment as aware UTC."""
    return datetime.now(UTC)


#: What is told of earlier is a mistake, such as the year 1; some of it no wall clock can even show.
EARLIEST = datetime(1900, 1, 2, tzinfo=UTC)


def not_too_early(moment: datetime) -> datetime:
    """A moment that somebody tells, if anything can have happened then.

    :raises ValueError: it is before :data:`EARLIEST`.
    """
    if moment < EARLIEST:
        raise ValueError(f"{moment.year} is too long ago.")
    return moment


def to_local(moment: datetime, zone: str) -> datetime:
    """The wall clock of ``zone`` (an IANA name) at an aware ``moment``."""
    return moment.astimezone(ZoneInfo(zone))


def from_local(wall: datetime, zone: str) -> datetime:
    """The moment at which the wall clock of ``zone`` shows ``wall`` (naive), in UTC.

    Of an hour that comes twice the first is meant; in one that is skipped, the clock as it went before.
    """
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def isoformat(moment: datetime | None) -> str | None:
    """The one written form of a moment in API answers: UTC, seconds or finer, ending in Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
