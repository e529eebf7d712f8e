"""Whatever a gateway says, does or leaves unsaid, each message ends in the state that is true, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import sqlalchemy as sa
import time_machine

from nexnotify.db import db
from nexnotify.gateways.contract import (
    Accepted,
    Capabilities,
    Gateway,
    OutgoingMessage,
    RateLimited,
    Receipt,
    Received,
    Rejected,
    Reply,
    Transient,
    Unknown,
)
from nexnotify.gateways.loader import Registry
from nexnotify.gateways.testkit import Answer, Asked, ScriptedServer
from nexnotify.receipts.models import Callback
from nexnotify.receipts.service import RETRIES
from nexnotify.reports.doctor import findings
from nexnotify.settings import Settings
from nexnotify.workers.steps import run_receipts
from tests.rows import everything
from tests.shop import Shop
from tests.stubs.twilio_stub import TwilioStub
from tests.texting import Line, Twilio
from tests.times import at

START = datetime(2030, 1, 15, 17, tzinfo=UTC)


def ask(shop: Shop, phone: str, sku: str = "TEE-M") -> int:
    shop.product(sku, on_hand=0)
    row = {"sku": sku, "phone": phone, "consent": True, "confirm": False}
    request_id: int = shop.post("requests", {"requests": [row]})["requests"][0]["id"]
    return request_id


def work_at(shop: Shop, seconds: float) -> None:
    """Let a worker run so many seconds after the restock; the clock stands still meanwhile."""
    with time_machine.travel(START + timedelta(seconds=seconds), tick=False):
        shop.work()


def restock(shop: Shop, sku: str = "TEE-M") -> None:
    with time_machine.travel(START, tick=True):
        shop.stock(sku, 5)
    work_at(shop, 0)


def state(shop: Shop) -> tuple[str, str | None, int]:
    [message] = shop.messages()
    return message["status"], message["reason"], message["attempts"]


def history(shop: Shop, request: int) -> list[str]:
    events = shop.trace(request)["events"]
    return [event["what"].removeprefix("message_") for event in events if event["what"].startswith("message_")]


# --- the outbox's ten numbers --------------------------------------------------------------------------------------


class Fate(NamedTuple):
    last: str
    #: Seconds after the restock → status, reason and attempts then.
    course: dict[int, tuple[str, str | None, int]]
    request: str
    closed: str | None = None


FATES = [
    Fate("0190", {0: ("undelivered", "unreachable", 1)}, "alerted"),
    Fate("0191", {0: ("rejected", "invalid_number", 1)}, "cancelled", "unreachable"),
    Fate("0192", {0: ("rejected", "opted_out", 1)}, "cancelled", "stop"),
    Fate(
        "0193",  # again after 30 seconds, then two minutes, each give or take a tenth
        {
            0: ("queued", "gateway_trouble", 1),
            20: ("queued", "gateway_trouble", 1),
            40: ("queued", "gateway_trouble", 2),
            120: ("queued", "gateway_trouble", 2),
            180: ("delivered", None, 3),
        },
        "alerted",
    ),
    Fate("0194", {0: ("queued", "rate_limited", 0), 5: ("delivered", None, 1)}, "alerted"),
    Fate(
        "0195",
        {0: ("uncertain", "unknown_outcome", 1), 20: ("uncertain", "unknown_outcome", 1), 40: ("delivered", None, 1)},
        "alerted",
    ),
    Fate("0196", {0: ("uncertain", "unknown_outcome", 1), 40: ("delivered", None, 2)}, "alerted"),
    Fate("0197", {0: ("accepted", None, 1), 172_800: ("accepted", None, 1)}, "alerted"),
    Fate("0198", {0: ("expired", "expired", 1)}, "alerted"),
    Fate(
        "0199",
        {0: ("uncertain", "unknown_outcome", 1), 40: ("uncertain", "unknown_outcome", 1), 172_800: ("uncertain", "unknown_outcome", 1)},
        "alerted",
    ),
    Fate("0123", {0: ("delivered", None, 1)}, "alerted"),
]  # fmt: skip


@pytest.mark.parametrize("fate", FATES, ids=lambda fate: fate.last)
def test_each_scripted_number_ends_as_the_readme_says(shop: Shop, fate: Fate) -> None:
    ask(shop, f"+1201555{fate.last}")
    restock(shop)
    for seconds, expected in fate.course.items():
        if seconds:
            work_at(shop, seconds)
        assert state(shop) == expected, f"after {seconds} seconds"
    assert [(item["status"], item["closed_reason"]) for item in shop.requests()] == [(fate.request, fate.closed)]


def test_an_invalid_number_ends_all_the_contact_waits_for_and_other_contacts_go_on(shop: Shop) -> None:
    ask(shop, "+12015550191", "MUG")
    request = ask(shop, "+12015550191")
    ask(shop, "+12015550123")
    restock(shop)
    assert [message["status"] for message in shop.messages()] == ["rejected", "delivered"]
    assert {item["status"] for item in shop.requests() if item["to"] == "+12015550191"} == {"cancelled"}
    story = shop.trace(request)
    assert story["summary"] == "Messages do not reach this address."
    restock(shop, "MUG")
    assert [message["status"] for message in shop.messages()] == ["rejected", "delivered"]


def test_an_uncertain_message_is_not_sent_again_by_the_next_restock(shop: Shop) -> None:
    ask(shop, "+12015550199")
    restock(shop)
    with at("2030-01-15 15:00"):
        shop.stock("TEE-M", 0)
        shop.stock("TEE-M", 5)
        shop.work()
    assert [message["status"] for message in shop.messages()] == ["uncertain"]


def test_a_merchant_who_would_rather_send_twice_gets_it_sent_again(shop: Shop) -> None:
    shop.put("settings", {"resend_uncertain": True})
    ask(shop, "+12015550199")
    restock(shop)
    work_at(shop, 40)
    assert state(shop) == ("uncertain", "unknown_outcome", 2), "the scripted number never answers"


@pytest.mark.parametrize(
    "left, status, stands", [(5, "delivered", "alerted"), (0, "suppressed", "waiting")], ids=["there", "gone"]
)
def test_an_alert_that_waited_for_days_is_decided_about_again_and_told_while_it_is_true(
    shop: Shop, left: int, status: str, stands: str
) -> None:
    ask(shop, "+12015550123")
    with time_machine.travel(START, tick=True):
        shop.stock("TEE-M", 5)
        shop.plan()
        if not left:
            shop.stock("TEE-M", left)
    work_at(shop, 49 * 3600)  # no worker for two days
    assert [message["status"] for message in shop.messages()] == [status]
    assert [item["status"] for item in shop.requests()] == [stands]


def test_a_gateway_that_asks_for_a_pause_holds_up_its_whole_lane(shop: Shop) -> None:
    ask(shop, "+12015550194")
    for number in range(20):
        ask(shop, f"+120155501{number:02}")
    restock(shop)
    work_at(shop, 5)
    assert {message["status"] for message in shop.messages()} == {"delivered"}
    assert {message["attempts"] for message in shop.messages()} == {1}


# --- a gateway that is set up wrongly ------------------------------------------------------------------------------


class Door(ScriptedServer):
    """A provider that lets nobody in until it is opened."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.open = False

    @property
    def calls(self) -> int:
        """So far."""
        return len(self.asked)

    def _answer(self, asked: Asked) -> Answer:
        if not self.open:
            return Answer(401, json.dumps({"code": 20003, "message": "Authenticate"}))
        return Answer(201, json.dumps({"sid": f"SMdoor{uuid4()}", "status": "queued", "num_segments": "1"}))


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as door:
        yield door


