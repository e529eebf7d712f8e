"""Waves and quiet hours together, through planner and sender: whatever the policy, the hours, the zones and the clocks."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import strategies as st

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.policy.quiet_hours import Window
from nexnotify.restock.models import RestockEvent, RestockWave
from tests.shop import Shop
from tests.stages.test_claims import inside, numbers
from tests.times import local, moment

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PEOPLE = 6
#: Of the first nights in which the clocks of America and of Europe change, and one in which none does.
EVENINGS = ["2030-03-09 19:30", "2030-03-30 19:30", "2030-07-15 19:30", "2030-11-02 19:30"]
ZONES = ["America/New_York", "America/St_Johns", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
POLICIES: st.SearchStrategy[Any] = st.one_of(
    st.just("all"),
    st.fixed_dictionaries({"kind": st.sampled_from(["per_unit", "paced"]), "people": st.integers(1, 2)}),
    st.fixed_dictionaries({"kind": st.just("staged"), "percent": st.sampled_from([20, 50])}),
    st.just({"kind": "automatic"}),
).map(lambda policy: policy if policy == "all" else {**policy, "minutes": 30})
HOURS = st.sampled_from(["20:00", "21:15", "23:00", "01:30", "02:30", "08:00"])
STEPS = st.lists(st.tuples(st.sampled_from([20, 45, 150, 420]), st.none() | st.integers(0, 4)), min_size=4, max_size=5)


@hypothesis.settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    derandomize=True,
    phases=[hypothesis.Phase.generate],  # examples take half a second each, so none is made smaller
)
@hypothesis.given(
    evening=st.sampled_from(EVENINGS),
    policy=POLICIES,
    window=st.tuples(HOURS, HOURS).filter(lambda pair: pair[0] != pair[1]),
    zones=st.lists(st.sampled_from(ZONES), min_size=PEOPLE, max_size=PEOPLE),
    steps=STEPS,
)
def test_nobody_is_texted_in_quiet_hours_or_twice_or_beyond_the_wave_or_before_who_asked_first(
    shop: Shop,
    evening: str,
    policy: Any,
    window: tuple[str, str],
    zones: list[str],
    steps: list[tuple[int, int | None]],
) -> None:
    sku, now = f"TEE-{len(shop.get('products?limit=200')['products'])}", local(evening)
    quiet = {"from": window[0], "to": window[1]}
    shop.put("settings", {"waves": policy, "quiet_hours": quiet, "frequency_cap": None})
    shop.product(sku)
    rows = [
        {"sku": sku, "phone": to, "consent": True, "confirm": False, "zone": zone}
        for to, zone in zip(numbers(PEOPLE), zones, strict=True)
    ]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    for minutes, units in [(0, 2), *steps]:
        now += timedelta(minutes=minutes)
        with time_machine.travel(now, tick=True):
            if units is not None:
                shop.stock(sku, units)
            shop.work()
    found = shop.messages(sku=sku)
    assert [message["to"] for message in found] == numbers(PEOPLE)[: len(found)], "oldest first, and each once"
    for message in found:
        if message["accepted_at"]:
            zone = zones[numbers(PEOPLE).index(message["to"])]
            assert_loud(moment(message["accepted_at"]), zone, window)
    events = sa.select(RestockEvent.id).join(Variant, Variant.id == RestockEvent.variant_id).where(Variant.sku == sku)
    statement = sa.select(RestockWave).where(RestockWave.restock_id.in_(events)).order_by(RestockWave.id)
    before: dict[int, int] = {}
    with inside(shop.app):
        for wave in db.session.scalars(statement):
            told = before.get(wave.restock_id, 0)
            assert wave.told <= allowed(policy, wave, told)
            before[wave.restock_id] = told + wave.told


def allowed(policy: Any, wave: RestockWave, before: int) -> int:
    """The most that one wave may tell, said from the policy alone."""
    if policy == "all":
        return PEOPLE
    if policy["kind"] == "staged":
        return max(wave.units or 0, -(-PEOPLE * int(policy["percent"]) // 100))
    if policy["kind"] == "automatic":
        return max(wave.units or 0, 2 * before)
    return int(policy["people"]) * ((wave.units or 0) if policy["kind"] == "per_unit" else 1)


def assert_loud(at: datetime, zone: str, window: tuple[str, str]) -> None:
    """It was not quiet on the clock of that person's browser."""
    there = at.astimezone(ZoneInfo(zone)).time()
    assert not Window(*map(time.fromisoformat, window)).covers(there), f"{there} in {zone}"
