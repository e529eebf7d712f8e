"""The API's document is true: its paths are the app's, and each answer is as it says, status by status."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy.exc import OperationalError

from nexnotify.ledger.transitions import STATUSES as MESSAGE_STATUSES
from nexnotify.policy.eligibility import REASONS
from nexnotify.stores.settings import StoreSettings
from nexnotify.waitlist.models import STATUSES as REQUEST_STATUSES
from nexnotify.web.apidoc.examples import ANSWERS, BODIES
from nexnotify.web.apidoc.operations import OPERATIONS, Operation, Rows
from tests.apidoc import validator
from tests.shop import Shop


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One database is enough here: what differs between them is found by the random calls."""
    path = tmp_path / "nexnotify.sqlite"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def document(client: FlaskClient) -> Any:
    """As anybody gets it, without a key."""
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers
    return answer.get_json()


@pytest.fixture
def lived(shop: Shop) -> Shop:
    """A store with something to tell: sent, refused, held and skipped, by text and by email."""
    shop.product("TEE-M", on_hand=0, options={"size": "M"})
    shop.product("NO-PRICE", on_hand=None, price=None, url="https://acme.example/p", unavailable_as="backordered")
    shop.put("products", {"products": [{"id": "bare", "title": "Bare", "variants": [{"id": "no-sku"}]}]})
    for last in (123, 124, 190, 191, 192, 193, 195, 197, 198):
        shop.ask("TEE-M", f"+12015550{last}")
    shop.ask_by_email("TEE-M")
    person = {"id": "c1", "first_name": "Ann", "phone": "+12015550123"}
    person |= {"fields": {"I would like to receive SMS messages": True}}
    shop.put("customers", {"customers": [person, {"id": "c2"}]})
    shop.work()
    shop.stock("TEE-M", 5)
    shop.work()
    shop.put("settings", {"quiet_hours": {"from": "00:00", "to": "23:59"}})
    shop.product("HAT", on_hand=0)
    shop.ask("HAT", "+12015550124")
    shop.stock("HAT", 5)
    shop.work()
    assert shop.messages(None, status="held")
    return shop


# --- the document --------------------------------------------------------------------------------------------------


