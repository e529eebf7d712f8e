"""Whatever is sent to the API, it answers as documented and never breaks: bodies and queries made up by the thousand."""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from nexnotify.web.apidoc.operations import OPERATIONS
from tests.apidoc import PREFIX
from tests.shop import Shop

#: Calls of each operation and mode; raise it to look further, with new chances each time.
CALLS = int(os.environ.get("FUZZ_CALLS", "12"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_no_call_breaks_it(app: Flask, shop: Shop, mode: GenerationMode) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M")
    described = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", app)
    for operation in OPERATIONS:
        _call_often(described[operation.path][operation.method], mode, shop.secret)


def _call_often(operation: Any, mode: GenerationMode, secret: str) -> None:
    headers = {"Authorization": f"Bearer {secret}"}

    @hypothesis_settings(
        max_examples=CALLS,
        deadline=None,
        derandomize="FUZZ_CALLS" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        case.validate_response(case.call(headers=headers), checks=CHECKS, headers=headers)

    call()


LONG = "p" * 255
#: What chance finds too seldom, and a database or a JSON reader chokes on.
SPITEFUL_ROWS: list[tuple[str, str, Any]] = [
    ("put", "products", {"id": "a\0", "title": "A"}),
    ("put", "products", {"id": "a", "title": "A", "variants": [{"options": {"size\0": "M"}}]}),
    ("put", "products", {"id": "a", "title": "A", "variants": [{"options": {"size": "M" * 600}}]}),
    ("put", "products", {"id": LONG, "title": "A", "variants": [{"options": {"size": "M"}}]}),
    ("put", "products", {"id": "a", "title": "\ud800"}),
    ("put", "products", {"id": "a", "title": "A", "variants": [{"id": "v", "price": float("inf")}]}),
    ("put", "products", {"id": "a", "title": "A", "tags": ["a\0"]}),
    ("put", "regions", {"key": "a", "name": "A", "locations": ["a\0"]}),
    ("put", "regions", {"key": " ", "name": "A", "locations": []}),
    ("put", "stock", {"sku": "TEE-M", "on_hand": 1, "as_of": "0001-01-01T00:00:00+23:59"}),
    ("put", "stock", {"sku": "TEE-M", "on_hand": 1, "as_of": "9999-12-31T23:59:59-23:59"}),
    ("put", "stock", {"sku": "TEE-M", "on_hand": 1, "as_of": 1767607200}),
    ("put", "stock", {"sku": "?", "on_hand": 1, "location": "a\0"}),
    ("put", "stock", {"sku": "TEE-M", "on_hand": 10**30}),
    ("post", "requests", {"sku": "TEE-M", "phone": "+12015550123", "consent": True, "first_name": "A\0"}),
    ("put", "customers", {"id": "a", "first_name": "\ud800"}),
    ("put", "customers", {"id": "a", "last_name": "A\0"}),
    ("put", "customers", {"id": "a", "phone": "\ud800"}),
    ("put", "customers", {"id": "a", "fields": {"\ud800": True}}),
    ("put", "customers", {"id": "a", "fields": {"I would like to receive SMS messages": float("nan")}}),
    ("put", "customers", {"id": "a", "fields": {"I would like to receive SMS messages": 10**400}}),
]


@pytest.mark.parametrize("method,path,row", SPITEFUL_ROWS)
def test_a_row_that_cannot_be_kept_is_named_and_spoils_nothing(shop: Shop, method: str, path: str, row: Any) -> None:
    shop.product("TEE-M", on_hand=0)
    good = {
        "products": {"id": "b", "title": "B"},
        "stock": {"sku": "TEE-M", "on_hand": 0},
        "requests": {"sku": "TEE-M", "email": "ann@mail.example"},
        "customers": {"id": "b"},
        "regions": {"key": "b", "name": "B", "locations": ["main"]},
    }[path]
    answer = shop.call(method.upper(), path, {"levels" if path == "stock" else path: [row, good]})
    assert answer["accepted"] == 1
    assert [error["index"] for error in answer["errors"]] == [0]


@pytest.mark.parametrize(
    "path,status",
    [
        ("products?sku=%00", 422),
        ("messages?to=a%00%40mail.example", 422),
        ("requests?after=99999999999999999999", 422),
        ("requests?after=-1", 422),
        ("requests?status=", 422),
        ("messages?to=", 422),
        ("products?sku=%ED%A0%80", 200),
        ("requests/99999999999999999999/trace", 404),
        ("restocks/9223372036854775808/plan", 404),
    ],
)
def test_a_spiteful_address_is_answered(shop: Shop, path: str, status: int) -> None:
    shop.get(path, status)


@pytest.mark.parametrize(
    "body,status",
    [
        (b"", 400),
        (b"\xff", 400),
        (b"[" * 200_000, 400),
        (b'{"threshold": 1' + b"0" * 5000 + b"}", 400),
        (b'{"\\ud800": 1}', 400),
        (b'{"domains": ["http://a\\ud800"]}', 422),
        (b'{"domains": ["http://a\\u0000"]}', 422),
        (b'{"zone": "\\u0000"}', 422),
        (b'{"priority_field": "a\\u0000"}', 422),
        (b'{"alert": {"name": "a\\u0000"}}', 422),
    ],
)
def test_a_spiteful_body_is_refused(shop: Shop, body: bytes, status: int) -> None:
    shop.put("settings", body, status)
    shop.put("products", body, 400 if status == 400 else 422)


def test_a_price_is_told_back_as_it_was_told(shop: Shop) -> None:
    for price, told in (("20", "20.00"), ("19.9", "19.90"), ("19.995", "19.995"), ("0.1234", "0.1234"), (5, "5.00")):
        shop.product("TEE-M", price=price)
        assert shop.get("products")["products"][0]["variants"][0]["price"] == told