def test_a_refused_account_pauses_the_gateway_keeps_the_queue_and_goes_on_when_it_is_mended(
    shop: Shop, door: Door
) -> None:
    line = Twilio.open(shop, door.url)
    for number in range(5):
        ask(shop, f"+120155501{number:02}")
    restock(shop)
    assert line.paused() == "Authenticate"
    assert {(message["status"], message["attempts"]) for message in shop.messages()} == {("queued", 0)}
    assert "gateway_paused" in {message["reason"] for message in shop.messages()}
    with shop.app.app_context():
        assert "The gateway twilio is paused: Authenticate" in findings()

    called = door.calls
    work_at(shop, 3600)
    assert door.calls == called, "nobody knocks again by themselves"

    door.open = True
    line.change(auth_token="the-right-one")
    assert line.paused() is None
    work_at(shop, 3700)
    assert {message["status"] for message in shop.messages()} == {"accepted"}
    assert door.calls == called + 5
    assert {item["status"] for item in shop.requests()} == {"alerted"}


def test_one_shops_refused_account_does_not_hold_up_another_shop(shop: Shop, other_shop: Shop, door: Door) -> None:
    Twilio.open(shop, door.url)
    ask(shop, "+12015550123")
    ask(other_shop, "+12015550123")
    restock(shop)
    restock(other_shop)
    assert [message["status"] for message in shop.messages()] == ["queued"]
    assert [message["status"] for message in other_shop.messages()] == ["delivered"]


