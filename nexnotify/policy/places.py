"""Where a shopper may be: the clocks and the jurisdictions that count for their texts, and who said so.

Nobody knows for certain. A number can be carried anywhere, an address is where parcels go, a browser's zone is where
somebody was when they asked. So all of them count, and a text goes only when every one of them allows it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from babel.core import get_global
from phonenumbers.tzdata import TIMEZONE_DATA

from nexnotify.policy.area_codes import SPLIT, STATE_OF, STATES, TOLL_FREE
from nexnotify.policy.jurisdictions import UNKNOWN, Jurisdiction

#: Clocks that lie further apart cannot all be the shopper's.
MOST_APART = timedelta(hours=3)


class Known(NamedTuple):
    """What is known of a shopper's whereabouts; the same for many, so that it is worked out once for all of them."""

    #: What the browser told at sign-up: an IANA name.
    zone: str | None = None
    #: How the number begins: see :func:`area_of`.
    area: str | None = None
    #: Of the customer's address: two letters each.
    country: str | None = None
    region: str | None = None


class Place(NamedTuple):
    """Clocks and jurisdictions that all must allow a text. ``source`` says which of the four told: see :func:`place_of`."""

    zones: tuple[str, ...]
    jurisdictions: tuple[Jurisdiction, ...]
    source: str


def is_zone(name: str) -> bool:
    """Whether it is the name of a time zone."""
    return name in _zone_names()


def known_zone(told: object) -> object:
    """What a browser told, or None where it is no zone that we know: nobody typed it, so nobody is refused for it."""
    return told if not isinstance(told, str) or is_zone(told) else None


def area_of(number: str) -> str:
    """As much of a number (E.164) as tells where it is from: of North America the area code, else the country's code.

    Elsewhere mobile numbers are those of a country, whatever region their first digits once stood for.
    """
    digits = number.removeprefix("+")
    if digits.startswith("1"):
        return digits[:4]
    codes = (digits[:length] for length in (1, 2, 3))
    return next((code for code in codes if code and int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), "")


def place_of(known: Known, zone: str, country: str, now: datetime) -> Place:
    """Where a shopper may be.

    ``source`` names what was used, joined by "+": ``sign_up`` (the browser), ``address`` (the customer's), ``number``;
    ``country`` for all clocks of the store's country, ``store`` for the store's own.

    :param zone: the store's, used when nothing is known.
    :param country: the store's.
    """
    by_source = _candidates(known, country)
    zones = list(dict.fromkeys(name for names, _ in by_source.values() for name in names))
    jurisdictions = [law for _, laws in by_source.values() for law in laws]
    source = "+".join(name for name, (names, _) in by_source.items() if names)
    is_toll_free = known.area is not None and known.area[1:] in TOLL_FREE and known.area.startswith("1")
    if known.zone and (is_toll_free or _apart(zones, now) > MOST_APART):
        zones, source = [known.zone], "sign_up"
    elif not zones and is_toll_free:
        zones, source, jurisdictions = list(zones_of_country(country)), "country", [Jurisdiction(country)]
    if not zones:
        zones, source, jurisdictions = [zone], "store", jurisdictions or [Jurisdiction(country)]
    return Place(tuple(zones), _without_vague(jurisdictions), source)


def _candidates(known: Known, country: str) -> dict[str, tuple[tuple[str, ...], list[Jurisdiction]]]:
    """Source → the clocks and the laws that it speaks of."""
    found: dict[str, tuple[tuple[str, ...], list[Jurisdiction]]] = {}
    if known.zone:
        found["sign_up"] = (known.zone,), [Jurisdiction(code) for code in filter(None, [_country_of(known.zone)])]
    if known.country:
        region = known.region or UNKNOWN
        found["address"] = zones_of_region(known.country, region), [Jurisdiction(known.country, region)]
    if known.area:
        found["number"] = zones_of_area(known.area), _laws_of_area(known.area, country)
    return found


def _without_vague(laws: list[Jurisdiction]) -> tuple[Jurisdiction, ...]:
    """Who is known to be of a state need not keep to hours that suit every state."""
    known = {law.country for law in laws if law.region != UNKNOWN}
    return tuple(sorted({law for law in laws if law.region != UNKNOWN or law.country not in known}))


def _apart(zones: list[str], now: datetime) -> timedelta:
    offsets = [now.astimezone(ZoneInfo(name)).utcoffset() or timedelta(0) for name in zones]
    return max(offsets) - min(offsets) if offsets else timedelta(0)


@lru_cache(maxsize=4096)
def zones_of_area(area: str) -> tuple[str, ...]:
    """The clocks of an area; none for toll-free numbers and areas nobody knows.

    Of an area code of North America, those of all its exchanges, because a number keeps its exchange when it moves.
    """
    if not area.startswith("1"):
        return tuple(name for name in TIMEZONE_DATA.get(area, ()) if is_zone(name))
    code = area[1:]
    if code in TOLL_FREE or len(code) < 3:
        return ()
    found = [*SPLIT.get(code, ()), *_zones_by_area_code().get(code, ())]
    return tuple(dict.fromkeys(name for name in found if is_zone(name)))


@cache
def _zones_by_area_code() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for prefix, names in TIMEZONE_DATA.items():
        if prefix.startswith("1") and len(prefix) >= 4:
            found[prefix[1:4]].extend(names)
    return found


def _laws_of_area(area: str, country: str) -> list[Jurisdiction]:
    if not area.startswith("1"):
        region = phonenumbers.region_code_for_country_code(int(area))
        return [Jurisdiction(region)] if region.isalpha() else []
    code = area[1:]
    if code in STATE_OF:
        return [Jurisdiction("US", STATE_OF[code])]
    if code in TOLL_FREE:
        return [Jurisdiction(country)]
    return [Jurisdiction(found) for found in filter(None, map(_country_of, zones_of_area(area)))]


@lru_cache(maxsize=1024)
def zones_of_region(country: str, region: str) -> tuple[str, ...]:
    """The clocks of a state of the United States, by its area codes; elsewhere, those of the country."""
    codes = STATES.get(region, "") if country == "US" else ""
    found = dict.fromkeys(name for code in codes.split() for name in zones_of_area(f"1{code}"))
    return tuple(found) or zones_of_country(country)


@cache
def zones_of_country(country: str) -> tuple[str, ...]:
    """All clocks of a country."""
    return tuple(sorted(name for name, code in _countries().items() if code == country and is_zone(name)))


def _country_of(zone: str) -> str | None:
    return _countries().get(zone)


@cache
def _countries() -> dict[str, str]:
    """Zone → the country it lies in. Some have no country: UTC, and those named by their offset."""
    return {name: code for name, code in get_global("zone_territories").items() if len(code) == 2 and code.isalpha()}


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
