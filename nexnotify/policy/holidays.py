"""Public holidays, as far as rules about local hours know them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6


def is_holiday(country: str, day: date) -> bool:
    """Whether a day is one of the country's (ISO 3166, two letters); of other countries than those below, none is known.

    Of the United States those of the federation (5 U.S.C. 6103), and the workday on which one of a weekend is kept; of
    France those of the Code du travail, L3133-1. Holidays of single states and regions are not among them.
    """
    days = _DAYS.get(country)
    return days is not None and day in days(day.year)


@lru_cache(maxsize=64)
def _united_states(year: int) -> frozenset[date]:
    fixed = [(1, 1), (7, 4), (11, 11), (12, 25)] + [(6, 19)] * (year >= 2021)
    days = {date(year, month, day) for month, day in fixed}
    days |= {
        _nth(year, 1, 0, 3),
        _nth(year, 2, 0, 3),
        _nth(year, 6, 0, 1) - 7 * _DAY,  # the last Monday of May
        _nth(year, 9, 0, 1),
        _nth(year, 10, 0, 2),
        _nth(year, 11, 3, 4),
    }
    kept = {day - _DAY for day in days if day.weekday() == _SATURDAY}
    kept |= {day + _DAY for day in days if day.weekday() == _SUNDAY}
    if date(year + 1, 1, 1).weekday() == _SATURDAY:
        kept.add(date(year, 12, 31))
    return frozenset(days | kept)


@lru_cache(maxsize=64)
def _france(year: int) -> frozenset[date]:
    fixed = [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)]
    easter = _easter(year)
    return frozenset(date(year, month, day) for month, day in fixed) | {easter + days * _DAY for days in (1, 39, 50)}


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    """The ``number``-th weekday (0: Monday) of a month."""
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (number - 1)) * _DAY


def _easter(year: int) -> date:
    """Easter Sunday, by the rule of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    golden, century, rest = year % 19, *divmod(year, 100)
    leaps, shift = century // 4, (8 * century + 13) // 25
    epact = (19 * golden + century - leaps - shift + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


_DAYS = {"US": _united_states, "FR": _france}