# --- plugins that break the contract -------------------------------------------------------------------------------


def raising(error: BaseException) -> Callable[[OutgoingMessage], Any]:
    def send(_message: OutgoingMessage) -> Any:
        raise error

    return send


def use_plugin(shop: Shop, send: Callable[[OutgoingMessage], Any]) -> Line:
    """Make a plugin with this ``send`` the shop's gateway."""

    class Odd(Gateway):
        key = "odd"
        label = "Odd"
        capabilities = Capabilities(receipts=True)
        default_rate = 0

        def send(self, message: OutgoingMessage) -> Accepted:
            answer: Accepted = send(message)
            return answer

    house = shop.app.extensions["nexnotify"]
    house.gateways = Registry([*house.gateways.kinds.values(), Odd], [])
    return Line.add(shop, "odd")


NUMBER = "+12015550123"


@pytest.mark.parametrize(
    "send,status,reason",
    [
        (raising(ValueError("what +12015550123 said")), "uncertain", "unknown_outcome"),
        (raising(KeyError("sid")), "uncertain", "unknown_outcome"),
        (raising(RecursionError()), "uncertain", "unknown_outcome"),
        (raising(SystemExit(1)), "uncertain", "unknown_outcome"),
        (raising(KeyboardInterrupt()), "uncertain", "unknown_outcome"),
        (raising(Unknown("x" * 5000, code="y" * 500)), "uncertain", "unknown_outcome"),
        (lambda message: None, "uncertain", "unknown_outcome"),
        (lambda message: "OK", "uncertain", "unknown_outcome"),
        (raising(Rejected("no", reason="because I say so")), "rejected", "other"),  # type: ignore[arg-type]
        (raising(RateLimited("slow", retry_after=float("nan"))), "queued", "rate_limited"),
        (raising(RateLimited("slow", retry_after=1e300)), "queued", "rate_limited"),
        (raising(RateLimited("slow", retry_after=None)), "uncertain", "unknown_outcome"),  # type: ignore[arg-type]
        (raising(Transient(f"{NUMBER} is busy")), "queued", "gateway_trouble"),
        (lambda message: Accepted("i" * 5000, f"took {message.to[1:]}" + "d" * 5000), "accepted", None),
        (lambda message: Accepted("id\x00", "nul\x00"), "accepted", None),
        (lambda message: Accepted(12345), "accepted", None),  # type: ignore[arg-type]
        (lambda message: Accepted("a", receipts=(Receipt("lost"),)), "accepted", None),  # type: ignore[arg-type]
    ],
    ids=lambda value: None if callable(value) else str(value),
)
def test_a_plugin_may_do_what_it_likes_and_nothing_is_lost_or_sent_twice(
    shop: Shop, settings: Settings, send: Callable[[OutgoingMessage], Any], status: str, reason: str | None
) -> None:
    calls: list[str] = []

    def counted(message: OutgoingMessage) -> Any:
        calls.append(message.reference)
        return send(message)

    use_plugin(shop, counted)
    ask(shop, NUMBER)
    restock(shop)
    [message] = shop.messages()
    assert (message["status"], message["reason"]) == (status, reason)
    work_at(shop, 1)
    assert len(calls) == 1
    assert NUMBER[1:] not in everything(settings.database_url), "the provider's words may repeat the number"


def test_one_message_that_makes_a_plugin_fail_does_not_hold_up_the_others(shop: Shop) -> None:
    def send(message: OutgoingMessage) -> Any:
        if message.to == NUMBER:
            raise SystemExit
        return Accepted(f"id-{message.reference}")

    use_plugin(shop, send)
    for phone in (NUMBER, "+12015550101", "+12015550102"):
        ask(shop, phone)
    restock(shop)
    assert [message["status"] for message in shop.messages()] == ["uncertain", "accepted", "accepted"]


def test_a_gateway_whose_plugin_is_gone_is_paused_and_keeps_its_queue(shop: Shop) -> None:
    line = use_plugin(shop, lambda message: Accepted("id"))
    ask(shop, NUMBER)
    house = shop.app.extensions["nexnotify"]
    house.gateways = Registry([kind for key, kind in house.gateways.kinds.items() if key != "odd"], [])
    restock(shop)
    assert (line.paused() or "").startswith("There is no gateway kind 'odd'.")
    assert [message["status"] for message in shop.messages()] == ["queued"]


# --- receipts ------------------------------------------------------------------------------------------------------


