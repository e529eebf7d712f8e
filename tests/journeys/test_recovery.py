"""What goes wrong between us and a gateway: nobody is lost by it, nobody is told without end, and a STOP stays one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.gateways import http
from nexnotify.gateways.contract import (
    Absent,
    Accepted,
    CannotTell,
    Capabilities,
    Found,
    Misconfigured,
    OutgoingMessage,
    RateLimited,
    Receipt,
    Rejected,
    SentMessage,
    Transient,
    Unknown,
)
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import resume
from nexnotify.ledger.models import MessageEvent
from nexnotify.ledger.opening import take_over_queue
from nexnotify.workers import recovering
from nexnotify.workers import sender as sending
from tests.shop import Shop
from tests.stages.test_claims import (
    claim_now,
    end_leases,
    inside,
    numbers,
    queue_for,
    settle_now,
    statuses,
    wait_for_stock,
)
from tests.stubs.twilio_stub import TwilioStub
from tests.texting import Line, Twilio
from tests.times import at, later

ANN = numbers(1)[0]


@dataclass
class Provider:
    """Stands behind every gateway: answers by script, and keeps what it was asked."""

    #: What each send meets, in turn, the last one for ever: an Accepted or an error.
    sends: list[Any] = field(default_factory=lambda: [Accepted()])
    #: What a look-up says, by number; any other number was delivered.
    knows: dict[str, Any] = field(default_factory=dict)
    #: (kind of gateway, number), in the order of the calls.
    calls: list[tuple[str, str]] = field(default_factory=list)

    def open(self, instance: GatewayInstance) -> _Gateway:
        return _Gateway(self, instance.kind)

    def called(self) -> list[str]:
        return sorted(to for _, to in self.calls)


@dataclass
class _Gateway:
    provider: Provider
    kind: str
    capabilities = Capabilities(lookup=True)

    def send(self, message: OutgoingMessage) -> Any:
        self.provider.calls.append((self.kind, message.to))
        sends = self.provider.sends
        outcome = sends.pop(0) if len(sends) > 1 else sends[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def lookup(self, message: SentMessage) -> Any:
        answer = self.provider.knows.get(message.to, Found(Receipt("delivered")))
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    found = Provider()
    monkeypatch.setattr(sending, "open_gateway", found.open)
    monkeypatch.setattr(recovering, "open_gateway", found.open)
    return found


def restock(shop: Shop) -> None:
    """Sold out, and back again; everything that follows."""
    shop.stock("TEE-M", 0)
    shop.stock("TEE-M", 100)
    shop.work()


def lifted(shop: Shop) -> None:
    """The merchant says "go on" to every gateway."""
    with inside(shop.app), transaction():
        for gateway in db.session.scalars(sa.select(GatewayInstance)):
            resume(gateway, utcnow())
            take_over_queue(gateway)


def requests(shop: Shop) -> list[str]:
    return [request["status"] for request in shop.requests()]


def history(shop: Shop) -> str:
    """The words of every message's history, as they lie in the database."""
    with inside(shop.app):
        return "\n".join(filter(None, db.session.scalars(sa.select(MessageEvent.detail))))


def kannel(shop: Shop) -> Line:
    """A gateway whose inbound texts bear no ids; it becomes the sender."""
    return Line.add(shop, "kannel", username="u", password="p", rate=0)


def text(line: Line, words: str, from_: str = ANN) -> None:
    assert line.get(line.inbound, **{"from": from_, "to": "1", "text": words}).status_code == 200


# --- the late word ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refusal",
    [Transient("Busy."), RateLimited("Slower.", retry_after=5.0), Misconfigured("The account is suspended.")],
    ids=["transient", "rate limited", "misconfigured"],
)
def test_who_was_surely_not_sent_to_is_sent_to_again_though_the_word_came_late(
    shop: Shop, provider: Provider, refusal: Any
) -> None:
    queue_for(shop, [ANN])
    taken = claim_now(shop)
    end_leases(shop)
    assert (statuses(shop), requests(shop)) == (["uncertain"], ["alerted"])

    settle_now(shop, taken, refusal)
    assert (statuses(shop), requests(shop)) == (["queued"], ["waiting"])
    lifted(shop)
    with later(minutes=2):
        shop.work()
        assert provider.called() == [ANN]
        assert (statuses(shop), requests(shop)) == (["accepted"], ["alerted"])
        restock(shop)
        assert provider.called() == [ANN], "Told once is told"


