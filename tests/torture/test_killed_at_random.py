"""Thousands of texts while every process of the installation is killed, again and again, at random moments.

What went out is not asked of the house but of the provider's stand-in, which writes down each text before it answers.
NEXNOTIFY_SEED repeats a run's choices; NEXNOTIFY_TORTURE=long (``make torture``) goes on for minutes.
"""

from __future__ import annotations

import os
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.stubs.twilio_stub import TwilioStub
from tests.torture.installation import ROLES, Installation

LONG = os.environ.get("NEXNOTIFY_TORTURE") == "long"
#: Texts of one round.
TEXTS = 5000 if LONG else 2000
#: Kills while a round's texts go out, at the least.
KILLS = 30 if LONG else 8
#: Seconds of rounds, for each database and each kind of list.
ROUNDS_SECONDS = 300.0 if LONG else 0.0
#: Seconds a round may take.
DEADLINE = 600.0 if LONG else 150.0
#: What the store pays its texts with.
CREDITS = 100_000_000
GONE = {"accepted", "sent", "delivered"}


@dataclass
class Storm:
    """Kills at random moments: most when a random number of texts has gone, some right after another kill."""

    house: Installation
    chance: random.Random
    log: Path
    kills: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lines = self._size = 0
        self._deck: list[str] = []

    def begin(self) -> None:
        """A new round: when to strike, as numbers of texts accepted."""
        start = self.accepted()
        early = [0] * (KILLS // 5)  # while stock comes in and alerts are planned
        later = [int(self.chance.uniform(0, 0.95) * TEXTS) for _ in range(KILLS - len(early))]
        self._moments = sorted(start + moment for moment in early + later)
        self._next = time.monotonic() + self.chance.uniform(0, 0.3)

    def accepted(self) -> int:
        """How many texts the provider has taken, by its own file."""
        if self.log.exists():
            with self.log.open("rb") as file:
                file.seek(self._size)
                news = file.read()
            self._size += len(news)
            self._lines += news.count(b"\n")
        return self._lines

    def strike_when_due(self) -> None:
        """Kill if it is time to."""
        if not self._moments or time.monotonic() < self._next or self.accepted() < self._moments[0]:
            return
        time.sleep(self.chance.uniform(0, 0.05))
        role = self._draw()
        if self.house.kill(role, self.chance):
            self.kills[role] += 1
            self._moments.pop(0)
            # The next may come at once, or in the middle of what this one has started again.
            self._next = time.monotonic() + self.chance.choice((0.0, 0.2, 1.0)) * self.chance.random()

    def _draw(self) -> str:
        """Roles as from a shuffled deck, so that each gets its turn; what sends, twice."""
        if not self._deck:
            self._deck = [*ROLES, "queue worker"]
            self.chance.shuffle(self._deck)
        return self._deck.pop()

    def strike_the_rest(self) -> None:
        """No more texts will be accepted: so many may have stayed uncertain that the last moments would never come."""
        self._moments = [0] * len(self._moments)

    @property
    def is_over(self) -> bool:
        return not self._moments


@dataclass
class Ledger:
    """The installation's database, read from outside."""

    engine: sa.Engine

    def count(self, statement: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.exec_driver_sql(statement).scalar_one())

    def statuses(self) -> Counter[str]:
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT status, count(*) FROM message GROUP BY status").all()
        return Counter(dict(rows))

    def is_settled(self, *, without_uncertain: bool) -> bool:
        """Nothing is on its way any more, and nobody waits."""
        open_states = ("held", "queued", "claimed", *(("uncertain",) if without_uncertain else ()))
        names = ", ".join(f"'{name}'" for name in open_states)
        return not (
            self.count("SELECT count(*) FROM stock_change WHERE looked_at IS NULL")
            or self.count("SELECT count(*) FROM restock_event WHERE planned_at IS NULL")
            or self.count("SELECT count(*) FROM alert_request WHERE status != 'alerted'")
            or self.count(f"SELECT count(*) FROM message WHERE status IN ({names})")
        )


def shoppers(start: int, count: int) -> list[str]:
    """Valid numbers, all different, none of which the stand-in treats in a special way (their ends are over 1000)."""
    numbers = []
    for index in range(start, start + count):
        block, rest = divmod(index, 9000)
        area, exchange = divmod(block, 700)
        numbers.append(f"+1{('212', '213', '312', '415')[area]}{300 + exchange}{1000 + rest}")
    return numbers


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("NEXNOTIFY_SEED") or secrets.randbelow(10**6))
    print(f"NEXNOTIFY_SEED={seed}")  # noqa: T201 - repeats a failed run's choices
    return random.Random(seed)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database of each kind; none for SQLite in the instance folder."""
    if request.param == "sqlite":
        yield ""
        return
    server = request.getfixturevalue("postgres")
    name = f"torture_{secrets.token_hex(4)}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.mark.parametrize(
    "listing",
    # A look-up waits longer than a short run may.
    [pytest.param(False, id="list-off"), *([pytest.param(True, id="list-on")] if LONG else [])],
)
def test_killed_at_random_moments_everyone_is_told_once_or_is_uncertain(
    tmp_path: Path, database: str, listing: bool, chance: random.Random
) -> None:
    log = tmp_path / "accepted.jsonl"
    house = Installation(tmp_path / "instance", database, workers=1)
    with TwilioStub(delay=0.05, file=log, listing=listing) as twilio, house:
        open_store(house, twilio.url)
        address = database or f"sqlite:///{house.folder / 'nexnotify.sqlite'}"
        engine = sa.create_engine(address, poolclass=sa.NullPool)
        storm = Storm(house, chance, log)
        ends_at = time.monotonic() + ROUNDS_SECONDS
        rounds = 0
        while rounds == 0 or time.monotonic() < ends_at:
            play_round(house, storm, Ledger(engine), rounds, listing)
            rounds += 1
            check_everything(house, twilio, rounds, listing)
            check_credits(Ledger(engine), rounds)
        assert sum(storm.kills.values()) >= 6 * rounds
        print(f"{rounds} rounds, kills: {dict(storm.kills)}")  # noqa: T201


def open_store(house: Installation, provider: str) -> None:
    """A store whose texts go to the provider's stand-in, with nothing that could hold one back."""
    made = house.command("store", "create", "--name", "Acme")
    house.api_key = made["api_key"]
    values = {"account_sid": "AC1", "auth_token": "secret", "from_number": "+12015550100", "api_base": provider}
    pairs = [part for name, value in {**values, "rate": "0"}.items() for part in ("--set", f"{name}={value}")]
    added = house.command("gateway", "add", "--store", made["store_key"], "--kind", "twilio", "--name", "Stub", *pairs)
    assert added["check"]["ok"]
    assert added["is_sender"]
    house.wait_ready()
    house.command("credits", "add", "--store", made["store_key"], str(CREDITS))
    house.call("PUT", "settings", {"quiet_hours": None, "frequency_cap": None, "credits": True})


