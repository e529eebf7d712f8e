"""Every error a program can meet has one shape, says what to do, and tells nothing of our insides."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from nexnotify.errors import NexnotifyError
from nexnotify.waitlist import service as _waitlist  # noqa: F401 - declares errors of its own
from nexnotify.web import widget
from tests.shop import Shop


def kinds(of: type[NexnotifyError] = NexnotifyError) -> Iterator[type[NexnotifyError]]:
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


def check_shape(answer: TestResponse, status: int, code: str | None = None) -> dict[str, Any]:
    """The one shape; returns what stands in it."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/json"
    body = answer.get_json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) == {"code", "message", "fields"}
    assert re.fullmatch(r"[a-z_]+", error["code"])
    assert error["message"].rstrip("`").endswith((".", "!", "?", ">", "]}.")), error["message"]
    assert all(isinstance(words, str) for words in error["fields"].values())
    assert "Traceback" not in json.dumps(body)
    if code:
        assert error["code"] == code
    return error


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_a_faults_docstring_is_what_a_person_reads(kind: type[NexnotifyError]) -> None:
    error = kind()
    assert error.as_json() == {
        "error": {"code": kind.code, "message": inspect.getdoc(kind).split("\n")[0], "fields": {}}
    }  # type: ignore[union-attr]
    assert error.message.endswith(".")
    assert 400 <= kind.status < 600


def test_a_code_means_one_thing() -> None:
    codes = [kind.code for kind in kinds() if kind is not NexnotifyError]
    assert len(codes) == len(set(codes))


ADDRESSES = [
    ("GET", "/api/v1/nowhere", None, 404, "not_found"),
    ("DELETE", "/api/v1/products", None, 405, "method_not_allowed"),
    ("PUT", "/api/v1/products", b"{", 400, "bad_json"),
    ("PUT", "/api/v1/products", b"[]", 422, "invalid"),
    ("PUT", "/api/v1/products", b'{"products": 7}', 422, "invalid"),
    ("PUT", "/api/v1/products", b'{"products": [], "more": 1}', 422, "invalid"),
    ("PUT", "/api/v1/stock", b"\xff", 400, "bad_json"),
    ("PUT", "/api/v1/settings", b'{"threshhold": 2}', 422, "invalid"),
    ("PUT", "/api/v1/settings", b'{"waves": "ten"}', 422, "invalid"),
    ("PUT", "/api/v1/settings", b"7", 422, "invalid"),
    ("POST", "/api/v1/requests", b"", 400, "bad_json"),
    ("GET", "/api/v1/requests?status=lost", None, 422, "invalid"),
    ("GET", "/api/v1/requests/99999/trace", None, 404, "not_found"),
    ("GET", "/api/v1/restocks/99999/plan", None, 404, "not_found"),
    ("GET", "/api/v1/messages?to=7", None, 422, "invalid"),
    ("GET", "/api/v1/messages?limit=many", None, 422, "invalid"),
    ("GET", "/api/v1/messages?limit=100000", None, 422, "invalid"),
    ("GET", "/api/v1/messages?colour=red", None, 422, "invalid"),
    ("GET", "/widget/v1/nowhere/variants?sku=TEE-M", None, 404, "not_found"),
    ("GET", "/callbacks/1/token/receipts", None, 404, "not_found"),
    ("GET", "/callbacks/1/token/elsewhere", None, 404, "not_found"),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("method,address,body,status,code", ADDRESSES)
def test_every_wrong_call_is_answered_in_the_one_shape(
    shop: Shop, method: str, address: str, body: bytes | None, status: int, code: str
) -> None:
    headers = {"Authorization": f"Bearer {shop.secret}"}
    check_shape(shop.client.open(address, method=method, data=body, headers=headers), status, code)


WIDGET = [
    (b"{", 400, "bad_json"),
    (b"[]", 422, "invalid"),
    (b"{}", 422, "invalid"),
    (b'{"sku": "NOPE", "phone": "+12015550123", "consent": true}', 404, "not_found"),
    (b'{"sku": "TEE-M", "phone": "12", "consent": true}', 422, "invalid"),
    (b'{"sku": "TEE-M", "phone": "+12015550123"}', 422, "invalid"),
    (b'{"sku": "TEE-M", "phone": "+12015550123", "consent": true, "colour": "red"}', 422, "invalid"),
    (b'{"sku": "TEE-M", "channels": ["push"], "consent": true}', 422, "invalid"),
    (b'{"sku": "HAT-L", "phone": "+12015550123", "consent": true}', 409, "in_stock"),
    (b'{"sku": "PRE-1", "phone": "+12015550123", "consent": true}', 422, "channel_off"),
    (b" " * 20_000, 413, "too_large"),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("body,status,code", WIDGET)
def test_a_shopper_is_told_what_is_wrong_in_the_one_shape(shop: Shop, body: bytes, status: int, code: str) -> None:
    shop.product("TEE-M")
    shop.product("HAT-L", on_hand=3)
    shop.product("PRE-1", unavailable_as="preordered")
    check_shape(shop.client.post(f"/widget/v1/{shop.key}/requests", data=body), status, code)


def test_all_wrong_fields_are_named_at_once(shop: Shop) -> None:
    shop.product("TEE-M")
    body = {"sku": "TEE-M", "phone": "12", "email": "ann", "channels": ["sms", "email"], "consent": False}
    error = check_shape(shop.client.post(f"/widget/v1/{shop.key}/requests", json=body), 422, "invalid")
    assert set(error["fields"]) == {"phone", "email", "consent"}


def test_a_bad_row_of_a_bulk_call_is_named_and_spoils_no_other(shop: Shop) -> None:
    rows = [{"sku": "TEE-M", "on_hand": 1}, {"sku": "TEE-M", "on_hand": "many"}, {"on_hand": 1}, "row"]
    shop.product("TEE-M")
    answer = shop.put("stock", {"levels": rows})
    assert answer["accepted"] == 1
    assert [error["index"] for error in answer["errors"]] == [1, 2, 3]
    for error in answer["errors"]:
        assert {"index", "code", "message"} <= set(error)
        assert error["code"] == "invalid"


def test_a_body_of_two_megabytes_is_refused(shop: Shop) -> None:
    headers = {"Authorization": f"Bearer {shop.secret}"}
    check_shape(shop.client.put("/api/v1/stock", data=b" " * 2_000_000, headers=headers), 413, "too_large")


def test_a_fault_of_ours_tells_a_reference_and_nothing_else(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_key: str) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(widget, "find_store", broken)
    answer = shop.client.get(f"/widget/v1/{shop.key}/variants?sku=TEE-M")
    assert re.search(r"Reference: [0-9a-f]{12}\.$", check_shape(answer, 500, "error")["message"])
    assert "secret" not in answer.get_data(as_text=True)


def test_a_database_that_is_away_is_told_as_such(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_key: str) -> None:
        raise OperationalError("SELECT the password", {}, Exception("connection refused"))

    monkeypatch.setattr(widget, "find_store", away)
    answer = shop.client.get(f"/widget/v1/{shop.key}/variants?sku=TEE-M")
    check_shape(answer, 503, "unavailable")
    assert "SELECT" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("address", ["/nowhere", "/s/not-signed"])
def test_people_get_a_page(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.content_type.startswith("text/html")


def test_every_answer_carries_the_safe_headers(app: Flask, client: FlaskClient) -> None:
    for address in ("/healthz", "/nowhere", "/api/v1/products"):
        headers = client.get(address).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
