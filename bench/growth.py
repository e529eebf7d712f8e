"""Growth: what a text costs beside very many old ones."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack

import sqlalchemy as sa

from bench.history import OLD_EACH, fill_history
from bench.house import Installation, installation, restock
from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.dispatch.claim import claim
from nexnotify.dispatch.settle import settle
from nexnotify.gateways.contract import Accepted
from nexnotify.gateways.service import lane_of, sender_of
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest
from nexnotify.workers.steps import run_restock

FEW, MANY = 10_000, 1_000_000
#: Rounds, and people told in each; all of them others, so that the cap holds nobody back.
ROUNDS, PEOPLE = 5, 1_000
#: Texts claimed and settled together.
BATCH = 100
CAP = {"frequency_cap": {"texts": 3, "hours": 168}}


def cost_growth() -> float:
    """CPU time a text takes to be planned, claimed and settled beside a million old ones ÷ beside ten thousand.

    The frequency cap is on, so that people's histories are looked up. Rounds of both alternate; no gateway is called.
    """
    ratios = []
    with ExitStack() as stack:
        few = stack.enter_context(installation(gateway_url="http://127.0.0.1:9", more_settings=CAP))
        many = stack.enter_context(installation(gateway_url="http://127.0.0.1:9", more_settings=CAP))
        for house, old in ((few, FEW), (many, MANY)):
            with house.app.app_context():
                fill_history(house, old)
        for round_ in range(ROUNDS):
            small, large = _cost(few, FEW, round_), _cost(many, MANY, round_)
            print(f"{'':27} ({small:.0f} and {large:.0f} µs a text)", flush=True)
            ratios.append(large / small)
    return statistics.median(ratios[1:])  # the first round fills the caches


def _cost(house: Installation, old: int, round_: int) -> float:
    """Microseconds of CPU time for each text of one restock."""
    with house.app.app_context():
        restock(house.store_id, 0)
        _wait(house.store_id, old, round_)
        lane_id = _lane(house.store_id)
        begun = time.process_time()
        restock(house.store_id, 5)
        run_restock()
        told = _send(lane_id)
        seconds = time.process_time() - begun
        db.session.remove()
    assert told == PEOPLE, told
    return seconds / told * 1e6


def _wait(store_id: int, old: int, round_: int) -> None:
    """People out of all who have a history ask anew."""
    contacts = old // OLD_EACH
    stride = contacts // (ROUNDS * PEOPLE)
    variant = find_variant(db.session.get_one(Store, store_id), sku="TEE-M")
    assert variant is not None
    row = {"store_id": store_id, "variant_id": variant.id, "status": "waiting", "asked_status": "sold_out"}
    row |= {"first_name": "Ann", "source": "bench", "created_at": utcnow()}
    ids = [1 + stride * (round_ + ROUNDS * person) for person in range(PEOPLE)]
    with transaction():
        db.session.execute(sa.insert(AlertRequest), [row | {"contact_id": contact_id} for contact_id in ids])


def _send(lane_id: int) -> int:
    """Claim and settle all that is due, as if the gateway had accepted it; how many that were."""
    told = 0
    while True:
        with transaction():
            claimed = claim(lane_id, "bench:1:1", BATCH, utcnow())
        if not claimed.outgoing:
            return told
        with transaction():
            settle([(outgoing, Accepted(f"SM{outgoing.message_id}")) for outgoing in claimed.outgoing], utcnow())
        told += len(claimed.outgoing)


def _lane(store_id: int) -> int:
    sender = sender_of(db.session.get_one(Store, store_id), "sms")
    assert sender is not None
    return lane_of(sender).id
