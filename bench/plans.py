"""Plans: every rule on, very many people, and the simulator that decides by the same code."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.fanout import TABLES, bare_insert
from bench.house import Installation, add_waiting, installation, restock
from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.ledger.planning.preview import MOST_LOOKED, simulate
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest
from nexnotify.workers.steps import run_restock

#: Every rule that is asked about each person; what they hold is written too, and stands on both sides of a ratio.
EVERY_RULE: dict[str, Any] = {
    "quiet_hours": {"from": "20:00", "to": "09:00"},
    "frequency_cap": {"texts": 3, "hours": 168},
    "told_hours": 24,
    "bought_days": 3,
    "alert_order": "priority",
    "priority_field": "Friend of the house",
    "link_domain": "https://go.shop.example",
}
FEW, MANY = 1_000, 1_000_000
#: Rounds of few, each with other people; the first fills the caches.
ROUNDS = 6


def plan_all_rules_vs_insert(people: int = 100_000) -> float:
    """Seconds from restock to the last planned message with every rule on, divided by those of inserting its rows."""
    with installation(more_settings=EVERY_RULE) as house:
        add_waiting(house.app, house.store_id, people)
        planned = _plan(house, time.monotonic)
        db.session.remove()
        db.engine.dispose()
        database = Path(house.settings.database_url.removeprefix("sqlite:///"))
        return planned / bare_insert(database, (*TABLES, "short_link"))


def plan_cost_growth(people: int = MANY) -> float:
    """CPU time that a request takes to be planned among so many ÷ among a thousand, every rule on."""
    with installation(more_settings=EVERY_RULE) as house:
        rounds = []
        for round_ in range(ROUNDS):
            add_waiting(house.app, house.store_id, FEW, start=round_ * FEW)
            rounds.append(_plan(house, time.process_time) / FEW)
            with transaction():  # nothing sends here, so they would be decided about again with the next
                db.session.execute(sa.update(AlertRequest).values(status="alerted"))
        few = statistics.median(rounds[1:])
    with installation(more_settings=EVERY_RULE) as house:
        add_waiting(house.app, house.store_id, people)
        many = _plan(house, time.process_time) / people
    print(f"{'':27} ({few * 1e6:.0f} and {many * 1e6:.0f} µs a request)", flush=True)
    return many / few


def simulator_vs_planning(people: int = MOST_LOOKED) -> float:
    """Seconds to simulate a restock ÷ to plan it, with as many people as are decided about one by one."""
    with installation(more_settings=EVERY_RULE) as house:
        add_waiting(house.app, house.store_id, people)
        store = db.session.get_one(Store, house.store_id)
        variant = find_variant(store, sku="TEE-M")
        assert variant is not None
        begun = time.monotonic()
        found = simulate(store, variant, 5, utcnow())
        simulated = time.monotonic() - begun
        assert found.waiting == people
        db.session.remove()
        return simulated / _plan(house, time.monotonic)


def _plan(house: Installation, clock: Any) -> float:
    """What it takes from a restock to the last planned message, by a clock."""
    restock(house.store_id, 0)
    run_restock()
    begun = clock()
    restock(house.store_id, 5)
    run_restock()
    taken: float = clock() - begun
    return taken
