"""The table of hours that laws leave for texts: whole, dated, sourced, and read as it stands."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time, timedelta

import pytest

from nexnotify.policy import jurisdictions
from nexnotify.policy.area_codes import STATES
from nexnotify.policy.holidays import is_holiday
from nexnotify.policy.jurisdictions import TABLE, Jurisdiction, hours_of, read_rows, without_hours
from nexnotify.policy.quiet_hours import Hours, Window, next_open

#: A Monday without a holiday, and the days after it.
MONDAY = date(2026, 2, 2)


def test_every_row_says_where_it_is_from_and_whether_anybody_looked_it_up() -> None:
    sources = tomllib.loads(TABLE.read_text(encoding="utf-8"))["sources"]
    for row in read_rows():
        assert row["source"] in sources
        assert isinstance(row["verified"], bool)
        assert isinstance(row["holidays"], bool)
        assert isinstance(row["valid_from"], date)
        assert time.fromisoformat(row["from"]) < time.fromisoformat(row["to"])
        assert set(row["regions"]) <= {"", "*", *STATES}
    unsure = {row["source"] for row in read_rows() if not row["verified"]}
    assert unsure == {"safe", "washington", "pennsylvania", "france", "canada", "europe"}
    assert set(sources) == {row["source"] for row in read_rows()}


def test_no_day_of_a_region_stands_in_two_rows() -> None:
    seen: set[tuple[object, ...]] = set()
    for row in read_rows():
        for country in row["countries"]:
            for region in row["regions"]:
                for day in jurisdictions._weekdays(row["days"]):
                    key = (country, region, row["valid_from"], day)
                    assert key not in seen, key
                    seen.add(key)


def span(region: str, day: int, country: str = "US") -> str | None:
    hours = hours_of(Jurisdiction(country, region), MONDAY)
    assert hours is not None
    found = hours.of(MONDAY + timedelta(days=day))
    return f"{found[0]:%H:%M}-{found[1]:%H:%M}" if found else None


@pytest.mark.parametrize(
    "region,monday,saturday,sunday",
    [
        ("NY", "08:00-21:00", "08:00-21:00", "08:00-21:00"),  # no row of its own
        ("*", "09:00-20:00", "09:00-20:00", "12:00-18:00"),  # nobody knows which
        ("CT", "09:00-20:00", "09:00-20:00", "09:00-20:00"),
        ("FL", "08:00-20:00", "08:00-20:00", "08:00-20:00"),
        ("MS", "08:00-20:00", "08:00-20:00", None),
        ("AL", "08:00-20:00", "08:00-20:00", None),
        ("KY", "10:00-21:00", "10:00-21:00", "10:00-21:00"),
        ("TX", "09:00-21:00", "09:00-21:00", "12:00-21:00"),
        ("RI", "09:00-18:00", "10:00-17:00", None),
        ("PA", "08:00-21:00", "08:00-21:00", "13:30-21:00"),
    ],
)
def test_the_hours_of_a_state(region: str, monday: str, saturday: str, sunday: str | None) -> None:
    assert (span(region, 0), span(region, 5), span(region, 6)) == (monday, saturday, sunday)


def test_other_countries_have_theirs_or_none() -> None:
    assert span("*", 6, "FR") is None
    assert span("*", 0, "DE") == "08:00-20:00"
    assert span("*", 5, "CA") == "10:00-18:00"
    assert hours_of(Jurisdiction("JP"), MONDAY) is None


@pytest.mark.parametrize(
    "country,day,is_one",
    [
        ("US", date(2026, 7, 4), True),
        ("US", date(2026, 7, 3), True),  # the Fourth is a Saturday, kept on the Friday
        ("US", date(2026, 11, 26), True),  # Thanksgiving
        ("US", date(2026, 5, 25), True),  # Memorial Day
        ("US", date(2026, 1, 19), True),
        ("US", date(2026, 6, 19), True),
        ("US", date(2020, 6, 19), False),  # not yet one
        ("US", date(2021, 12, 31), True),  # New Year's Day 2022 is a Saturday
        ("US", date(2023, 1, 2), True),  # New Year's Day 2023 is a Sunday
        ("US", date(2026, 11, 27), False),
        ("FR", date(2026, 4, 6), True),  # Easter Monday
        ("FR", date(2026, 5, 14), True),  # Ascension
        ("FR", date(2026, 5, 25), True),  # Whit Monday
        ("FR", date(2024, 4, 1), True),
        ("FR", date(2026, 7, 14), True),
        ("FR", date(2026, 7, 4), False),
        ("JP", date(2026, 1, 1), False),  # none is known of other countries
    ],
)
def test_holidays(country: str, day: date, is_one: bool) -> None:
    assert is_holiday(country, day) is is_one


def test_no_text_goes_to_alabama_on_a_holiday_and_one_goes_to_florida() -> None:
    fourth = datetime(2026, 7, 3, 15, tzinfo=UTC)  # Friday, on which the Fourth is kept
    alabama, florida = (hours_of(Jurisdiction("US", region), MONDAY) for region in ("AL", "FL"))
    assert alabama is not None
    assert florida is not None
    # Saturday the Fourth, Sunday: from Monday at eight on.
    assert next_open(fourth, "America/Chicago", alabama, timedelta(days=15)) == datetime(2026, 7, 6, 13, tzinfo=UTC)
    assert next_open(fourth, "America/Chicago", florida, timedelta(days=15)) == fourth


def test_a_row_counts_from_its_day_on(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"countries": ["ZZ"], "regions": [""], "days": "Mon-Sun", "holidays": True, "to": "20:00"}
    rows = [
        {**row, "from": "08:00", "valid_from": date(2026, 1, 1)},
        {**row, "from": "10:00", "valid_from": date(2026, 7, 1)},
    ]
    monkeypatch.setattr(jurisdictions, "read_rows", lambda: rows)
    jurisdictions._table.cache_clear()
    hours_of.cache_clear()
    try:
        begins = {}
        for day in (date(2025, 12, 31), date(2026, 6, 30), date(2026, 7, 1)):
            hours = hours_of(Jurisdiction("ZZ"), day)
            begins[day] = hours and hours.week[0]
        assert begins == {
            date(2025, 12, 31): None,
            date(2026, 6, 30): (time(8), time(20)),
            date(2026, 7, 1): (time(10), time(20)),
        }
    finally:
        jurisdictions._table.cache_clear()
        hours_of.cache_clear()


@pytest.mark.parametrize(
    "quiet,closed",
    [
        (Window(time(20), time(9)), []),
        (Window(time(18), time(9)), []),
        (Window(time(9), time(20)), ["US-*", "US-CT", "US-NV", "US-RI"]),
        (Window(time(9), time(18)), ["US-RI"]),
        (Window(time(17, 59), time(17, 58)), []),  # one minute is left to everybody
        (
            Window(time(7), time(6)),
            [
                *sorted(
                    {
                        "US",
                        "US-*",
                        *(f"US-{s}" for s in "AL CT FL KY LA MA MD MI MN MS NJ NM NV OK PA RI TX VA WA".split()),
                    }
                )
            ],
        ),
    ],
)
def test_places_that_a_stores_quiet_hours_leave_nothing_of_are_named(quiet: Window, closed: list[str]) -> None:
    assert without_hours(quiet, "US", MONDAY) == closed


def test_hours_that_never_come_are_given_up() -> None:
    never = Hours((None,) * 7)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert next_open(now, "UTC", never, timedelta(days=15)) is None
