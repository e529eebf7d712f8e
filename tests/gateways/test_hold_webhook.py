"""The signed call that keeps units, and the other side of it as docs/holds.md writes it."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nexnotify import fetch, outbound
from nexnotify.fetch import Unreachable
from nexnotify.holds.contract import Answer, Holds, NoAnswer, Redeemed, Refused, Released, Reservation, Variant
from nexnotify.holds.loader import check_class, load_holds
from nexnotify.plugin_files import ContractBroken
from nexnotify.settings import ROOT
from tests.stubs.holds_stub import SECRET, HoldsStub

TEE = Variant("tee-m", "TEE-M")
UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)


def webhook(post: Any, secret: str = SECRET, address: str = "https://shop.example/holds") -> Holds:
    kinds = load_holds(ROOT / "plugins" / "holds")
    assert kinds.broken == {}
    return kinds.kinds["webhook"]({"address": address, "secret": secret}, post)


def answering(body: bytes, status: int = 200) -> Holds:
    return webhook(lambda *_: Answer(status, body))


@pytest.mark.parametrize(
    "body, status",
    [
        (b"", 200),
        (b"[]", 200),
        (b"{}", 200),
        (b'{"status": "fine"}', 200),
        (b"[" * 5000, 200),
        (b'{"status": "reserved"}', 302),
        (b'{"status": "released"}', 500),
        (b"\xff", 200),
    ],
)
def test_an_answer_that_means_nothing_is_none(body: bytes, status: int) -> None:
    shop = answering(body, status)
    with pytest.raises(NoAnswer):
        shop.reserve(TEE, 1, UNTIL, "k-1")
    with pytest.raises(NoAnswer):
        shop.release(Reservation("k-1"))


def test_what_the_storefront_says_of_a_reservation_is_taken_as_far_as_it_can_be_read() -> None:
    sooner = (UNTIL - timedelta(minutes=10)).isoformat()
    said = answering(f'{{"status": "reserved", "reference": "r-81", "until": "{sooner}"}}'.encode())
    assert said.reserve(TEE, 1, UNTIL, "k-1") == Reservation("k-1", "r-81", UNTIL - timedelta(minutes=10))
    vague = answering(b'{"status": "reserved", "reference": 81, "until": "soon"}')
    assert vague.reserve(TEE, 1, UNTIL, "k-1") == Reservation("k-1")
    long = answering(('{"status": "reserved", "reference": "%s"}' % ("r" * 300)).encode())
    kept = long.reserve(TEE, 1, UNTIL, "k-1")
    assert isinstance(kept, Reservation)
    assert kept.reference == "r" * 200


def test_the_documents_other_side_keeps_what_it_promises(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "holds.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(code.splitlines()) < 33
    scope: dict[str, Any] = {"__name__": "shop"}
    exec(code, scope)
    app = scope["app"]
    app.config["SHOP"] = str(tmp_path / "shop.sqlite")
    with sqlite3.connect(app.config["SHOP"]) as shop:
        shop.execute("CREATE TABLE stock (sku TEXT, on_hand INTEGER)")
        [columns] = re.findall(r"`kept (\(.*?\))`", text)
        shop.execute(f"CREATE TABLE kept {columns}")
        shop.execute("INSERT INTO stock VALUES ('TEE-M', 2)")

    def post(address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = app.test_client().post("/holds", data=body, headers=dict(headers))
        return Answer(answer.status_code, answer.data)

    ours = webhook(post, scope["SECRET"].decode())
    for _ in range(2):  # the same key keeps one
        assert ours.reserve(TEE, 1, UNTIL, "k-1") == Reservation("k-1")
    assert isinstance(ours.reserve(TEE, 2, UNTIL, "k-2"), Refused)  # all or none
    assert ours.reserve(TEE, 1, UNTIL, "k-3") == Reservation("k-3")
    assert isinstance(ours.reserve(TEE, 1, UNTIL, "k-4"), Refused)
    for _ in range(2):
        assert ours.release(Reservation("k-1")) == Released()
    assert isinstance(ours.reserve(TEE, 1, UNTIL, "k-1"), Refused)  # a call that was overtaken
    assert ours.reserve(TEE, 1, UNTIL, "k-5") == Reservation("k-5")
    assert ours.release(Reservation("never-asked-for")) == Released()
    with sqlite3.connect(app.config["SHOP"]) as shop:
        shop.execute("UPDATE kept SET bought = 1 WHERE key = 'k-3'")
        shop.execute("UPDATE stock SET on_hand = on_hand - 1")
    assert ours.release(Reservation("k-3")) == Redeemed()
    assert isinstance(ours.reserve(TEE, 1, UNTIL, "k-6"), Refused)
    with pytest.raises(NoAnswer):
        webhook(post, "another secret than theirs").reserve(TEE, 1, UNTIL, "k-7")


@pytest.mark.parametrize(
    "change, words",
    [
        ({"key": "other"}, "file's name"),
        ({"label": " "}, "label"),
        ({"release": Holds.release}, "reserve"),
        ({"Settings": dict}, "Settings"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_told_where(change: dict[str, Any], words: str) -> None:
    fine = {"key": "mine", "label": "Mine", "reserve": lambda *_: Refused(), "release": lambda *_: Released()}
    assert check_class(type("Mine", (Holds,), fine), "mine")
    with pytest.raises(ContractBroken, match=words):
        check_class(type("Mine", (Holds,), {**fine, **change}), "mine")
    with pytest.raises(ContractBroken):
        check_class("no class", "mine")


# --- the guard --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/holds",
        "http://localhost/holds",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/holds",
        "http://10.0.0.8/holds",
        "http://user:secret@shop.example/holds",
        "ftp://shop.example/holds",
        "https://shop.example:8443/holds",
    ],
)
def test_no_call_leads_into_our_own_network(url: str) -> None:
    with pytest.raises(Unreachable):
        outbound.post(
            url, b"{}", {}, resolve=lambda host, _: [host.strip("[]")] if host[0].isdigit() else ["127.0.0.1"]
        )


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with HoldsStub() as stub:
        stub.trouble = 307
        shop = webhook(lambda *call: _answer(outbound.post(*call, [stub.origin])), address=stub.url)
        with pytest.raises(NoAnswer, match="307"):
            shop.release(Reservation("k-1"))
        assert len(stub.calls) == 1


def _answer(answer: outbound.Answer) -> Answer:
    return Answer(answer.status, answer.body)


def test_a_storefront_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "SECONDS", 0.3)
    monkeypatch.setattr(fetch, "SECONDS", 0.3)
    with HoldsStub() as stub:
        given_up = threading.Event()
        stub.meanwhile = lambda: given_up.wait(30) and None
        begun = time.monotonic()
        try:
            with pytest.raises(Unreachable):
                outbound.post(stub.url, b'{"action": "release", "key": "k-1"}', {}, [stub.origin])
            assert time.monotonic() - begun < 10, "long before the storefront answers"
        finally:
            given_up.set()
