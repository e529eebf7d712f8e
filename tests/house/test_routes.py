"""Who may come in: every address has its guard, and nobody opens another store's row by its number."""

import io
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule

from nexnotify.db import db
from nexnotify.web.admin.access import staff_guard
from nexnotify.web.guards import store_api_key
from tests.admin import Desk
from tests.credits import order_pack
from tests.shop import Shop
from tests.web.test_admin_access import lived_in

#: Blueprint → its guard.
GUARDED = {"storefront": store_api_key}
#: Open on purpose, and why that is no danger.
PUBLIC = {
    "health": "says only whether the process and its database answer",
    "widget": "the store key is public; origins and limits are checked in the view",
    "hooks": "the token in the address is a secret of its own, and the payment provider signs its calls",
    "tracking": "the store key is public; what comes is only counted, and origins and limits are checked in the view",
    "callbacks": "the token in the address is a secret of its own",
    "shopper": "the address is signed",
    "short_links": "the code in the address is a secret of its own; opening one changes nothing, and what acts is signed",
    "security": "the sign-in itself",
    "doors": "the token in the address is a secret of its own; a forgotten password is answered the same for everybody",
    "apidoc": "the API's description, the same for every store",
    "widget_script": "the same script for everybody",
    "hosted_form": "the widget's form as a page, under the same rules",
    "demo_shop": "a shop window of the demo store, and only where there is one",
}
#: Argument of an address → table of the row it names.
TABLES = {
    "key": "api_key",
    "order": "customer_order",
    "purchase": "credit_purchase",
    "request": "alert_request",
    "restock": "restock_event",
}
#: Not rows of a store: the stores somebody may switch to are tested where the switch is.
NO_ROW = {"store_id"}
UNGUARDED_ENDPOINTS = {"static", "security.static"}


def guards(app: Flask) -> dict[str, set[object]]:
    return {name: set(app.before_request_funcs.get(name, ())) for name in app.blueprints}


def rules(app: Flask, method: str, prefix: str) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()) and rule.rule.startswith(prefix):
            yield rule


def test_every_blueprint_is_guarded_or_public_on_purpose(app: Flask) -> None:
    for name, before in guards(app).items():
        if name in PUBLIC:
            continue
        guard = GUARDED.get(name, staff_guard)
        assert guard in before, f"{name} has no guard; set one, or add it to PUBLIC with the reason"


def test_nothing_on_the_public_list_is_gone(app: Flask) -> None:
    assert set(app.blueprints) >= PUBLIC.keys() | GUARDED.keys()


def test_every_address_belongs_to_a_blueprint(app: Flask) -> None:
    bare = {rule.endpoint for rule in app.url_map.iter_rules() if "." not in rule.endpoint}
    assert bare <= UNGUARDED_ENDPOINTS


def test_nothing_of_the_api_answers_without_a_key(app: Flask, client: FlaskClient) -> None:
    for method in ("GET", "PUT", "POST", "DELETE", "PATCH"):
        for rule in rules(app, method, "/api/"):
            if rule.endpoint.partition(".")[0] in PUBLIC:
                continue
            address = _address(rule, 1)
            for headers in ({}, {"Authorization": "Bearer nnk_wrong"}, {"Authorization": "Basic bm46bm4="}):
                answer = client.open(address, method=method, headers=headers, json={})
                assert answer.status_code == 401, f"{method} {rule}"
                assert answer.get_json()["error"]["code"] == "unauthorised"


def test_nothing_of_the_admin_opens_without_a_sign_in(app: Flask, client: FlaskClient) -> None:
    for rule in rules(app, "GET", "/admin"):
        if rule.endpoint.startswith("security."):
            continue
        answer = client.get(_address(rule, 1))
        assert answer.status_code == 302, f"{rule}: {answer.status_code}"
        assert "/admin/login" in answer.headers["Location"], f"{rule}"


def test_a_revoked_or_foreign_key_opens_nothing(app: Flask, shop: Shop, other_shop: Shop) -> None:
    from nexnotify.clock import utcnow
    from nexnotify.db import transaction
    from nexnotify.stores.models import ApiKey

    with app.app_context(), transaction():
        db.session.execute(sa.update(ApiKey).where(ApiKey.store_id == shop.store_id).values(revoked_at=utcnow()))
    assert shop.get("settings", status=401)["error"]["code"] == "unauthorised"
    assert other_shop.get("settings")["threshold"] == 1


def test_no_address_of_the_api_opens_another_stores_row(app: Flask, shop: Shop, other_shop: Shop) -> None:
    _live_a_little(other_shop)
    tried = 0
    for rule in rules(app, "GET", "/api/"):
        for number in _foreign_rows(app, rule, other_shop):
            answer = shop.client.get(_address(rule, number), headers={"Authorization": f"Bearer {shop.secret}"})
            assert answer.status_code == 404, f"{rule} with {number}"
            assert answer.get_json()["error"]["code"] == "not_found"
            tried += 1
    assert tried