def outcomes(shop: Shop) -> list[str | None]:
    """What became of each callback, oldest first."""
    with shop.app.app_context():
        found = list(db.session.scalars(sa.select(Callback.outcome).order_by(Callback.id)))
        db.session.remove()
    return found


def read_receipts(shop: Shop) -> None:
    with shop.app.app_context():
        run_receipts()
        db.session.remove()


def early(shop: Shop, answer: Callable[[OutgoingMessage], Any]) -> Callable[[OutgoingMessage], Any]:
    """A provider whose receipt arrives while our call to it is still going on."""

    def send(message: OutgoingMessage) -> Any:
        assert message.receipt_url
        called = shop.app.test_client().get(message.receipt_url.removeprefix("http://127.0.0.1:8000"))
        assert called.status_code == 200, called.get_data(as_text=True)
        read_receipts(shop)
        return answer(message)

    return send


@pytest.mark.parametrize(
    "answer",
    [lambda message: Accepted("id"), raising(Unknown("timeout")), raising(OSError())],
    ids=["accepted", "no answer", "broken"],
)
def test_a_receipt_that_overtakes_the_answer_is_kept_and_counts_as_told(
    shop: Shop, answer: Callable[[OutgoingMessage], Any]
) -> None:
    class WithReceipts(Gateway):
        key = "odd"
        label = "Odd"
        capabilities = Capabilities(receipts=True)
        default_rate = 0

        def send(self, message: OutgoingMessage) -> Accepted:
            taken: Accepted = early(shop, answer)(message)
            return taken

        def receive(self, request: Any, kind: Any) -> Any:
            return Received((Receipt("delivered", request.query["reference"][0], "their-id"),), Reply(200))

    house = shop.app.extensions["nexnotify"]
    house.gateways = Registry([*house.gateways.kinds.values(), WithReceipts], [])
    Line.add(shop, "odd")
    ask(shop, NUMBER)
    restock(shop)
    [message] = shop.messages()
    assert message["status"] == "delivered"
    assert [item["status"] for item in shop.requests()] == ["alerted"]
    with at("2030-01-15 15:00"):
        shop.stock("TEE-M", 0)
        shop.stock("TEE-M", 5)
        shop.work()
    assert len(shop.messages()) == 1, "who was told is not told again"


@pytest.fixture
def sent(shop: Shop, twilio: Twilio) -> dict[str, Any]:
    """A text that Twilio has taken."""
    ask(shop, NUMBER)
    shop.stock("TEE-M", 5)
    shop.work()
    [message] = shop.messages()
    assert message["status"] == "accepted"
    found: dict[str, Any] = message
    return found


def test_receipts_raise_the_status_step_by_step(shop: Shop, twilio: Twilio, sent: dict[str, Any]) -> None:
    for told, status in (("queued", "accepted"), ("sent", "sent"), ("delivered", "delivered")):
        twilio.receipt(sent["gateway_id"], told, sent["reference"])
        read_receipts(shop)
        assert [message["status"] for message in shop.messages()] == [status]
    assert outcomes(shop) == ["repeated", "applied", "applied"]
    assert history(shop, shop.requests()[0]["id"]) == ["queued", "claimed", "accepted", "sent", "delivered"]


def test_receipts_that_come_twice_or_in_the_wrong_order_change_nothing(
    shop: Shop, twilio: Twilio, sent: dict[str, Any]
) -> None:
    for told in ("delivered", "delivered", "sent", "queued", "undelivered"):
        twilio.receipt(sent["gateway_id"], told)
    read_receipts(shop)
    assert [message["status"] for message in shop.messages()] == ["delivered"]
    assert outcomes(shop) == ["applied", "repeated", "repeated", "repeated", "repeated"]
    assert history(shop, shop.requests()[0]["id"])[-2:] == ["accepted", "delivered"]


@pytest.mark.parametrize(
    "status,code,expected",
    [
        ("undelivered", "30003", ("undelivered", "unreachable")),
        ("failed", "30005", ("rejected", "invalid_number")),
        ("undelivered", "30036", ("expired", "expired")),
        ("undelivered", "99999", ("undelivered", "other")),
    ],
)
def test_a_failure_says_why(
    shop: Shop, twilio: Twilio, sent: dict[str, Any], status: str, code: str, expected: tuple[str, str]
) -> None:
    twilio.receipt(sent["gateway_id"], status, ErrorCode=code)
    read_receipts(shop)
    assert [(message["status"], message["reason"]) for message in shop.messages()] == [expected]


