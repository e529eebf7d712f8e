"""Hours that laws and codes leave for texts, by country and region: the table ``jurisdictions.toml``."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from nexnotify.policy.holidays import is_holiday
from nexnotify.policy.quiet_hours import Hours, Window

TABLE = Path(__file__).with_name("jurisdictions.toml")
#: A region of which nothing is known; its row is one that nearly every region's allows.
UNKNOWN = "*"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, order=True)
class Jurisdiction:
    """A country (ISO 3166) and, where known, its region (the two letters of a state; "*": not known)."""

    country: str
    region: str = UNKNOWN

    @property
    def name(self) -> str:
        """ "US-FL", or "US" alone."""
        return self.country if self.region in ("", UNKNOWN) else f"{self.country}-{self.region}"


@dataclass(frozen=True, slots=True)
class _Version:
    """All rows of a region that came into force together."""

    valid_from: date
    hours: Hours


@lru_cache(maxsize=1024)
def hours_of(place: Jurisdiction, day: date) -> Hours | None:
    """The hours in force on a day; None: the table has none for this country.

    A region without rows has its country's; one that is not known has that country's row for these, where it has one.
    """
    for region in (place.region, ""):
        in_force = [row for row in _table().get((place.country, region), ()) if row.valid_from <= day]
        if in_force:
            return max(in_force, key=lambda row: row.valid_from).hours
    return None


def without_hours(window: Window, country: str, day: date) -> list[str]:
    """Names of regions of a country whose hours a store's quiet hours leave nothing of, on any weekday.

    "US-RI"; "US" for the regions without a row of their own, "US-*" for people of whom no region is known.
    """
    places = sorted(Jurisdiction(*key) for key in _table() if key[0] == country)
    found = {
        f"{country}-{place.region}".rstrip("-")
        for place in places
        if (hours := hours_of(place, day)) and not _any_left(hours, window)
    }
    return sorted(found)


def _any_left(hours: Hours, window: Window) -> bool:
    spans = [span for span in hours.week if span is not None]
    # Hours that are left begin where the region's do or where the quiet ends.
    return any(
        not window.covers(start) or (start <= window.end < end and not window.covers(window.end))
        for start, end in spans
    )


@cache
def _table() -> dict[tuple[str, str], list[_Version]]:
    """(country, region) → its versions."""
    weeks: dict[tuple[str, str, date], dict[int, tuple[time, time]]] = defaultdict(dict)
    on_holidays: dict[tuple[str, str, date], bool] = {}
    for row in read_rows():
        for country in row["countries"]:
            for region in row["regions"]:
                key = (country, region, row["valid_from"])
                span = time.fromisoformat(row["from"]), time.fromisoformat(row["to"])
                weeks[key] |= dict.fromkeys(_weekdays(row["days"]), span)
                on_holidays[key] = on_holidays.get(key, True) and row["holidays"]
    table: dict[tuple[str, str], list[_Version]] = defaultdict(list)
    for (country, region, valid_from), week in weeks.items():
        hours = Hours(
            tuple(week.get(day) for day in range(7)),
            on_holidays[country, region, valid_from],
            partial(is_holiday, country),
        )
        table[country, region].append(_Version(valid_from, hours))
    return dict(table)


def read_rows() -> list[dict[str, Any]]:
    """The rows as they stand in the file."""
    rows: list[dict[str, Any]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["rule"]
    return rows


def _weekdays(days: str) -> Iterator[int]:
    """ "Mon-Sat" → 0 to 5; "Sun" → 6."""
    first, _, last = days.partition("-")
    return iter(range(_DAYS.index(first), _DAYS.index(last or first) + 1))
