"""The storefront API: its shapes, and one clear error for everything that is wrong."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, IntegrityError

from nexnotify import create_app
from nexnotify.clock import utcnow
from nexnotify.customers.models import ConsentEntry, ConsentWording
from nexnotify.db import db, transaction
from nexnotify.secrets import new_key
from nexnotify.settings import Settings
from nexnotify.stores.models import ApiKey, Store
from nexnotify.stores.service import create_api_key, revoke_api_key
from tests.rows import everything
from tests.shop import Shop

ANN = "+12015550123"


def error(answer: Any, code: str | None = None) -> dict[str, Any]:
    """The error of an answer, after a look at its shape."""
    body = answer if isinstance(answer, dict) else answer.get_json()
    assert set(body) == {"error"}
    found: dict[str, Any] = body["error"]
    assert {"code", "message", "fields"} <= set(found)
    assert isinstance(found["fields"], dict)
    assert found["message"]
    assert "Traceback" not in json.dumps(body)
    assert code is None or found["code"] == code
    return found


def row(**fields: Any) -> dict[str, Any]:
    return {"sku": "TEE-M", "phone": ANN, "consent": True, **fields}


# --- shapes --------------------------------------------------------------------------------------------------------


def test_settings_have_the_documented_names_and_values(shop: Shop) -> None:
    off, on = {"sms": False, "email": False, "push": False}, {"sms": True, "email": True, "push": False}
    documented = {
        "switches": {"sold_out": on, "backordered": on, "preordered": off, "can_preorder": off, "can_backorder": off},
        "threshold": 1,
        "settle_seconds": 0,
        "undo_seconds": 0,
        "quiet_hours": {"from": "20:00", "to": "09:00"},
        "frequency_cap": {"texts": 3, "hours": 168},
        "confirmations": True,
        "double_opt_in": False,
        "waves": "all",
        "holdout": 0,
        "credits": False,
        "check_page": False,
        "domains": [],
        "country": "US",
        "zone": "America/New_York",
    }
    found = shop.put("settings", {"quiet_hours": {"from": "20:00", "to": "09:00"}})
    assert found == shop.get("settings")
    assert {name: found[name] for name in documented} == documented


WRONG_SETTINGS: list[Any] = [
    ({"treshold": 2}, "treshold"),
    ({"threshold": 0}, "threshold"),
    ({"threshold": "2"}, "threshold"),
    ({"zone": "Mars/Olympus"}, "zone"),
    ({"country": "XX"}, "country"),
    ({"quiet_hours": {"from": "25:00", "to": "09:00"}}, "quiet_hours.from"),
    ({"quiet_hours": {"from": "09:00", "to": "09:00"}}, "quiet_hours"),
    ({"frequency_cap": {"texts": 0, "hours": 1}}, "frequency_cap.texts"),
    ({"waves": "steered"}, "waves"),
    ({"domains": ["not an origin"]}, "domains"),
]


def test_a_wrong_setting_is_named_and_nothing_changes(shop: Shop) -> None:
    for changes, field in WRONG_SETTINGS:
        before = shop.get("settings")
        assert field in error(shop.put("settings", {"confirmations": False, **changes}, 422), "invalid")["fields"]
        assert shop.get("settings") == before


def test_a_product_reads_back_as_it_was_put(shop: Shop) -> None:
    tee: dict[str, Any] = {
        "id": "tee",
        "title": "Tee",
        "url": "https://shop.example/tee",
        "published": True,
        "variants": [
            {
                "id": "tee-m",
                "sku": "TEE-M",
                "options": {"size": "M"},
                "price": "20.00",
                "currency": "USD",
                "unavailable_as": "backordered",
            }
        ],
    }
    assert shop.put("products", {"products": [tee]}) | {"products": [{"id": "tee"}]} == {
        "accepted": 1,
        "errors": [],
        "products": [{"id": "tee"}],
    }
    listed = shop.get("products")
    assert listed["next"] is None
    [found] = listed["products"]
    assert {name: found[name] for name in tee if name != "variants"} == {
        name: value for name, value in tee.items() if name != "variants"
    }
    assert found["variants"][0].items() >= tee["variants"][0].items()
    assert found["variants"][0]["status"] == "backordered"
    shop.put("products", {"products": [{"id": "tee", "title": "Tee"}]})
    assert len(shop.get("products")["products"][0]["variants"]) == 1, "variants that are left out stay"


def test_a_request_and_its_message_have_the_documented_fields(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    made = shop.post(
        "requests", {"requests": [row(source="till", first_name="Ann", page_url="https://acme.example/t")]}
    )
    assert made["accepted"] == 1
    assert made["errors"] == []
    [request] = shop.requests()
    assert (request["sku"], request["channel"], request["to"], request["status"], request["source"]) == (
        *("TEE-M", "sms", ANN, "waiting", "till"),
    )
    shop.stock("TEE-M", 1)
    shop.work()
    [message] = shop.messages()
    assert message["kind"] == "back_in_stock"
    assert message["channel"] == "sms"
    assert message["to"] == ANN
    assert message["status"] == "delivered"
    assert message["segments"] == 1
    assert message["gateway"] == "Outbox"
    assert message["gateway_id"] == f"outbox-{message['reference']}"
    assert len(message["reference"]) == 32
    for field in ("due_at", "accepted_at"):
        assert message[field].endswith("Z")
    [restock] = shop.get("restocks")["restocks"]
    plan = shop.get(f"restocks/{restock['id']}/plan")
    assert plan["messages"] == {"delivered": 1}
    assert [(item["verdict"], item["reason"], item["people"]) for item in plan["decisions"]] == [
        ("send", "eligible", 1)
    ]


def test_lists_go_on_at_next_and_end_with_null(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    phones = [f"+120155501{number:02}" for number in range(5)]
    shop.post("requests", {"requests": [row(phone=phone, confirm=False) for phone in phones]})
    seen: list[str] = []
    page: Any = "/api/v1/requests?sku=TEE-M&limit=2"
    for _ in range(3):
        body = shop.get(page)
        seen += [item["to"] for item in body["requests"]]
        page = body["next"]
        assert page is None or page.startswith("/api/v1/requests?")
    assert page is None
    assert sorted(seen) == phones


def test_messages_are_found_by_sku_number_and_status(shop: Shop) -> None:
    for sku, phone in (("TEE-M", ANN), ("MUG", "+12015550124")):
        shop.product(sku, on_hand=0)
        shop.ask(sku, phone)
    shop.work()
    assert [message["to"] for message in shop.messages(None, sku="MUG")] == ["+12015550124"]
    assert [message["to"] for message in shop.messages(None, variant_id="tee-m-v")] == [ANN]
    assert [message["sku"] for message in shop.messages(None, to=ANN)] == ["TEE-M"]
    assert [message["sku"] for message in shop.get(f"messages?to={ANN}")["messages"]] == ["TEE-M"], "an unescaped plus"
    assert [message["sku"] for message in shop.get("messages?to=(201) 555-0123")["messages"]] == ["TEE-M"]
    assert len(shop.messages(None, status="delivered")) == 2
    assert shop.messages(None, status="held") == []
    assert shop.messages(None, sku="NOPE") == []


BAD_LISTS = [
    "messages?status=lost",
    "messages?to=nobody",
    "messages?state=sent",
    "messages?limit=0",
    "messages?limit=201",
    "messages?limit=x",
    "messages?after=x",
    f"messages?after={10**30}",
    "messages?after=-1",
    "requests?status=gone",
    "requests?phone=1",
    "restocks?status=new",
    "products?title=Tee",
]


def test_a_list_refuses_what_it_does_not_understand(shop: Shop) -> None:
    for path in BAD_LISTS:
        error(shop.get(path, 422), "invalid")


# --- the same again ------------------------------------------------------------------------------------------------


def test_the_same_post_gives_the_same_ids_and_no_second_message(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    body = {"requests": [row(), row(phone="+12015550124", email="ben@mail.example", channels=["sms", "email"])]}
    first = shop.post("requests", body)
    shop.work()
    second = shop.post("requests", body)
    shop.work()
    assert first["requests"] == second["requests"]
    assert [item["index"] for item in first["requests"]] == [0, 1, 1]
    assert len(shop.messages("confirmation")) == 3
    assert len(shop.requests()) == 3


def test_the_same_number_written_otherwise_is_the_same_contact(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    rows = [row(phone=phone) for phone in (ANN, "201-555-0123", "1 (201) 555 0123", "0012015550123")]
    assert len({item["id"] for item in shop.post("requests", {"requests": rows})["requests"]}) == 1
    assert len(shop.messages("confirmation")) == 1


def test_a_wording_that_the_shop_did_not_tell_is_not_made_up(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    rows = [row(), row(phone="+12015550124", consent_text="Text me, Acme.")]
    assert shop.post("requests", {"requests": rows})["accepted"] == 2
    with shop.app.app_context():
        entries = db.session.scalars(sa.select(ConsentEntry).order_by(ConsentEntry.id)).all()
        wordings = {wording.version: wording.text for wording in db.session.scalars(sa.select(ConsentWording))}
        db.session.remove()
    assert [entry.method for entry in entries] == ["api", "api"]
    assert [wordings.get(entry.wording_version or "") for entry in entries] == [None, "Text me, Acme."]
    assert len(wordings) == 1


def test_confirm_false_sends_no_confirmation(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.post("requests", {"requests": [row(confirm=False)]})
    assert shop.messages(None) == []


# --- bad rows ------------------------------------------------------------------------------------------------------


def test_good_rows_are_kept_and_bad_ones_named(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    answer = shop.put(
        "stock",
        {
            "levels": [
                {"sku": "TEE-M", "on_hand": 3},
                {"sku": "TEE-M", "on_hand": 3, "committed": -1},
                {"sku": "NOPE", "on_hand": 3},
                {"sku": "TEE-M", "on_hand": "three"},
                {"on_hand": 3},
                {"sku": "TEE-M", "variant_id": "tee-m-v", "on_hand": 3},
                {"sku": "TEE-M", "on_hand": 3, "colour": "red"},
                {"sku": "TEE-M", "on_hand": 1e400},
                {"sku": "TEE-M", "on_hand": 10**13},
                {"sku": "TEE-M", "on_hand": 3, "as_of": "yesterday"},
                {"sku": "TEE\0", "on_hand": 3},
                {"sku": "\ud800", "on_hand": 3},
                "level",
                None,
            ]
        },
    )
    assert answer["accepted"] == 2
    assert answer["unknown"] == ["NOPE"]
    assert [problem["index"] for problem in answer["errors"]] == [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    assert {problem["code"] for problem in answer["errors"]} == {"invalid"}
    assert "committed" in answer["errors"][0]["message"]
    assert shop.get("products")["products"][0]["variants"][0]["available"] == 3


def test_requests_say_for_each_row_what_is_wrong(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.product("MUG", on_hand=4)
    shop.product("PRE", on_hand=0, unavailable_as="preordered")
    rows = [
        row(),
        row(sku="NOPE"),
        row(sku="MUG"),
        row(sku="PRE"),
        row(phone="123"),
        row(consent=False),
        row(phone=None),
        row(first_name="n" * 200),
        row(first_name="A\0nn"),
        row(channels=["fax"]),
        row(channels=["email"], email="ann@"),
    ]
    answer = shop.post("requests", {"requests": rows})
    assert answer["accepted"] == 1
    assert [(problem["index"], problem["code"]) for problem in answer["errors"]] == [
        (1, "not_found"),
        (2, "in_stock"),
        (3, "channel_off"),
        (4, "invalid"),
        (5, "invalid"),
        (6, "invalid"),
        (7, "invalid"),
        (8, "invalid"),
        (9, "invalid"),
        (10, "invalid"),
    ]
    assert len(shop.requests()) == 1


def test_products_with_a_sku_of_another_are_refused_alone(shop: Shop) -> None:
    products = [
        {"id": "a", "title": "A", "variants": [{"id": "a1", "sku": "X"}]},
        {"id": "b", "title": "B", "variants": [{"id": "b1", "sku": "X"}]},
        {"id": "c", "title": "C", "variants": [{"id": "a1"}]},
        {"id": "d", "title": "D", "variants": [{"id": "d1", "price": "-1"}]},
        {"id": "e", "title": "E", "url": "javascript:alert(1)"},
        {"id": "f", "title": "F", "variants": [{"id": "f1", "options": {"size": "\0"}}]},
        {"id": "g", "title": "G", "variants": [{"id": "g1", "price": 19.9}]},
    ]
    answer = shop.put("products", {"products": products})
    assert [problem["index"] for problem in answer["errors"]] == [1, 2, 3, 4, 5]
    listed = {product["id"]: product for product in shop.get("products")["products"]}
    assert sorted(listed) == ["a", "g"]
    assert listed["g"]["variants"][0]["price"] == "19.90"


BAD_FORMS: list[Any] = [
    ("products", {"levels": []}),
    ("stock", {"levels": {}}),
    ("stock", {"levels": [], "location": "main"}),
    ("stock", []),
    ("stock", 7),
    ("settings", []),
    ("stock", {"levels": [{"sku": "A", "on_hand": 1}] * 5001}),
]


def test_a_body_of_the_wrong_form_is_422(shop: Shop) -> None:
    for path, body in BAD_FORMS:
        error(shop.put(path, body, 422), "invalid")


NO_JSON = [b"", b"{", b"levels=1", b"\xff\xfe", b'{"levels": NaN', b"[" * 100_000]


def test_a_body_that_is_no_json_is_400(shop: Shop) -> None:
    for body in NO_JSON:
        error(shop.call("PUT", "stock", body, 400), "bad_json")


def test_two_megabytes_are_413(shop: Shop) -> None:
    error(shop.call("PUT", "stock", b" " * 2_000_000, 413), "too_large")


def test_a_thousand_levels_at_once_are_fine(shop: Shop) -> None:
    levels = [{"sku": f"S{number}", "on_hand": number} for number in range(1000)]
    answer = shop.put("stock", {"levels": levels})
    assert answer["accepted"] == 1000
    assert len(answer["unknown"]) == 1000


# --- who may -------------------------------------------------------------------------------------------------------


NO_KEYS: list[Any] = [None, "", "Bearer", "Bearer ", "Bearer nnk_wrong", "Basic abc", "nnk_wrong"]


def test_without_a_key_nothing_opens(shop: Shop) -> None:
    for header in NO_KEYS:
        answer = shop.client.get("/api/v1/messages", headers={"Authorization": header} if header is not None else {})
        assert answer.status_code == 401
        error(answer, "unauthorised")


def test_a_revoked_key_is_401_at_once(shop: Shop) -> None:
    with shop.app.app_context():
        with transaction():
            store = db.session.get_one(Store, shop.store_id)
            key, secret = create_api_key(store, "second", utcnow())
        key_id = key.id
        db.session.remove()
    first, shop.secret = shop.secret, secret
    shop.get("settings")
    with shop.app.app_context():
        with transaction():
            revoke_api_key(db.session.get_one(Store, shop.store_id), key_id, utcnow())
        assert db.session.get_one(ApiKey, key_id).revoked_at is not None
        db.session.remove()
    error(shop.get("settings", 401), "unauthorised")
    shop.secret = first
    shop.get("settings")


def test_keys_lie_in_the_database_as_hashes_only(shop: Shop, settings: Settings) -> None:
    assert shop.secret not in everything(settings.database_url)


def test_another_shops_things_do_not_exist(shop: Shop, other_shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M")
    shop.stock("TEE-M", 1)
    shop.work()
    [request], [restock] = shop.requests(), shop.get("restocks")["restocks"]
    error(other_shop.get(f"requests/{request['id']}/trace", 404), "not_found")
    error(other_shop.get(f"restocks/{restock['id']}/plan", 404), "not_found")
    assert other_shop.put("stock", {"levels": [{"sku": "TEE-M", "on_hand": 0}]})["unknown"] == ["TEE-M"]
    assert other_shop.get("products?sku=TEE-M")["products"] == []
    assert other_shop.messages(None) == []
    assert other_shop.messages(None, to=ANN) == []
    assert other_shop.requests(sku="TEE-M") == []
    assert other_shop.ask("TEE-M", status=404)["error"]["code"] == "not_found"
    assert shop.offered("TEE-M")["status"] == "in_stock"


NOT_THERE = ["requests/0/trace", f"requests/{10**30}/trace", "restocks/999/plan", "nothing"]


def test_what_is_not_there_is_404(shop: Shop) -> None:
    for path in NOT_THERE:
        error(shop.get(path, 404), "not_found")


WRONG_METHODS: list[Any] = [
    ("POST", "products"),
    ("DELETE", "products"),
    ("GET", "stock"),
    ("PUT", "requests"),
    ("PATCH", "settings"),
]


def test_a_wrong_method_is_405_and_says_which_are_right(shop: Shop) -> None:
    for method, path in WRONG_METHODS:
        answer = shop.client.open(
            f"/api/v1/{path}", method=method, headers={"Authorization": f"Bearer {shop.secret}"}, json={}
        )
        assert answer.status_code == 405
        assert answer.headers["Allow"]
        error(answer, "method_not_allowed")


WITH_NUL = ["products?sku=%00", "messages?sku=%00", "products?id=%00", "requests?variant_id=%00"]


def test_a_character_that_no_database_keeps_is_no_fault_of_ours(shop: Shop) -> None:
    for path in WITH_NUL:
        answer = shop.client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {shop.secret}"})
        assert answer.status_code in (200, 422), answer.get_data(as_text=True)


# --- the database --------------------------------------------------------------------------------------------------


def test_a_database_that_is_away_is_503_everywhere_and_no_stack_trace(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"postgresql://nobody@127.0.0.1:{port}/none"
    app = create_app(Settings(instance=tmp_path, database_url=url, queue_url="memory:", secret_keys=new_key()))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    calls = [
        ("GET", "/api/v1/settings"),
        ("PUT", "/api/v1/stock"),
        ("GET", "/widget/v1/nn_x/variants?sku=A"),
        ("POST", "/widget/v1/nn_x/requests"),
        ("POST", "/callbacks/1/token/receipts"),
        ("GET", "/readyz"),
    ]
    for method, path in calls:
        answer = client.open(path, method=method, headers={"Authorization": "Bearer nnk_x"})
        assert answer.status_code == 503, path
        found = error(answer, "unavailable")
        assert str(port) not in found["message"]
    assert client.get("/healthz").status_code == 200


def test_the_consent_ledger_can_be_added_to_but_not_changed(shop: Shop, settings: Settings) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M")
    engine = sa.create_engine(settings.database_url)
    for statement in ("UPDATE consent_entry SET action = 'revoked'", "DELETE FROM consent_entry"):
        with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT action FROM consent_entry").scalars().all() == ["granted"]
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alert_request SET variant_id = (SELECT id FROM variant WHERE store_id = :other) WHERE store_id = :mine",
        "UPDATE alert_request SET contact_id = (SELECT id FROM contact WHERE store_id = :other) WHERE store_id = :mine",
        "UPDATE message SET lane_id = (SELECT min(id) FROM lane WHERE store_id = :other) WHERE store_id = :mine",
        "UPDATE message SET contact_id = (SELECT id FROM contact WHERE store_id = :other) WHERE store_id = :mine",
        "UPDATE variant SET product_id = (SELECT id FROM product WHERE store_id = :other) WHERE store_id = :mine",
        "UPDATE stock_level SET variant_id = (SELECT id FROM variant WHERE store_id = :other) WHERE store_id = :mine",
    ],
    ids=lambda text: " ".join(text.split()[1:4]),
)
def test_the_database_itself_refuses_another_stores_row(shop: Shop, other_shop: Shop, statement: str) -> None:
    for each in (shop, other_shop):
        each.product("TEE-M", on_hand=0)
        each.ask("TEE-M")
    with shop.app.app_context(), db.engine.begin() as connection, pytest.raises(IntegrityError):
        connection.execute(sa.text(statement), {"mine": shop.store_id, "other": other_shop.store_id})


def test_no_shoppers_address_lies_in_clear_in_any_table(shop: Shop, settings: Settings) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M", ANN)
    shop.ask("TEE-M", "+12015550191")  # refused as invalid
    shop.ask_by_email("TEE-M", "ann.lee@mail.example")
    shop.work()
    shop.stock("TEE-M", 4)
    shop.work()
    assert len(shop.messages(None)) >= 4
    stored = everything(settings.database_url)
    assert "TEE-M" in stored
    for trace in ("2015550123", "2015550191", "555-0123", "ann.lee", "mail.example"):
        assert trace not in stored
