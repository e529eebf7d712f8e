"""The step ``holds``: workers that die at every point, random histories, and what it costs."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.holds import work
from nexnotify.holds.calls import Call, make_all
from nexnotify.holds.contract import Answer, Holds, Refused, Reservation, Variant
from nexnotify.holds.rules import OPEN
from nexnotify.ledger.models import Alert, Hold
from nexnotify.settings import Settings
from nexnotify.waitlist.models import AlertRequest
from nexnotify.workers import holding
from nexnotify.workers.holding import run_holds
from tests.conftest import make_settings
from tests.holding import connect, holds, sent, stop, waiting
from tests.shop import Shop
from tests.stages.test_claims import inside, lane_of, numbers
from tests.stages.test_hot_statements import check_reads, fill_past, watched
from tests.stubs.holds_stub import HoldsStub
from tests.times import later

ANN, BEN = "+12015550123", "+12015550124"
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def storefront() -> Iterator[HoldsStub]:
    with HoldsStub() as stub:
        yield stub


@pytest.fixture
def settings(tmp_path: Path, database_url: str, storefront: HoldsStub) -> Settings:
    return make_settings(tmp_path, database_url, private_shops=storefront.origin)


class Killed(BaseException):
    """The worker's process ends here."""


def killed(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize("at", ["before the call", "after the call", "before the text"])
def test_a_worker_that_dies_leaves_one_unit_for_one_person(
    shop: Shop, storefront: HoldsStub, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storefront.units = 3
    connect(shop, storefront)
    waiting(shop, ANN)
    shop.stock("TEE-M", 3)
    shop.plan()
    shop.send()
    with monkeypatch.context() as patched:
        if at == "before the call":
            patched.setattr(holding, "_call", killed)
        elif at == "after the call":
            patched.setattr(work, "settle", killed)
        with inside(shop.app):
            try:
                run_holds(killed)
            except Killed:
                db.session.rollback()
    assert sent(shop) == []
    with later(seconds=31):  # whoever comes after finds what is on record
        shop.work()
        assert sent(shop) == [ANN]
    assert storefront.most == storefront.taken == 1
    assert [status for status, _ in holds(shop)] == ["held"]


@sqlite
def test_a_worker_that_dies_while_giving_back_gives_back_once(
    shop: Shop, storefront: HoldsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(shop, storefront)
    waiting(shop, ANN, BEN)
    shop.stock("TEE-M", 5)
    shop.work()
    with later(minutes=31), monkeypatch.context() as patched:
        patched.setattr(work, "settle", killed)
        with inside(shop.app), pytest.raises(Killed):
            run_holds()
    assert holds(shop)[0] == ("releasing", "lapsed")
    with later(minutes=32):
        shop.work()
        shop.work()
        assert holds(shop)[0] == ("lapsed", "lapsed")
        assert sent(shop) == [ANN, BEN]
    assert len(storefront.given_back) == 1


@sqlite
def test_a_result_that_comes_after_its_lease_counts_no_more(shop: Shop, storefront: HoldsStub) -> None:
    connect(shop, storefront)
    waiting(shop, ANN)
    shop.stock("TEE-M", 1)
    shop.plan()
    shop.send()
    with inside(shop.app), transaction():
        _, [slow] = work.take_due(utcnow())
    with later(seconds=31):
        shop.work()
    with inside(shop.app), transaction():
        work.settle([(slow, work.Refused("long ago"))], utcnow())
    assert [status for status, _ in holds(shop)] == ["held"]


@sqlite
def test_of_very_many_the_storefront_is_asked_for_no_more_than_it_has(shop: Shop, storefront: HoldsStub) -> None:
    storefront.units = 3
    connect(shop, storefront)
    people = numbers(60)
    waiting(shop, *people[:1])
    rows = [{"sku": "TEE-M", "phone": to, "channels": ["sms"], "consent": True, "confirm": False} for to in people[1:]]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    shop.stock("TEE-M", 60)
    shop.work()
    shop.work()
    assert sorted(sent(shop)) == sorted(people[:3])  # those who asked first
    assert len(storefront.calls) <= 3 + 16
    assert Counter(message["status"] for message in shop.messages()) == {"delivered": 3, "suppressed": 57}


def test_what_may_be_kept_already_is_asked_about_though_others_were_refused() -> None:
    """The first call's answer was lost, so "there are none" may well be because these are kept."""

    class Storefront(Holds):
        def reserve(self, variant: Variant, quantity: int, until: datetime, key: str) -> Reservation | Refused:
            return Reservation(key) if key == "kept" else Refused("sold out")

    def call(key: str, tries: int) -> Call:
        return Call(tries, 1, "asking", tries, Variant("v-1", "TEE-M"), 1, utcnow(), key, None)

    storefront = Storefront({}, lambda *_: Answer(200, b""))
    results = make_all([call("new", 1), call("kept", 2), call("newer", 1)], storefront)
    assert [outcome for _, outcome in results] == [Refused("sold out"), Reservation("kept"), Refused()]


@sqlite
def test_switched_off_a_claim_asks_nothing_of_holds(shop: Shop) -> None:
    waiting(shop, ANN)
    shop.stock("TEE-M", 1)
    with inside(shop.app), watched() as seen:
        shop.plan()
        shop.send()
    asked = [statement for statement in seen.statements if re.search(r"(FROM|JOIN|INTO|UPDATE) hold", statement)]
    # Once a second the sender looks whether a unit is due; not for a message, and not for a person.
    assert [statement for statement in asked if "due_at" not in statement] == []
    assert sent(shop) == [ANN]


def test_no_statement_about_a_unit_reads_what_went_out_before(shop: Shop, storefront: HoldsStub) -> None:
    lane_id = lane_of(shop)
    storefront.units = 2
    connect(shop, storefront, confirmations=False)
    shop.product("TEE-M")
    with inside(shop.app):
        fill_past(shop, lane_id)
        fill_holds()
    for person in (ANN, BEN):
        both = {"sku": "TEE-M", "phone": person, "email": f"a{person[-3:]}@mail.example", "consent": True}
        shop.widget({**both, "channels": ["sms", "email"]})
    with inside(shop.app), watched() as seen:
        shop.stock("TEE-M", 5)
        shop.work()
        with later(minutes=31):
            shop.work()
            shop.work()
    with inside(shop.app):
        assert any("UPDATE hold" in statement for statement in seen.statements)
        # Whether anybody waits for what was freed, and how many, is read of those who do: they are no past.
        who_waits = re.compile(r"\b(ix_alert_request_(waiting|list)|uq_alert_request_open)\b")
        check_reads(seen, keep=lambda fault: not who_waits.search(fault.partition("\n")[0]))


def fill_holds() -> None:
    """Each text of the past had a unit."""
    now = utcnow() - timedelta(days=3)
    rows = db.session.execute(
        sa.select(Alert.store_id, Alert.message_id, Alert.restock_id, AlertRequest.variant_id)
        .join(AlertRequest, AlertRequest.id == Alert.request_id)
        .where(Alert.message_id.is_not(None))
    ).all()
    db.session.rollback()
    same = {"quantity": 1, "status": "lapsed", "minutes": 30, "until": now, "tries": 1, "asked_at": now, "due_at": None}
    values = [
        {
            "store_id": row.store_id,
            "message_id": row.message_id,
            "restock_id": row.restock_id,
            "variant_id": row.variant_id,
            "key": f"past-{row.message_id}",
            **same,
        }
        for row in rows
    ]
    assert len(values) > 1000
    with transaction():
        db.session.execute(sa.insert(Hold.__table__), values)
    with transaction():
        db.session.execute(sa.text("ANALYZE"))


DEEDS = ("work", "time", "stock", "none", "stop", "buy", "silence", "voice")


@hypothesis.settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    derandomize=True,
    phases=[hypothesis.Phase.generate],  # an example takes a second, so none is made smaller
)
@hypothesis.given(
    units=st.integers(0, 3), deeds=st.lists(st.sampled_from(DEEDS), min_size=6, max_size=10), seed=st.integers(0, 99)
)
@sqlite
def test_whatever_happens_no_unit_is_kept_twice_and_each_is_given_back_once(
    shop: Shop, storefront: HoldsStub, units: int, deeds: list[str], seed: int
) -> None:
    """Never more units than there are, never two for a person, and at the end none is left with nobody."""
    shop, chance = Shop.open(shop.app, name=f"Shop {utcnow().timestamp()}"), random.Random(seed)
    storefront.kept, storefront.calls, storefront.given_back, storefront.most = {}, [], [], 0
    storefront.units, storefront.loses_answers = units, False
    connect(shop, storefront, told_hours=0)
    people = numbers(4)
    waiting(shop, *people)
    shop.stock("TEE-M", 4)
    minutes = 0.0
    each: dict[str, Callable[[], object]] = {
        "work": lambda: None,
        "stock": lambda: shop.stock("TEE-M", 4),
        "none": lambda: shop.stock("TEE-M", 0),
        "stop": lambda: stop(shop, chance.choice(people)),
        "buy": lambda: [storefront.buy(key) for key in storefront.reserved()[:1]],
        "silence": lambda: setattr(storefront, "loses_answers", True),
        "voice": lambda: setattr(storefront, "loses_answers", False),
    }
    for deed in deeds:
        minutes += chance.choice([0.2, 1.5, 16, 31]) if deed == "time" else 0.1
        with later(minutes=minutes):
            each.get(deed, lambda: None)()
            shop.work()
            check_units(shop, storefront)
    storefront.loses_answers = False
    while any(status in OPEN for status, _ in holds(shop)):  # whoever waits has a turn
        minutes += 61
        assert minutes < 3000
        with later(minutes=minutes):
            shop.work()
            check_units(shop, storefront)
    assert storefront.reserved() == []
    assert len(storefront.given_back) == len(set(storefront.given_back))
    assert all(status in ("redeemed", "released", "lapsed", "refused") for status, _ in holds(shop))
    shop.put("settings", {"hold_minutes": None})  # who waits still asks the next example's storefront for nothing


def check_units(shop: Shop, storefront: HoldsStub) -> None:
    assert storefront.most <= storefront.units
    with inside(shop.app):
        alive = (Hold.store_id == shop.store_id, Hold.status.in_(("asking", "held")))
        of_request = sa.and_(Alert.store_id == Hold.store_id, Alert.message_id == Hold.message_id)
        theirs = db.session.scalars(
            sa.select(AlertRequest.contact_id)
            .join(Alert, Alert.request_id == AlertRequest.id)
            .join(Hold, of_request)
            .where(*alive)
        ).all()
    assert len(theirs) == len(set(theirs))
    assert max(Counter(sent(shop)).values(), default=1) == 1
