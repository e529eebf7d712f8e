"""The plan before the send and the simulator: the same code as the planner, and nothing written."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from nexnotify.catalog.service import find_variant
from nexnotify.cli import cli
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.gateways.models import Lane
from nexnotify.ledger.planning import preview as previews
from nexnotify.ledger.planning.preview import Preview, preview_of, simulate
from nexnotify.restock import steering
from nexnotify.restock.models import RestockEvent
from nexnotify.settings import Settings
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import Decision
from tests.credits import with_credits
from tests.rows import everything
from tests.shop import Shop
from tests.stages.test_claims import inside, lane_of, numbers
from tests.stages.test_waves import people, per_unit, steer
from tests.times import at

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def simulated(shop: Shop, units: int | None, sku: str = "TEE-M") -> Preview:
    with inside(shop.app):
        store = db.session.get_one(Store, shop.store_id)
        variant = find_variant(store, sku=sku)
        assert variant is not None
        found = simulate(store, variant, units, utcnow())
        db.session.rollback()
    return found


def decided(shop: Shop) -> Counter[tuple[str, str]]:
    with inside(shop.app):
        rows = db.session.execute(sa.select(Decision.verdict, Decision.reason).where(Decision.stage == "plan")).all()
    return Counter(tuple(row) for row in rows)


def mixed(shop: Shop, **settings: Any) -> None:
    """People for whom each reason holds: STOP, unreachable, told by another product of late, too few credits."""
    people(shop, 9, frequency_cap={"texts": 1, "hours": 24}, **settings)
    with_credits(shop, 12 * 4)
    with inside(shop.app), transaction():
        db.session.execute(sa.text("UPDATE contact SET opted_out_at = :now WHERE id = 1"), {"now": utcnow()})
        db.session.execute(sa.text("UPDATE contact SET unreachable_at = :now WHERE id = 2"), {"now": utcnow()})
    shop.product("CAP-S", on_hand=0)
    row = {"sku": "CAP-S", "phone": numbers(9)[3], "consent": True, "confirm": False}
    shop.post("requests", {"requests": [row]})
    shop.stock("CAP-S", 3)
    shop.work()
    with inside(shop.app), transaction():
        db.session.execute(sa.delete(Decision))


@pytest.mark.parametrize("quiet", [None, {"from": "20:00", "to": "09:00"}])
def test_the_simulation_and_the_plan_agree_on_the_same_facts(shop: Shop, quiet: Any) -> None:
    with at("2030-01-15 12:00"):
        mixed(shop)
    shop.put("settings", {"quiet_hours": quiet})
    with at("2030-01-15 22:00"):
        found = simulated(shop, 5)
        shop.stock("TEE-M", 5)
        shop.plan()
        assert found.people == decided(shop)
        texts = shop.messages(sku="TEE-M")
        assert found.segments == sum(message["segments"] for message in texts)
    assert found.going + 2 == 9
    if quiet:
        assert found.people[("hold", "quiet_hours")] > 0
    assert found.people[("hold", "no_credit")] > 0
    assert found.people[("hold", "frequency_cap")] == 1


def test_the_first_wave_of_the_simulation_is_the_first_wave(shop: Shop) -> None:
    everybody = people(shop, 20, waves=per_unit(2))
    found = simulated(shop, 3)
    assert [wave.people for wave in found.waves][:1] == [6]
    shop.stock("TEE-M", 3)
    shop.plan()
    assert [message["to"] for message in shop.messages()] == everybody[:6]


def test_a_simulation_writes_nothing_and_sends_nothing(shop: Shop, settings: Any) -> None:
    mixed(shop)
    before = everything(settings.database_url)
    assert simulated(shop, 5).going
    after = everything(settings.database_url)
    assert [line for line in after.split("\n") if ": (" in line] == [
        line for line in before.split("\n") if ": (" in line
    ]
    assert shop.get("products?sku=TEE-M")["products"][0]["variants"][0]["available"] == 0


def test_a_plan_that_waits_for_approval_shows_what_then_happens(shop: Shop) -> None:
    mixed(shop, approval=True)
    shop.stock("TEE-M", 5)
    shop.plan()
    with inside(shop.app):
        event = db.session.scalars(sa.select(RestockEvent).order_by(RestockEvent.id.desc())).first()
        assert event is not None
        found = preview_of(event, utcnow())
        assert event.plan_cursor == 0, "a look moves nothing"
        db.session.rollback()
    steer(shop, steering.send_now, utcnow())
    shop.plan()
    assert found.people == decided(shop)


def test_the_end_follows_from_the_lane(shop: Shop) -> None:
    people(shop, 120)
    with inside(shop.app), transaction():
        db.session.execute(sa.update(Lane).where(Lane.id == lane_of(shop)).values(rate=2.0))
    found = simulated(shop, 5)
    assert found.starts_at is not None
    assert found.ends_at is not None
    assert (found.ends_at - found.starts_at).total_seconds() == pytest.approx(60, abs=1)


def test_of_very_many_people_some_are_looked_at_and_the_figures_say_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(shop, 40)
    monkeypatch.setattr(previews, "MOST_LOOKED", 10)
    monkeypatch.setattr(previews, "CHUNK", 10)
    found = simulated(shop, 5)
    assert (found.looked, found.waiting, found.is_estimate) == (10, 40, True)
    assert found.people == {("send", "eligible"): 40}
    assert found.segments == 40


def test_the_command_prints_the_same_plan(shop: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    people(shop, 5, waves=per_unit(1))
    monkeypatch.setenv("NEXNOTIFY_INSTANCE", str(settings.instance))
    monkeypatch.setenv("NEXNOTIFY_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("NEXNOTIFY_QUEUE_URL", "memory:")
    monkeypatch.setenv("NEXNOTIFY_SECRET_KEYS", settings.secret_keys)
    asked = ["simulate", "--store", shop.key, "--sku", "TEE-M", "--units", "2"]
    done = CliRunner().invoke(cli, [*asked, "--json"], catch_exceptions=False)
    found = shop.post("simulations", {"sku": "TEE-M", "units": 2})["forecast"]
    moments = {"starts_at": 0, "ends_at": 0, "waves": 0}
    assert json.loads(done.output.splitlines()[-1])["forecast"] | moments == found | moments
    lines = CliRunner().invoke(cli, asked, catch_exceptions=False).output
    assert "5 wait, 5 would be told." in lines
    assert "(estimate, " in lines