def test_who_asked_anew_and_was_told_is_not_told_once_more_when_the_first_text_turns_out_lost(
    shop: Shop, provider: Provider
) -> None:
    wait_for_stock(shop, [ANN])
    shop.put("settings", {"confirmations": False})
    provider.sends = [Unknown("The answer broke off."), Accepted()]
    provider.knows = {ANN: Absent()}
    shop.stock("TEE-M", 5)
    shop.work()
    assert statuses(shop) == ["uncertain"]
    shop.stock("TEE-M", 0)
    shop.work()
    shop.ask("TEE-M", ANN)
    restock(shop)
    assert provider.called() == [ANN, ANN]
    with later(minutes=2):
        shop.work()
    assert provider.called() == [ANN, ANN]
    assert requests(shop) == ["alerted", "alerted"]
    assert statuses(shop) == ["suppressed", "accepted"]


def test_who_was_refused_late_for_the_texts_sake_waits_for_the_next_restock(shop: Shop, provider: Provider) -> None:
    queue_for(shop, [ANN])
    taken = claim_now(shop)
    end_leases(shop)
    settle_now(shop, taken, Rejected("Not these words.", reason="content"))
    assert (statuses(shop), requests(shop)) == (["rejected"], ["waiting"])

    restock(shop)
    assert provider.called() == [ANN]
    assert (statuses(shop), requests(shop)) == (["rejected", "accepted"], ["alerted"])


@pytest.mark.parametrize("reason", ["invalid_number", "opted_out"])
def test_who_was_refused_late_for_the_numbers_sake_waits_no_more(shop: Shop, provider: Provider, reason: Any) -> None:
    queue_for(shop, [ANN])
    taken = claim_now(shop)
    end_leases(shop)
    settle_now(shop, taken, Rejected("No.", reason=reason))
    restock(shop)
    assert (statuses(shop), requests(shop), provider.called()) == (["rejected"], ["cancelled"], [])


# --- a gateway that is paused ----------------------------------------------------------------------------------------


def test_what_a_paused_gateway_has_tried_goes_out_by_its_successor(shop: Shop, provider: Provider) -> None:
    people = numbers(3)
    queue_for(shop, people)
    settle_now(shop, claim_now(shop, limit=2), Misconfigured("The account is suspended."))
    shop.work()
    assert (statuses(shop), provider.calls) == (["queued"] * 3, []), "Kept while nobody can send"

    successor = kannel(shop)
    with inside(shop.app), transaction():
        assert take_over_queue(db.session.get_one(GatewayInstance, successor.id)) == 3
    shop.work()
    assert sorted(provider.calls) == [("kannel", to) for to in people]
    assert [message["gateway"] for message in shop.messages()] == ["kannel"] * 3
    assert requests(shop) == ["alerted"] * 3


def test_what_a_paused_gateway_keeps_for_days_goes_out_when_the_pause_ends(shop: Shop, provider: Provider) -> None:
    people = numbers(2)
    queue_for(shop, people)
    settle_now(shop, claim_now(shop, limit=1), Misconfigured("The account is suspended."))
    with later(hours=50):
        shop.work()
        assert statuses(shop) == ["queued"] * 2
        lifted(shop)
        shop.work()
        assert provider.called() == people
        assert requests(shop) == ["alerted"] * 2


def test_what_is_sold_out_by_then_stays_untold_until_the_next_restock(shop: Shop, provider: Provider) -> None:
    people = numbers(2)
    queue_for(shop, people)
    settle_now(shop, claim_now(shop, limit=1), Misconfigured("The account is suspended."))
    with later(hours=50):
        shop.stock("TEE-M", 0)
        lifted(shop)
        shop.work()
        assert provider.calls == []
        assert requests(shop) == ["waiting"] * 2
        restock(shop)
        assert provider.called() == people
        assert requests(shop) == ["alerted"] * 2


# --- uncertain -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted,times", [(True, 2), (False, 1)], ids=["rather twice than never", "rather never than twice"]
)
def test_rather_twice_means_twice(shop: Shop, provider: Provider, wanted: bool, times: int) -> None:
    shop.put("settings", {"resend_uncertain": wanted})
    provider.sends = [Unknown("No answer within 10 seconds.")]
    provider.knows = {ANN: CannotTell("Who knows.")}
    queue_for(shop, [ANN])
    for minutes in (0, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1200):
        with later(minutes=minutes):
            shop.work()
    assert provider.called() == [ANN] * times
    assert (statuses(shop), requests(shop)) == (["uncertain"], ["alerted"])


