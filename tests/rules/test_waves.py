"""How many people are told next, and when: tables of facts, and what holds whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from nexnotify.restock.waves import ENDED, GROWTH, Standing, Stop, Wave, forecast, next_wave
from nexnotify.stores.waves import Automatic, Paced, PerUnit, Staged, Waves

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
PER_UNIT = PerUnit(kind="per_unit", people=3, minutes=60)
PACED = Paced(kind="paced", people=50, minutes=10)
STAGED = Staged(kind="staged", percent=30, minutes=30)
AUTOMATIC = Automatic(kind="automatic", minutes=15)
LAST = NOW - timedelta(hours=5)


@pytest.mark.parametrize(
    "policy, standing, size, why",
    [
        ("all", Standing(5, 100), None, "all"),
        (PER_UNIT, Standing(5, 100), 15, "per_unit"),
        (PER_UNIT, Standing(2, 85, told=15, sold=3, last_at=LAST), 6, "per_unit"),
        (PER_UNIT, Standing(None, 100), None, "unlimited"),
        (PACED, Standing(5, 100), 50, "paced"),
        (PACED, Standing(None, 100), 50, "paced"),
        (STAGED, Standing(5, 100), 30, "share_first"),
        (STAGED, Standing(1, 3), 1, "share_first"),
        # 30 told, none sold: stock is enough for another share, as far as anybody knows.
        (STAGED, Standing(5, 70, told=30, last_at=LAST), 30, "share_next"),
        # One in three buys, so 5 units are enough for 15 people.
        (STAGED, Standing(5, 70, told=30, sold=10, last_at=LAST), 15, "share_cut"),
        (AUTOMATIC, Standing(12, 100), 12, "auto_first"),
        # One in four buys, so 9 units are enough for 36; but the rate is measured on 12.
        (AUTOMATIC, Standing(9, 88, told=12, sold=3, last_at=LAST), 24, "auto_growth"),
        (AUTOMATIC, Standing(3, 60, told=40, sold=10, last_at=LAST), 12, "auto_next"),
        # Four went in the last minutes and four more are expected: 8 of 40 buy, which leaves 6 units for 30 people.
        (AUTOMATIC, Standing(10, 60, told=40, sold=4, sold_lately=4, last_at=LAST), 30, "auto_next"),
        # Nobody has bought: as if the next one did, but at most twice as many as so far.
        (AUTOMATIC, Standing(10, 60, told=10, last_at=LAST), 20, "auto_growth"),
    ],
)
def test_the_size_of_a_wave(policy: Waves, standing: Standing, size: int | None, why: str) -> None:
    wave = next_wave(policy, standing, NOW)
    assert isinstance(wave, Wave)
    assert (wave.size, wave.why, wave.at) == (size, why, NOW)
    assert "%(" not in wave.words


@pytest.mark.parametrize(
    "standing, reason",
    [
        (Standing(0, 100), "stock_gone"),
        (Standing(-2, 100), "stock_gone"),
        (Standing(0, 0), "stock_gone"),
        (Standing(5, 0), "everyone_told"),
        (Standing(5, 100, told=7, most=7), "cap_reached"),
    ],
)
@pytest.mark.parametrize("policy", ["all", PER_UNIT, PACED, STAGED, AUTOMATIC])
def test_when_nobody_is_told_any_more(policy: Waves, standing: Standing, reason: str) -> None:
    assert next_wave(policy, standing, NOW) == Stop(reason)
    assert ENDED[reason]


def test_the_next_wave_waits_for_its_minutes_and_for_texts_that_wait_for_their_lane() -> None:
    told = Standing(5, 100, told=15, last_at=NOW - timedelta(minutes=20))
    assert next_wave(PER_UNIT, told, NOW).at == NOW + timedelta(minutes=40)  # type: ignore[union-attr]
    late = Standing(5, 100, told=15, last_at=LAST, unsent=3)
    assert next_wave(PER_UNIT, late, NOW).at > NOW  # type: ignore[union-attr]
    hurried = Standing(5, 100, told=15)
    assert next_wave(PER_UNIT, hurried, NOW).at == NOW  # type: ignore[union-attr]


def test_an_automatic_wave_waits_while_those_told_are_expected_to_buy_what_is_left() -> None:
    wave = next_wave(AUTOMATIC, Standing(3, 60, told=40, sold=20, sold_lately=4, last_at=LAST), NOW)
    assert isinstance(wave, Wave)
    assert (wave.why, wave.at) == ("auto_wait", NOW + timedelta(minutes=15))


def test_a_cap_of_staff_is_kept_by_a_policy_that_would_tell_everybody() -> None:
    wave = next_wave("all", Standing(5, 100, told=3, most=10), NOW)
    assert isinstance(wave, Wave)
    assert wave.size == 7


@pytest.mark.parametrize("given", ["some", {"kind": "clever"}, {"people": 3}, 3, None, ["all"]])
def test_what_is_no_policy_is_refused_in_one_sentence(given: Any) -> None:
    with pytest.raises(ValueError, match=r"must be \"all\", or an object whose \"kind\" is one of") as found:
        TypeAdapter(Waves).validate_python(given)
    assert str(found.value).count("must be") == 1


POLICIES = st.one_of(
    st.just("all"),
    st.builds(PerUnit, kind=st.just("per_unit"), people=st.integers(1, 100), minutes=st.integers(1, 10_080)),
    st.builds(Paced, kind=st.just("paced"), people=st.integers(1, 500), minutes=st.integers(1, 10_080)),
    st.builds(Staged, kind=st.just("staged"), percent=st.integers(1, 100), minutes=st.integers(1, 10_080)),
    st.builds(Automatic, kind=st.just("automatic"), minutes=st.integers(1, 10_080)),
)


@settings(max_examples=200, deadline=None)
@given(
    policy=POLICIES,
    units=st.one_of(st.none(), st.integers(1, 200)),
    people=st.integers(1, 500),
    most=st.one_of(st.none(), st.integers(1, 100)),
    buying=st.lists(st.integers(0, 60), max_size=30),
)
def test_whatever_people_buy_no_wave_is_larger_than_the_policy_allows(
    policy: Any, units: int | None, people: int, most: int | None, buying: list[int]
) -> None:
    """A whole restock: wave after wave, after each of which so many units are sold."""
    now, told, sold, last_at, last_sold = NOW, 0, 0, None, 0
    left, rounds = units, iter(buying)
    for _ in range(700):  # one wave for each of 300 people, and a wait before each
        standing = Standing(left, people - told, told, sold, last_sold, last_at, most=most)
        wave = next_wave(policy, standing, now)
        if isinstance(wave, Stop):
            break
        assert wave.at >= now
        if wave.at > now:
            assert wave.at == now + timedelta(minutes=policy.minutes) or last_at is not None
            now, last_sold = wave.at, 0
            continue
        if last_at is not None and policy != "all":
            assert now >= last_at + timedelta(minutes=policy.minutes), "never two waves within the minutes"
        size = people - told if wave.size is None else wave.size
        assert size > 0
        assert_allowed(policy, standing, size, people, wave.size is None)
        taken = min(size, people - told)
        told, last_at = told + taken, now
        last_sold = 0 if left is None else min(left, next(rounds, 0))
        left, sold = None if left is None else left - last_sold, sold + last_sold
        now += timedelta(minutes=0 if policy == "all" else policy.minutes)
    else:
        raise AssertionError("a restock that never ends")
    assert told <= people
    assert most is None or told <= most
    assert wave.reason in ENDED


def assert_allowed(policy: Any, standing: Standing, size: int, people: int, is_everybody: bool) -> None:
    units = standing.units
    if is_everybody:
        assert policy == "all" or (units is None and policy.kind != "paced")
    elif policy == "all":
        assert size == (standing.most or 0) - standing.told
    elif policy.kind == "paced":
        assert size <= policy.people
    elif units is not None and policy.kind == "per_unit":
        assert size <= policy.people * units
    elif units is not None and policy.kind == "staged":
        assert size <= max(units, -(-people * policy.percent // 100))
    elif units is not None:
        assert size <= max(units, GROWTH * standing.told)


@settings(max_examples=50, deadline=None)
@given(policy=POLICIES, units=st.one_of(st.none(), st.integers(1, 50)), people=st.integers(1, 300))
def test_a_forecast_begins_with_what_the_rule_decides_and_tells_nobody_twice(
    policy: Any, units: int | None, people: int
) -> None:
    standing = Standing(units, people)
    waves = list(forecast(policy, standing, NOW, lambda moment: moment))
    first = next_wave(policy, standing, NOW)
    assert isinstance(first, Wave)
    assert waves[0].people == (people if first.size is None else min(first.size, people))
    assert sum(wave.people for wave in waves) <= people
    assert [wave.at for wave in waves] == sorted(wave.at for wave in waves)