def test_the_document_is_openapi_3_1(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_its_paths_and_methods_are_those_of_the_app(app: Flask, document: Any) -> None:
    real = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("storefront.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert told == real


def test_nothing_else_answers_below_its_address(app: Flask) -> None:
    others = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert {name for name in others if not name.startswith("storefront.")} == {"apidoc.openapi", "apidoc.page"}


def test_its_settings_are_the_stores_settings(document: Any, shop: Shop) -> None:
    schemas = document["components"]["schemas"]
    names = set(StoreSettings.model_fields)
    assert set(schemas["StoreSettings"]["properties"]) == names
    assert set(schemas["StoreSettings"]["required"]) == names
    assert set(schemas["StoreSettingsChanges"]["properties"]) == names
    assert set(shop.get("settings")) == names
    assert not schemas["StoreSettingsChanges"].get("required")


def test_a_generated_client_resets_no_setting_by_a_default(document: Any) -> None:
    changes = {name: schema for name, schema in document["components"]["schemas"].items() if name.endswith("Changes")}
    assert "default" not in re.findall(r'"(\w+)":', json.dumps(changes))


@pytest.mark.parametrize(
    "name,meanings",
    [("RequestStatus", REQUEST_STATUSES), ("MessageStatus", MESSAGE_STATUSES), ("Reason", REASONS)],
)
def test_its_statuses_are_those_of_the_house(document: Any, name: str, meanings: dict[str, str]) -> None:
    schema = document["components"]["schemas"][name]
    assert schema["enum"] == list(meanings)
    assert schema["x-enumDescriptions"] == meanings


def test_each_status_can_be_asked_for(shop: Shop) -> None:
    for status in REQUEST_STATUSES:
        shop.get(f"requests?status={status}")
    for status in MESSAGE_STATUSES:
        shop.get(f"messages?status={status}")


# --- examples ------------------------------------------------------------------------------------------------------


def test_every_body_has_an_example_and_the_app_takes_it_whole(shop: Shop) -> None:
    for operation in OPERATIONS:
        if operation.body is None:
            continue
        body = BODIES[operation.name]
        answer = shop.call(operation.method, operation.path.lstrip("/"), body)
        if isinstance(operation.body, Rows):
            assert answer["errors"] == []
            assert answer["accepted"] == len(body[operation.body.name])


@pytest.mark.parametrize("name", ANSWERS)
def test_an_example_of_an_answer_is_as_the_answers_are(name: str) -> None:
    [operation] = [operation for operation in OPERATIONS if operation.name == name]
    wrong = [error.message for error in validator(operation.method, operation.path, "200").iter_errors(ANSWERS[name])]
    assert wrong == []


def test_every_answer_but_the_long_one_has_an_example() -> None:
    assert {operation.name for operation in OPERATIONS} - set(ANSWERS) == {"getSettings", "changeSettings"}


# --- every documented status of every path; the client itself holds each answer against the document ----------------


STATUSES = [(operation, status) for operation in OPERATIONS for status in (200, *operation.errors)]


@pytest.mark.parametrize("operation,status", STATUSES, ids=[f"{op.name}-{status}" for op, status in STATUSES])
def test_each_documented_status_is_really_answered(
    shop: Shop, operation: Operation, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.plan()
    path = operation.path.lstrip("/")
    known = {"request_id": "requests", "restock_id": "restocks"}
    for name, rows in known.items():
        number = 10**9 if status == 404 else shop.get(rows)[rows][0]["id"]
        path = path.replace(f"{{{name}}}", str(number))
    body: Any = None if operation.body is None else BODIES[operation.name]
    if status == 400:
        body = b'{"products": ['
    elif status == 401:
        shop.secret = "nnk_wrong"
    elif status == 413:
        shop.app.config["MAX_CONTENT_LENGTH"] = 10
    elif status == 422 and operation.body is None:
        path += "?colour=red"
    elif status == 422:
        body = {"colour": "red"}
    elif status == 503:
        monkeypatch.setattr("nexnotify.web.guards.store_of_api_key", _away)
    shop.call(operation.method, path, body, status)


def _away(_secret: str) -> None:
    raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))


def test_who_is_not_let_in_is_told_how_to_ask(client: FlaskClient) -> None:
    assert client.get("/api/v1/settings").headers["WWW-Authenticate"] == "Bearer"


def test_everything_that_has_happened_is_told_as_documented(lived: Shop) -> None:
    requests = lived.requests()
    what = {event["what"] for request in requests for event in lived.trace(request["id"])["events"]}
    assert {"asked", "consent_granted", "decided_hold", "decided_send", "message_delivered", "cancelled"} <= what
    statuses = {message["status"] for message in lived.messages(None)}
    assert {"delivered", "undelivered", "rejected", "accepted", "expired", "held"} <= statuses
    for restock in lived.get("restocks")["restocks"]:
        assert lived.get(f"restocks/{restock['id']}/plan")["decisions"]


@pytest.mark.parametrize("rows", ["products", "requests", "restocks", "messages"])
def test_a_list_goes_on_where_next_says(lived: Shop, rows: str) -> None:
    whole = lived.get(f"{rows}?limit=200")
    pages, address = [], f"/api/v1/{rows}?limit=1"
    while address:
        page = lived.get(address)
        pages += page[rows]
        address = page["next"]
    assert whole["next"] is None
    assert pages == whole[rows]


def test_bad_rows_are_answered_as_documented(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    products = shop.put(
        "products", {"products": [{}, 7, None, {"id": "b", "title": "B", "variants": [{"sku": "TEE-M"}]}]}
    )
    assert [error["index"] for error in products["errors"]] == [0, 1, 2, 3]
    stock = shop.put("stock", {"levels": [{"sku": "?", "on_hand": 1}, {"on_hand": 1}, {"sku": "a", "variant_id": "b"}]})
    assert stock["unknown"] == ["?"]
    rows = [{"sku": "?", "phone": "1"}, {"sku": "TEE-M", "phone": "+12015550123"}, {"sku": "TEE-M", "email": "x"}]
    assert len(shop.post("requests", {"requests": rows})["errors"]) == 3


# --- the page ------------------------------------------------------------------------------------------------------


def test_the_page_shows_all_of_it_to_anybody(client: FlaskClient, document: Any) -> None:
    answer = client.get("/api/v1/")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in text
    assert "Set-Cookie" not in answer.headers
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
    for path, methods in document["paths"].items():
        assert f"/api/v1{path}</code>" in text
        assert {operation["operationId"] for operation in methods.values()} <= set(ids)
    for name in (*StoreSettings.model_fields, *MESSAGE_STATUSES, *REQUEST_STATUSES, *REASONS):
        assert f"<code>{name}</code>" in text, name