def test_no_address_of_the_admin_opens_another_stores_row(app: Flask, shop: Shop, other_shop: Shop) -> None:
    _live_a_little(other_shop)
    browser = shop.sign_in()
    for rule in rules(app, "GET", "/admin"):
        for number in _foreign_rows(app, rule, other_shop):
            answer = browser.get(_address(rule, number))
            assert answer.status_code == 404, f"{rule} with {number}: {answer.status_code}"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_button_of_the_admin_touches_another_stores_row(app: Flask, shop: Shop, other_shop: Shop) -> None:
    lived_in(other_shop)
    other_shop.put("regions", {"regions": [{"key": "north", "name": "The north", "locations": ["main"]}]})
    inviting = Desk(other_shop.sign_in("second@acme.example"))
    inviting.post("/staff/invitations", 200, email="new@acme.example", role="viewer")
    before = _rows_of(app, other_shop)
    desk = Desk(shop.sign_in())
    pressed = {"csrf_token": desk.token(), "name": "x", "on_hand": "3", "body": "Hi", "role": "viewer", "typed": "1"}
    tried = set()
    for rule in rules(app, "POST", "/admin"):
        if rule.endpoint == "admin_account.end_one":
            continue  # of a person, not of a store
        for number in _foreign_rows(app, rule, other_shop):
            for deed in ("hold", "go-on", "now", "cancel", "recall") if "deed" in rule.arguments else ("",):
                address = _address(rule, number).replace("/x", f"/{deed}") if deed else _address(rule, number)
                assert desk.browser.post(address, data=pressed).status_code == 404, address
            tried.add(rule.endpoint)
    assert len(tried) > 40
    assert _rows_of(app, other_shop) == before


def _rows_of(app: Flask, shop: Shop) -> dict[str, list[str]]:
    """Everything that is a store's."""
    with app.app_context():
        tables = [table for table in db.metadata.sorted_tables if "store_id" in table.c]
        found = {
            table.name: sorted(map(repr, db.session.execute(table.select().where(table.c.store_id == shop.store_id))))
            for table in tables
        }
        db.session.remove()
    return found


def test_lists_show_the_stores_own_rows_alone(shop: Shop, other_shop: Shop) -> None:
    _live_a_little(other_shop)
    for name in ("products", "customers", "orders", "tickets", "requests", "restocks", "messages", "activities"):
        assert other_shop.get(name)[name], name
        assert shop.get(name)[name] == [], name


def test_a_sku_means_the_stores_own_variant(shop: Shop, other_shop: Shop) -> None:
    other_shop.product("TEE-M", on_hand=5)
    assert shop.stock("TEE-M", 3)["unknown"] == ["TEE-M"]
    assert other_shop.get("products?sku=TEE-M")["products"][0]["variants"][0]["available"] == 5


def _live_a_little(shop: Shop) -> None:
    """Rows in every table that a page or the API shows."""
    shop.staff(f"person-of-{shop.store_id}@acme.example")
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann"}]})
    shop.post("orders", {"orders": [{"id": "1001", "status": "new"}]})
    shop.post("tickets", {"tickets": [{"id": "t1", "subject": "Where is it?"}]})
    order_pack(shop.app, shop.key)
    file = (io.BytesIO(b"id\nc9\n"), "people.csv")
    Desk.of(shop).post("/import", kind="customers", file=file)
    shop.stock("TEE-M", 5)
    shop.work()
    shop.put("regions", {"regions": [{"key": "north", "name": "The north", "locations": ["main"]}]})
    desk = Desk(shop.sign_in(f"writer-of-{shop.store_id}@acme.example"))
    desk.post("/sends/one", source="orders", id=desk.id_of("/orders", "orders"))
    desk.post("/views/new/orders?status=new", name="To pack")
    desk.post("/journeys/new", name="Softly", trigger="back_in_stock", unit="minutes", sms_body="[[product]]")
    assert shop.messages()[0]["status"] == "delivered"


def _address(rule: Rule, number: int) -> str:
    """The rule's address with ``number`` for every argument."""
    values = {name: number if isinstance(rule._converters[name], IntegerConverter) else "x" for name in rule.arguments}
    built = rule.build(values, append_unknown=False)
    assert built is not None
    return built[1]


def _foreign_rows(app: Flask, rule: Rule, owner: Shop) -> list[int]:
    """Numbers of the other store's rows that the rule's arguments could name."""
    numbers = [name for name in rule.arguments if isinstance(rule._converters[name], IntegerConverter)]
    found: list[int] = []
    for name in numbers:
        if name in NO_ROW:
            continue
        noun = name.removesuffix("_id")
        table = db.metadata.tables.get(TABLES.get(noun, noun))
        assert table is not None, f"{rule}: which table is {name} of? Name it after the table, or add it to TABLES"
        with app.app_context():
            mine = sa.select(table.c.id).where(table.c.store_id == owner.store_id)
            rows = list(db.session.scalars(mine.limit(3)))
        assert rows, f"{rule}: the test makes no row of {table.name}"
        found += rows
    return found
