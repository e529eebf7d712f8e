"""The outbox delivers to everyone but ten numbers, whose fates are known beforehand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nexnotify.gateways.contract import (
    Absent,
    Accepted,
    CannotTell,
    Found,
    Gateway,
    GatewayError,
    RateLimited,
    Receipt,
    Rejected,
    Transient,
    Unknown,
)
from nexnotify.gateways.loader import load
from nexnotify.gateways.testkit import Answer, GatewayContract, SendCase, outgoing, sent

KINDS = load(Path(__file__).parents[2] / "plugins" / "gateways").kinds
REFERENCE = outgoing().reference
ID = f"outbox-{REFERENCE}"


def taken(*receipts: Receipt) -> Accepted:
    return Accepted(ID, "kept in the outbox", 1, receipts)


def receipt(status: str, reason: str | None = None) -> Receipt:
    return Receipt(status, REFERENCE, ID, reason)  # type: ignore[arg-type]


def to(last: int, attempt: int = 1) -> dict[str, object]:
    return {"to": f"+1201555{last:04}", "attempt": attempt}


class TestOutbox(GatewayContract):
    gateway = KINDS["outbox"]
    on_the_wire = False
    sends = tuple(
        SendCase(name, Answer(), expect, outgoing(**to(last, attempt)))
        for name, last, attempt, expect in (
            ("anyone", 123, 1, taken(receipt("delivered"))),
            ("a number before the script", 189, 1, taken(receipt("delivered"))),
            ("a number after the script", 200, 1, taken(receipt("delivered"))),
            ("0190", 190, 1, taken(receipt("undelivered", "unreachable"))),
            ("0191", 191, 1, Rejected(reason="invalid_number")),
            ("0192", 192, 1, Rejected(reason="opted_out")),
            ("0193 first", 193, 1, Transient()),
            ("0193 second", 193, 2, Transient()),
            ("0193 third", 193, 3, taken(receipt("delivered"))),
            ("0195", 195, 1, Unknown()),
            ("0196 first", 196, 1, Unknown()),
            ("0196 second", 196, 2, taken(receipt("delivered"))),
            ("0197", 197, 1, taken()),
            ("0198", 198, 1, taken(receipt("expired", "expired"))),
            ("0199", 199, 1, Unknown()),
        )
    )


class TestOutboxForEmail(GatewayContract):
    gateway = KINDS["outbox_email"]
    on_the_wire = False
    sends = (
        SendCase(
            "anyone",
            Answer(),
            Accepted(ID, "kept in the outbox", receipts=(receipt("delivered"),)),
            outgoing(to="ann@shop.example", subject="Back in stock"),
        ),
    )


@pytest.fixture
def outbox() -> Gateway:
    return KINDS["outbox"]({})


def test_0194_is_told_to_slow_down_once_for_each_message_though_no_attempt_is_counted(outbox: Gateway) -> None:
    for reference in ("a" * 32, "b" * 32):
        message = outgoing(**to(194), reference=reference)
        with pytest.raises(RateLimited) as caught:
            outbox.send(message)
        assert caught.value.retry_after == 1
        # The house may well have made a new instance in between.
        found = KINDS["outbox"]({}).send(message)
        assert [each.status for each in found.receipts] == ["delivered"]


def test_what_became_of_the_unknown_ones(outbox: Gateway) -> None:
    assert outbox.lookup(sent(to="+12015550195")) == Found(receipt("delivered"))
    assert outbox.lookup(sent(to="+12015550196")) == Absent()
    assert isinstance(outbox.lookup(sent(to="+12015550199")), CannotTell)


def test_each_raise_is_a_fresh_error(outbox: Gateway) -> None:
    found: list[GatewayError] = []
    for _ in range(2):
        with pytest.raises(Rejected) as caught:
            outbox.send(outgoing(**to(191)))
        found.append(caught.value)
    assert found[0] is not found[1]


def test_the_script_covers_the_ten_numbers_and_the_docs_list_them_all(outbox: Gateway) -> None:
    script = __import__("sys").modules[type(outbox).__module__].SCRIPT
    assert list(script) == [f"+1201555{last:04}" for last in range(190, 200)]
    page = (Path(__file__).parents[2] / "docs" / "gateways.md").read_text()
    listed = re.findall(r"^\| \+1 201 555 (01\d\d) \| (.+?) \|$", page, re.MULTILINE)
    assert listed == [(number[-4:], line.words) for number, line in script.items()]