def test_one_answer_that_means_nothing_does_not_keep_the_others_from_being_resolved(
    shop: Shop, provider: Provider
) -> None:
    people = numbers(9)
    queue_for(shop, people)
    claim_now(shop)
    end_leases(shop)
    garbage = [
        Found(Receipt("enroute")),  # type: ignore[arg-type]
        Found(None),  # type: ignore[arg-type]
        "delivered, I think",
        None,
        RuntimeError("the plugin breaks"),
        Found(Receipt(["delivered"])),  # type: ignore[arg-type]
    ]
    provider.knows = dict(zip(people, garbage, strict=False))
    # These tell a status; the rest of what they say is of no use.
    provider.knows[people[6]] = Found(Receipt("delivered", gateway_id="SM\0", code="\0", detail="\ud800" * 9000))
    provider.knows[people[7]] = Found(Receipt("undelivered", reason="whatever", code=7))  # type: ignore[arg-type]
    with later(minutes=2):
        shop.work()
    states = {message["to"]: message["status"] for message in shop.messages()}
    assert [states[to] for to in people] == ["uncertain"] * 6 + ["delivered", "undelivered", "delivered"]


def test_a_text_that_twilio_has_is_found_though_our_clock_is_ahead(
    shop: Shop, twilio: Twilio, twilio_stub: TwilioStub
) -> None:
    lost = "+12015550001"  # the stub takes it, and answers 500
    before = twilio_stub.counts().get(lost, 0)
    with later(minutes=5):
        queue_for(shop, [lost])
        shop.work()
        assert statuses(shop) == ["uncertain"]
        with later(minutes=2):
            shop.work()
            assert [bool(message["gateway_id"]) for message in shop.messages()] == [True], "Found on Twilio's list"
    assert statuses(shop) == ["accepted"]
    assert twilio_stub.counts()[lost] == before + 1


