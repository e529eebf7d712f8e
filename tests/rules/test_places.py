"""Where a shopper may be: every clock that could be theirs counts, and who told of it is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nexnotify.policy.area_codes import SPLIT, STATE_OF, STATES, TOLL_FREE
from nexnotify.policy.jurisdictions import Jurisdiction
from nexnotify.policy.places import Known, Place, area_of, is_zone, known_zone, place_of, zones_of_area

JANUARY, JULY = datetime(2026, 1, 6, 15, tzinfo=UTC), datetime(2026, 7, 7, 15, tzinfo=UTC)
NEW_YORK, CHICAGO, LOS_ANGELES, TOKYO = "America/New_York", "America/Chicago", "America/Los_Angeles", "Asia/Tokyo"


def where(known: Known, now: datetime = JANUARY, zone: str = NEW_YORK, country: str = "US") -> Place:
    return place_of(known, zone, country, now)


def by_number(number: str) -> Place:
    return where(Known(area=area_of(number)))


@pytest.mark.parametrize(
    "number,zones,laws",
    [
        ("+12125550123", {NEW_YORK}, {"US-NY"}),
        ("+19155550123", {"America/Denver"}, {"US-TX"}),  # El Paso, not Dallas
        ("+12025550123", {NEW_YORK}, {"US-DC"}),
        ("+18085550123", {"Pacific/Honolulu"}, {"US-HI"}),
        ("+14165550123", {"America/Toronto"}, {"CA"}),
        ("+17875550123", {"America/Puerto_Rico"}, {"PR"}),
        ("+18765550123", {"America/Jamaica"}, {"JM"}),
        # Split between two clocks, whatever exchange it is: numbers keep theirs when they move.
        ("+18505550123", {NEW_YORK, CHICAGO}, {"US-FL"}),
        ("+12705550123", {NEW_YORK, CHICAGO}, {"US-KY"}),
        ("+13645550123", {NEW_YORK, CHICAGO}, {"US-KY"}),
        ("+15415550123", {LOS_ANGELES, "America/Boise", "America/Denver"}, {"US-OR"}),
        # Elsewhere a mobile number is a whole country's.
        ("+447911123456", {"Europe/London", "Europe/Guernsey", "Europe/Isle_of_Man", "Europe/Jersey"}, {"GB"}),
        ("+34612345678", {"Europe/Madrid", "Atlantic/Canary"}, {"ES"}),
        ("+351912345678", {"Europe/Lisbon", "Atlantic/Azores"}, {"PT"}),
        ("+4915112345678", {"Europe/Berlin"}, {"DE"}),
    ],
)
def test_a_number_tells_the_clocks_and_the_laws_of_its_area(number: str, zones: set[str], laws: set[str]) -> None:
    place = by_number(number)
    assert set(place.zones) == zones
    assert {law.name for law in place.jurisdictions} == laws
    assert place.source == "number"


def test_russia_and_australia_have_all_their_clocks() -> None:
    assert {"Europe/Moscow", "Asia/Kamchatka"} <= set(by_number("+79161234567").zones)
    assert {"Australia/Perth", "Australia/Sydney"} <= set(by_number("+61412345678").zones)


def test_every_area_code_of_a_state_has_a_clock_but_those_the_library_does_not_know_yet() -> None:
    assert len(STATES) == 51
    assert len(STATE_OF) == sum(len(codes.split()) for codes in STATES.values()), "no code stands in two states"
    without = {code for code in STATE_OF if not zones_of_area(f"1{code}")}
    assert len(without) < 20
    assert not TOLL_FREE & set(STATE_OF)
    assert set(SPLIT) <= set(STATE_OF)
    assert all(is_zone(name) for names in SPLIT.values() for name in names)


def test_an_area_nobody_knows_is_kept_to_the_stores_clock_and_the_law_of_its_state() -> None:
    unknown = [code for code in STATE_OF if not zones_of_area(f"1{code}")]
    for code in unknown:
        place = by_number(f"+1{code}5550123")
        assert place.source == "store"
        assert place.zones == (NEW_YORK,)
        assert [law.name for law in place.jurisdictions] == [f"US-{STATE_OF[code]}"]


def test_the_browser_the_address_and_the_number_all_count() -> None:
    place = where(Known(LOS_ANGELES, "1212", "US", "TX"))
    assert set(place.zones) == {LOS_ANGELES, NEW_YORK, CHICAGO, "America/Denver"}
    assert {law.name for law in place.jurisdictions} == {"US-NY", "US-TX"}
    assert place.source == "sign_up+address+number"


def test_clocks_too_far_apart_leave_the_browsers_alone() -> None:
    place = where(Known(TOKYO, "1212"))
    assert (place.zones, place.source) == ((TOKYO,), "sign_up")
    assert {law.name for law in place.jurisdictions} == {"JP", "US-NY"}, "the law of the number still counts"


@pytest.mark.parametrize("now,apart", [(JANUARY, False), (JULY, False)])
def test_three_hours_are_not_too_far_apart(now: datetime, apart: bool) -> None:
    assert len(where(Known(LOS_ANGELES, "1212"), now).zones) == (1 if apart else 2)


def test_how_far_clocks_are_apart_follows_the_season() -> None:
    """Phoenix keeps no summer time: two hours behind New York in January, three in July; Honolulu five, then six."""
    assert len(where(Known("America/Phoenix", "1212"), JULY).zones) == 2
    assert where(Known("Pacific/Honolulu", "1212"), JULY).zones == ("Pacific/Honolulu",)


def test_without_a_browsers_word_clocks_that_are_far_apart_all_count() -> None:
    place = where(Known(None, "1212", "US", "HI"))
    assert set(place.zones) == {NEW_YORK, "Pacific/Honolulu"}


def test_a_toll_free_number_tells_nothing() -> None:
    assert where(Known(LOS_ANGELES, "1800")) == Place((LOS_ANGELES,), (Jurisdiction("US"),), "sign_up")
    everywhere = where(Known(None, "1888"))
    assert {NEW_YORK, CHICAGO, "America/Denver", LOS_ANGELES, "Pacific/Honolulu"} <= set(everywhere.zones)
    assert (everywhere.jurisdictions, everywhere.source) == ((Jurisdiction("US"),), "country")
    assert where(Known(None, "1888"), zone="Europe/Paris", country="FR").zones == ("Europe/Paris",)
    assert where(Known(None, "1877", "US", "WY")).zones == ("America/Denver",), "the customer's address is better"


def test_a_state_of_an_address_has_its_own_clocks() -> None:
    assert set(where(Known(None, None, "US", "FL")).zones) == {NEW_YORK, CHICAGO}
    assert set(where(Known(None, None, "US", "WY")).zones) == {"America/Denver"}
    assert {law.name for law in where(Known(None, None, "US", "FL")).jurisdictions} == {"US-FL"}


def test_of_an_address_without_its_state_the_whole_country_counts() -> None:
    place = where(Known(None, None, "US", None))
    assert {NEW_YORK, "Pacific/Honolulu"} <= set(place.zones)
    assert place.jurisdictions == (Jurisdiction("US", "*"),)


@pytest.mark.parametrize("known", [Known(), Known(area=""), Known(area="870"), Known(area="9999")])
def test_of_whom_nothing_is_known_the_stores_clock_and_country_count(known: Known) -> None:
    place = where(known, zone="Europe/Paris", country="FR")
    assert (place.zones, place.source) == (("Europe/Paris",), "store")


@pytest.mark.parametrize(
    "number,area",
    [("+12125550123", "1212"), ("+18005550123", "1800"), ("+447911123456", "44"), ("+35812345678", "358"), ("", "")],
)
def test_how_much_of_a_number_is_looked_at(number: str, area: str) -> None:
    assert area_of(number) == area


def test_what_a_browser_tells_is_kept_if_it_is_a_zone() -> None:
    assert known_zone("Asia/Calcutta") == "Asia/Calcutta", "browsers write old names, too"
    assert known_zone("Mars/Base") is None
    assert known_zone(None) is None
    assert known_zone(7) == 7, "what is no text is for the form to refuse"