def play_round(house: Installation, storm: Storm, ledger: Ledger, number: int, listing: bool) -> None:
    """A product, its shoppers, its restock, the kills, and calm."""
    skus = [f"TEE-{number}-{size}" for size in "SM"]
    variants = [{"id": f"v-{sku}", "sku": sku, "price": "20.00", "currency": "USD"} for sku in skus]
    product = {"id": f"p{number}", "title": f"Tee {number}", "url": "https://acme.example/t", "variants": variants}
    house.call("PUT", "products", {"products": [product]})
    house.call("PUT", "stock", {"levels": [{"sku": sku, "on_hand": 0} for sku in skus]})
    begun = time.monotonic()
    numbers = shoppers(number * TEXTS, TEXTS)
    with ThreadPoolExecutor(len(skus)) as storefronts:
        list(storefronts.map(lambda place: ask(house, place[1], numbers[place[0] :: len(skus)]), enumerate(skus)))
    signed_up = time.monotonic()
    storm.begin()
    house.call("PUT", "stock", {"levels": [{"sku": sku, "on_hand": 9000} for sku in skus]})
    raised = look_at = time.monotonic()
    over = threading.Event()
    with ThreadPoolExecutor(1) as storefront:
        telling = storefront.submit(tell_stock_again, house, random.Random(storm.chance.random()), skus, over)
        try:
            while True:
                house.keep_running()
                storm.strike_when_due()
                now = time.monotonic()
                if storm.is_over:
                    over.set()
                if now > look_at:
                    if ledger.is_settled(without_uncertain=listing):
                        if storm.is_over and telling.done():
                            break
                        storm.strike_the_rest()
                    look_at = now + 0.2
                assert now - raised < DEADLINE, f"Not settled after {DEADLINE:.0f} s: {dict(ledger.statuses())}"
                time.sleep(0.01)
        finally:
            over.set()
        telling.result()
    took = time.monotonic() - raised
    print(  # noqa: T201
        f"round {number}: {TEXTS} sign-ups in {signed_up - begun:.1f} s, settled {took:.1f} s after the restock "
        f"({TEXTS / took:.0f} texts/s), kills so far {dict(storm.kills)}, {dict(ledger.statuses())}"
    )