def test_a_list_without_a_date_tells_nothing(shop: Shop, twilio: Twilio, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_for(shop, [ANN])
    claim_now(shop)
    end_leases(shop)
    headers: dict[str, str] = {}
    monkeypatch.setattr(http, "request", lambda *_, **__: http.HttpAnswer(200, headers, b'{"messages": []}'))
    with later(minutes=2):
        with inside(shop.app):
            recovering.run_recovery()
        assert statuses(shop) == ["uncertain"]
    with later(minutes=10):
        headers["date"] = utcnow().strftime("%a, %d %b %Y %H:%M:%S GMT")
        with inside(shop.app):
            recovering.run_recovery()
        assert statuses(shop) == ["queued"], "With a date it is surely not there"


# --- STOP ------------------------------------------------------------------------------------------------------------


def opted_out(shop: Shop) -> bool:
    with inside(shop.app):
        return db.session.scalars(sa.select(Contact.opted_out_at)).one() is not None


def test_stop_start_stop_within_a_minute_is_a_stop(shop: Shop, provider: Provider) -> None:
    wait_for_stock(shop, [ANN])
    line = kannel(shop)
    with at("2030-01-15 12:00:10"):  # a gateway without ids: the same words in the same minute look like a repeat
        for words, stopped in (("STOP", True), ("STOP", True), ("START", False), ("STOP", True)):
            text(line, words)
            assert opted_out(shop) is stopped
        shop.ask(phone=ANN)
        shop.stock("TEE-M", 5)
        shop.work()
    assert (requests(shop), shop.messages()) == (["cancelled", "pending"], [])


def test_a_stop_while_the_text_is_uncertain_ends_the_request_and_a_start_does_not_text_it(
    shop: Shop, provider: Provider
) -> None:
    queue_for(shop, [ANN])
    claim_now(shop)
    end_leases(shop)
    line = kannel(shop)
    text(line, "STOP")
    provider.knows = {ANN: Absent()}
    with later(minutes=2):
        shop.work()
        [request] = shop.requests()
        assert request["status"] == "cancelled"
        assert shop.trace(request["id"])["summary"] == "The shopper said STOP."
        assert statuses(shop) == ["suppressed"]
    with later(minutes=5):
        text(line, "START")
        restock(shop)
    assert (statuses(shop), requests(shop)) == (["suppressed"], ["cancelled"])
    assert {message["kind"] for message in shop.messages(None)} == {"back_in_stock", "keyword_reply"}


# --- one that is broken ----------------------------------------------------------------------------------------------


def test_a_restock_that_cannot_be_planned_does_not_keep_another_stores_from_being_planned(
    shop: Shop, other_shop: Shop
) -> None:
    for store in (shop, other_shop):
        wait_for_stock(store, [ANN])
    with inside(shop.app), transaction():
        mine = sa.text("SELECT address FROM contact WHERE store_id = :store")
        address = db.session.execute(mine, {"store": shop.store_id}).scalar_one()
    write_address(shop, "no key decrypts this")
    for store in (shop, other_shop):
        store.stock("TEE-M", 5)
    shop.work()
    assert statuses(other_shop) == ["delivered"]

    write_address(shop, address)
    shop.work()
    assert statuses(shop) == ["delivered"], "It is tried again"
    assert len(statuses(other_shop)) == 1


def write_address(shop: Shop, value: str) -> None:
    with inside(shop.app), transaction():
        statement = sa.text("UPDATE contact SET address = :value WHERE store_id = :store")
        db.session.execute(statement, {"value": value, "store": shop.store_id})


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_numbers_in_what_a_receipt_says_are_masked(shop: Shop, provider: Provider) -> None:
    line = kannel(shop)
    queue_for(shop, [ANN])
    shop.send()
    [message] = shop.messages()
    words = f"{ANN} and {ANN[1:]} are off"
    line.get(f"{line.receipts}?reference={message['reference']}", type="2", reply=words)
    shop.work()
    assert statuses(shop) == ["undelivered"]
    assert ANN[1:] not in history(shop)
    assert f"+1 212 ••• {ANN[-4:]} and ••• {ANN[-4:]} are off" in history(shop)


def test_numbers_in_what_a_look_up_says_are_masked(shop: Shop, provider: Provider) -> None:
    queue_for(shop, [ANN])
    claim_now(shop)
    end_leases(shop)
    provider.knows = {ANN: Found(Receipt("undelivered", detail=f"The number {ANN} is off"))}
    with later(minutes=2):
        shop.work()
    assert statuses(shop) == ["undelivered"]
    assert ANN[1:] not in history(shop)
    assert f"The number +1 212 ••• {ANN[-4:]} is off" in history(shop)


def given_up(shop: Shop, provider: Provider) -> None:
    """Ann's number was refused for good."""
    provider.sends = [Rejected("No such number.", reason="invalid_number"), Accepted()]
    queue_for(shop, [ANN])
    shop.work()
    assert (statuses(shop), requests(shop)) == (["rejected"], ["cancelled"])


def asks_and_is_told(shop: Shop) -> bool:
    shop.stock("TEE-M", 0)
    row = {"sku": "TEE-M", "phone": ANN, "channels": ["sms"], "consent": True, "confirm": False}
    assert shop.post("requests", {"requests": [row]})["errors"] == []
    shop.stock("TEE-M", 100)
    shop.work()
    return statuses(shop)[1:] == ["accepted"]


def test_a_number_that_was_given_up_is_told_again_after_it_texts_us(shop: Shop, provider: Provider) -> None:
    given_up(shop, provider)
    text(kannel(shop), "Are you open today?")
    assert asks_and_is_told(shop)


@pytest.mark.parametrize("days,told", [(29, False), (31, True)])
def test_a_number_that_was_given_up_is_tried_again_when_it_asks_a_month_later(
    shop: Shop, provider: Provider, days: int, told: bool
) -> None:
    given_up(shop, provider)
    with later(days=days):
        assert asks_and_is_told(shop) is told
    assert len(provider.calls) == 1 + told


# --- pace ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_a_provider_that_says_slower_but_not_how_long_is_called_once_a_second_at_most(
    shop: Shop, provider: Provider, clock: time_machine.Traveller, seconds: float
) -> None:
    provider.sends = [*(RateLimited("Slower.", retry_after=seconds) for _ in range(4)), Accepted()]
    queue_for(shop, [ANN])
    calls = []
    for tenths in (0, 5, 4, 2, 5, 4, 2):  # 0.0, 0.5, 0.9, 1.1, …
        clock.shift(tenths / 10)
        shop.send()
        calls.append(len(provider.calls))
    assert calls == [1, 1, 1, 2, 2, 2, 3]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands until it is shifted."""
    with time_machine.travel(utcnow(), tick=False) as standing:
        yield standing
