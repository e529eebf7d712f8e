"""The kit is worth having only if it fails a gateway that breaks the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal
from urllib.request import Request, urlopen

import pytest
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from nexnotify.gateways import http
from nexnotify.gateways.contract import (
    Accepted,
    CallbackRequest,
    Gateway,
    GatewaySettings,
    OutgoingMessage,
    Receipt,
    Received,
    Rejected,
    Unknown,
)
from nexnotify.gateways.testkit import Answer, Asked, CallbackCase, GatewayContract, OptOutCase, SendCase, callback


class Form(GatewaySettings):
    url = StringField()
    key = PasswordField()


class Good(Gateway):
    key = "good"
    label = "Good"
    Settings = Form

    def send(self, message: OutgoingMessage) -> Accepted:
        answer = http.request("POST", self.settings["url"], fields={"text": message.body, "key": self.settings["key"]})
        said = answer.json()
        if not (answer.status == 200 and isinstance(said, dict) and "id" in said):
            raise Unknown("?")
        return Accepted(said["id"])

    def receive(self, request: CallbackRequest, kind: Literal["receipts", "inbound"]) -> Received:
        from nexnotify.gateways.contract import BadCallback, BadSignature

        if request.headers.get("x-sign") != "ok" or request.url != "https://n.example/r" or "Surplus" in request.form:
            raise BadSignature
        if "id" not in request.form:
            raise BadCallback("id is missing.")
        return Received((Receipt("sent", gateway_id=request.form["id"][0]),))


class Kit(GatewayContract):
    gateway = Good
    secrets = ("s3cret",)
    signed = True
    sends = (
        SendCase("taken", Answer(200, '{"id": "1"}'), Accepted("1"), asks={"key": "s3cret"}),
        SendCase("500", Answer(500), Unknown()),
    )
    receipts = (CallbackCase("sent", callback("https://n.example/r", {"id": "1"}), (Receipt("sent", gateway_id="1"),)),)

    def settings(self, url: str) -> dict[str, Any]:
        return {"url": url, "key": "s3cret"}

    def sign(self, request: CallbackRequest) -> CallbackRequest:
        return replace(request, headers={"x-sign": "ok"})


class TestGood(Kit):
    """A gateway that keeps the contract passes."""


def kit_for(**overrides: Any) -> GatewayContract:
    flawed = type("Flawed", (Good,), overrides)
    kit: GatewayContract = type("KitForFlawed", (Kit,), {"gateway": flawed})()
    return kit


def retrying(self: Gateway, message: OutgoingMessage) -> Accepted:
    try:
        return Good.send(self, message)  # type: ignore[arg-type]
    except Unknown:
        return Good.send(self, message)  # type: ignore[arg-type]


def telling(self: Gateway, message: OutgoingMessage) -> Accepted:
    try:
        return Good.send(self, message)  # type: ignore[arg-type]
    except Unknown:
        raise Unknown(f"Failed with key {self.settings['key']}") from None


def trusting(self: Gateway, message: OutgoingMessage) -> Accepted:
    http.request("POST", self.settings["url"], fields={"text": message.body})
    return Accepted("1")


def rejecting(self: Gateway, message: OutgoingMessage) -> Accepted:
    try:
        return Good.send(self, message)  # type: ignore[arg-type]
    except Unknown:
        raise Rejected("No.") from None


def careless(self: Gateway, request: CallbackRequest, kind: str) -> Received:
    return Received((Receipt("sent", gateway_id=request.form.get("id", ["1"])[0]),))


def crashing(self: Gateway, request: CallbackRequest, kind: str) -> Received:
    return Received((Receipt("sent", gateway_id=request.form["id"][0]),))


def inventing(self: Gateway) -> list[str]:
    return ["+12015550123"]


@pytest.mark.parametrize(
    "flaw, caught_by",
    [
        ({"send": retrying}, lambda kit, log: kit.test_a_connection_that_breaks_after_the_request_is_unknown(log)),
        ({"send": retrying}, lambda kit, log: kit.test_no_answer_in_time_is_unknown_and_comes_within_the_limit(log)),
        ({"send": telling}, lambda kit, log: kit.test_send(kit.sends[1], log)),
        ({"send": telling}, lambda kit, log: kit.test_no_answer_in_time_is_unknown_and_comes_within_the_limit(log)),
        ({"send": trusting}, lambda kit, log: kit.test_an_answer_that_makes_no_sense_is_unknown()),
        ({"send": trusting}, lambda kit, log: kit.test_send(kit.sends[0], log)),
        ({"send": rejecting}, lambda kit, log: kit.test_send(kit.sends[1], log)),
        ({"send": rejecting}, lambda kit, log: kit.test_a_connection_that_breaks_after_the_request_is_unknown(log)),
        (
            {"opted_out": inventing},
            lambda kit, log: GatewayContract.test_opt_out(kit, OptOutCase("none", [Answer(500)], None), log),
        ),
        ({"opted_out": inventing}, lambda kit, log: kit.test_check_and_lookup_say_so_when_the_provider_is_away()),
        ({"receive": careless}, lambda kit, log: kit.test_callback("receipts", kit.receipts[0])),
        ({"receive": careless}, lambda kit, log: kit.test_nonsense_is_refused_in_the_contracts_words()),
        (
            {"Settings": type("Open", (GatewaySettings,), {"url": StringField(), "key": StringField()})},
            lambda kit, log: kit.test_the_settings_form_takes_good_settings_and_guards_the_secret_ones(),
        ),
        (
            {
                "Settings": type("Eager", (Form,), {"number": StringField(validators=[DataRequired()])}),
                "number_fields": ("number",),
            },
            lambda kit, log: kit.test_the_form_takes_settings_whose_number_is_still_to_come(),
        ),
        ({"__repr__": lambda self: repr(self.settings)}, lambda kit, log: kit.test_its_repr_shows_no_secret()),
    ],
)
def test_a_flaw_is_caught(
    flaw: dict[str, Any], caught_by: Callable[[Any, Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AssertionError):
        caught_by(kit_for(**flaw), caplog)


def test_a_crash_in_receive_is_no_answer_to_a_stranger() -> None:
    with pytest.raises(KeyError):
        kit_for(receive=crashing).test_nonsense_is_refused_in_the_contracts_words()


def test_tests_that_have_nothing_to_test_are_left_out() -> None:
    silent: Any = type("Silent", (Kit,), {"on_the_wire": False, "receipts": (), "sends": ()})
    assert silent.test_send is silent.test_callback is silent.test_check is silent.test_opt_out is None
    assert silent.test_a_refused_connection_is_transient is None
    assert callable(Kit.test_send)


def test_a_json_body_has_fields_too() -> None:
    asked = Asked("POST", "/", {"a": ["1"]}, {"content-type": "application/json"}, b'{"b": "2", "c": [3], "d": true}')
    assert asked.fields == {"a": "1", "b": "2", "c": "[3]", "d": "true"}


def test_the_scripted_server_speaks_to_any_client() -> None:
    from nexnotify.gateways.testkit import ScriptedServer

    with ScriptedServer(Answer(200, "first"), lambda asked: Answer(200, json.dumps(asked.fields))) as server:
        with urlopen(server.url, timeout=5) as answer:
            assert answer.read() == b"first"
        with urlopen(Request(server.url + "/?a=1", data=b"b=2"), timeout=5) as answer:
            assert json.load(answer) == {"a": "1", "b": "2"}