def ask(house: Installation, sku: str, numbers: list[str]) -> None:
    """The shoppers who wait for a variant."""
    for start in range(0, len(numbers), 100):
        rows = [
            {"sku": sku, "phone": phone, "channels": ["sms"], "consent": True, "confirm": False}
            for phone in numbers[start : start + 100]
        ]
        assert house.call("POST", "requests", {"requests": rows})["errors"] == []


def tell_stock_again(house: Installation, chance: random.Random, skus: list[str], over: threading.Event) -> None:
    """The same level again and again; sometimes sold out and back within one call, which is one more restock."""
    while not over.wait(chance.uniform(0.5, 2.0)):
        sku = chance.choice(skus)
        levels: list[dict[str, Any]] = [{"sku": sku, "on_hand": 9000}]
        if chance.random() < 0.5:
            levels.insert(0, {"sku": sku, "on_hand": 0})
        house.call("PUT", "stock", {"levels": levels})


def check_credits(ledger: Ledger, rounds: int) -> None:
    """No kill has left the ledger of credits beside the balance, or charged a text twice."""
    balance, reserved = (ledger.count(f"SELECT {name} FROM credit_balance") for name in ("balance", "reserved"))
    assert balance == ledger.count("SELECT sum(credits) FROM credit_entry")
    assert reserved == ledger.count("SELECT sum(reserved) FROM credit_entry")
    assert reserved == 12 * ledger.count("SELECT count(*) FROM message WHERE status = 'uncertain'")
    assert balance == CREDITS - 12 * rounds * TEXTS
    assert ledger.count("SELECT count(*) FROM message WHERE coalesce(credits, 0) != 12") == 0
    each = "SELECT message_id FROM credit_entry WHERE message_id IS NOT NULL GROUP BY message_id HAVING "
    assert ledger.count(f"SELECT count(*) FROM ({each} sum(credits) != -12) AS wrong") == 0


def check_everything(house: Installation, twilio: TwilioStub, rounds: int, listing: bool) -> None:
    """Compare what the provider got with what the house says, from the first round on."""
    got = twilio.counts()
    assert got == Counter(line["to"] for line in twilio.accepted())
    everybody = set(shoppers(0, rounds * TEXTS))
    twice = {to: count for to, count in got.items() if count > 1}
    assert not twice, f"Told twice: {twice}"
    assert set(got) <= everybody

    requests = list(house.pages("requests", "requests"))
    assert Counter(row["to"] for row in requests) == Counter(everybody), "Each asked once"
    assert {row["status"] for row in requests} == {"alerted"}

    messages = list(house.pages("messages", "messages"))
    assert Counter(row["to"] for row in messages) == Counter(everybody), "One message each, none lost, none doubled"
    states = {row["to"]: row["status"] for row in messages}
    assert set(states.values()) <= GONE | {"uncertain"}
    said_gone = {to for to, status in states.items() if status in GONE}
    assert said_gone <= set(got), "The house says accepted what the provider never got"
    assert everybody - said_gone == {to for to, status in states.items() if status == "uncertain"}
    if listing:
        assert said_gone == set(got) == everybody, "With a list to look at, nothing stays uncertain"