def test_a_receipt_that_says_opted_out_is_a_stop(shop: Shop, twilio: Twilio, sent: dict[str, Any]) -> None:
    twilio.receipt(sent["gateway_id"], "failed", ErrorCode="21610")
    read_receipts(shop)
    shop.stock("TEE-M", 0)
    shop.ask("TEE-M", NUMBER)
    assert shop.requests()[-1]["status"] == "pending"


def test_a_status_that_is_new_to_us_is_kept_and_changes_nothing(
    shop: Shop, twilio: Twilio, sent: dict[str, Any]
) -> None:
    twilio.receipt(sent["gateway_id"], "teleported")
    read_receipts(shop)
    assert [message["status"] for message in shop.messages()] == ["accepted"]
    assert outcomes(shop) == ["nothing"]


def test_a_receipt_for_a_message_we_do_not_know_yet_waits_for_it(
    shop: Shop, twilio: Twilio, twilio_stub: TwilioStub
) -> None:
    ask(shop, NUMBER)
    taken = sum(twilio_stub.counts().values())
    with time_machine.travel(START, tick=True):
        twilio.receipt(f"SM{taken + 1:032x}", "delivered")  # the id that Twilio will give
        read_receipts(shop)
        assert outcomes(shop) == ["unknown_message"]
        shop.stock("TEE-M", 5)
        shop.work()
        assert [message["status"] for message in shop.messages()] == ["accepted"]
    work_at(shop, 25)
    assert [message["status"] for message in shop.messages()] == ["delivered"]
    assert outcomes(shop) == ["applied"]


def test_a_receipt_for_a_message_that_never_comes_is_given_up_after_ten_minutes_and_kept(
    shop: Shop, twilio: Twilio
) -> None:
    with time_machine.travel(START, tick=True):
        twilio.receipt("SMnobody", "delivered")
    for turn in range(RETRIES):
        with time_machine.travel(START + timedelta(seconds=21 * turn), tick=True):
            read_receipts(shop)
    with shop.app.app_context():
        [callback] = db.session.scalars(sa.select(Callback)).all()
        assert (callback.outcome, callback.tries) == ("unknown_message", RETRIES)
        assert callback.processed_at is not None
        assert callback.processed_at - callback.received_at < timedelta(minutes=11)
        db.session.remove()


def test_one_shop_cannot_speak_about_anothers_messages(
    shop: Shop, other_shop: Shop, twilio: Twilio, twilio_stub: TwilioStub, sent: dict[str, Any]
) -> None:
    stranger = Twilio.open(other_shop, twilio_stub.url)
    stranger.receipt(sent["gateway_id"], "delivered", sent["reference"])
    read_receipts(shop)
    assert [message["status"] for message in shop.messages()] == ["accepted"]
    assert outcomes(shop) == ["unknown_message"]


def test_a_receipt_that_no_database_can_hold_does_not_hold_up_the_next(shop: Shop) -> None:
    kannel = Line.add(shop, "kannel", url="http://127.0.0.1:9/cgi-bin/sendsms", username="u", password="p")
    ask(shop, NUMBER)
    with time_machine.travel(START, tick=True):
        shop.stock("TEE-M", 5)
        shop.plan()
        [message] = shop.messages()
        for fid in ("\x00", "f" * 300):
            assert kannel.get(kannel.receipts, reference="\x00", type="1", fid=fid).status_code == 200
        assert kannel.get(kannel.receipts, reference="0" * 32, type="8").status_code == 200
        read_receipts(shop)
        assert len(outcomes(shop)) == 3
        assert None not in outcomes(shop)
    assert message["status"] == "queued"


def test_callbacks_are_kept_as_they_came_and_nobody_can_read_a_number_in_the_database(
    shop: Shop, twilio: Twilio, sent: dict[str, Any], settings: Settings
) -> None:
    twilio.receipt(sent["gateway_id"], "delivered", To=NUMBER, From="+12015550100")
    twilio.text(NUMBER, "please stop", "SMraw")
    read_receipts(shop)
    stored = everything(settings.database_url)
    assert "201555" not in stored
    with shop.app.app_context():
        raw = [json.loads(text) for text in db.session.scalars(sa.select(Callback.raw).order_by(Callback.id))]
        db.session.remove()
    assert [call["form"].get("MessageSid") for call in raw] == [[sent["gateway_id"]], ["SMraw"]]
    assert raw[1]["form"]["From"] == [NUMBER]
    assert raw[1]["method"] == "POST"
    assert "x-twilio-signature" in raw[1]["headers"]
