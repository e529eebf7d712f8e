"""Who may come into the admin, and what each role may do there."""

from __future__ import annotations

import io
from collections.abc import Iterator

from flask import Flask, url_for
from flask.testing import FlaskClient

from tests.admin import Desk
from tests.shop import PASSWORD, Shop

#: Buttons whose address names a row of the store.
DEEDS = (
    "/waitlist/requests/{request}/cancel",
    "/products/variants/{variant}/stock",
    "/products/variants/{variant}/unavailable",
    "/messages/{message}/send-again",
    "/messages/{message}/leave",
    "/templates/{template}",
    "/templates/{template}/switch",
    "/gateways/{gateway}",
    "/gateways/{gateway}/check",
    "/gateways/{gateway}/sender",
    "/gateways/{gateway}/resume",
    "/gateways/{gateway}/test",
    "/settings/keys/{key}/revoke",
    "/sends/{send}/write",
    "/sends/{send}/test",
    "/sends/{send}/confirm",
    "/sends/{send}/undo",
    "/sends/{send}/now",
    "/sends/{send}/pause",
    "/sends/{send}/resume",
    "/sends/{send}/stop",
    "/sends/{send}/discard",
    "/journeys/{journey}/edit",
    "/journeys/{journey}/on",
    "/journeys/{journey}/off",
    "/journeys/{journey}/delete",
    "/customers/{customer}/reveal",
    "/customers/{customer}/fields",
    "/customers/{customer}/export",
    "/customers/{customer}/erase",
    "/customers/fields/{custom_field}",
    "/customers/fields/{custom_field}/move",
    "/customers/fields/{custom_field}/delete",
    "/views/{saved_view}",
    "/views/{saved_view}/delete",
)
SHOWN = (
    "/waitlist",
    "/waitlist/variants/{variant}",
    "/waitlist/requests/{request}",
    "/restocks",
    "/restocks/{restock}",
    "/messages",
    "/messages/{message}",
    "/products",
    "/products/{product}",
    "/products/variants/{variant}",
    "/templates",
    "/templates/{template}",
    "/gateways",
    "/settings",
    "/settings/audit",
    "/settings/texts",
    "/orders",
    "/orders/{order}",
    "/tickets",
    "/tickets/{ticket}",
    "/sends",
    "/sends/{send}",
    "/sends/{send}/write",
    "/sends/{send}/check",
    "/sends/{send}/left-out",
    "/messages?send={send}",
    "/journeys",
    "/journeys/{journey}",
    "/journeys/{journey}/edit",
    "/customers",
    "/customers/{customer}",
    "/customers/{customer}/erase",
    "/customers/fields",
    "/customers/fields/{custom_field}",
    "/customers/fields/{custom_field}/delete",
    "/views/{saved_view}",
)


def routes(app: Flask, method: str) -> Iterator[tuple[str, bool]]:
    """Every address of the admin's own blueprints, and whether it has an id in it."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint.split(".")[0].startswith("admin") and method in (rule.methods or ()):
                values = {name: "outbox" if name == "kind" else 1 for name in rule.arguments}
                yield url_for(rule.endpoint, **values), bool(rule.arguments)


def lived_in(shop: Shop) -> dict[str, int]:
    """Give a shop one of everything; the ids of it."""
    shop.product("TEE-M", on_hand=0)
    shop.ask("TEE-M", "+12015550123")
    shop.stock("TEE-M", 5)
    shop.work()
    order = {"id": "1001", "status": "new", "lines": [{"sku": "TEE-M"}], "notify": False, "phone": "+12015550123"}
    shop.post("orders", {"orders": [order]})
    shop.post("tickets", {"tickets": [{"id": "t1", "subject": "Where is it?"}]})
    shop.work()
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": "+12015550123"}]})
    desk = Desk.of(shop)
    number = desk.id_of("/orders", "orders")
    page = desk.post("/sends/one", source="orders", id=number)
    desk.post("/views/new/orders?status=new", name="To pack", shared="y")
    desk.post("/settings/payments/invoice", instructions="", active="y")
    payment = desk.id_in("/settings/credits", r'name="payment"[^>]*value="(\d+)"')
    desk.post("/settings/credits/buy", pack="1000", payment=str(payment))
    desk.post("/import", kind="customers", file=(io.BytesIO(b"id\nc9\n"), "people.csv"))
    journey = desk.post("/journeys/new", name="Softly", trigger="back_in_stock", unit="minutes", sms_body="[[product]]")
    return {
        "journey": int(journey.split("/admin/journeys/")[1].split("/")[0]),
        "send": int(page.split("/admin/sends/")[1].split("/")[0]),
        "payment": payment,
        "purchase": desk.id_of("/settings/credits", "settings/credits/purchases"),
        "saved_view": desk.id_of("/orders?status=new", "views"),
        "customer": desk.id_of("/customers", "customers"),
        "custom_field": desk.id_of("/customers/fields", "customers/fields"),
        "request": shop.requests()[0]["id"],
        "variant": desk.id_of("/products", "products/variants"),
        "product": desk.id_of("/products", "products"),
        "restock": desk.id_of("/restocks", "restocks"),
        "order": number,
        "ticket": desk.id_of("/tickets", "tickets"),
        "message": desk.id_of("/messages", "messages"),
        "template": desk.id_of("/templates", "templates"),
        "gateway": desk.id_of("/gateways", "gateways"),
        "import_run": desk.id_of("/import", "import"),
        "key": int(desk.raw("/settings/keys").split("/settings/keys/")[1].split("/")[0]),
    }


def test_whoever_is_not_signed_in_is_led_to_the_door(app: Flask, shop: Shop, client: FlaskClient) -> None:
    found = list(routes(app, "GET"))
    assert len(found) > 15
    for address, _ in found:
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/admin/login"), address
    page = client.get("/admin/login").get_data(as_text=True)
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    for address, _ in routes(app, "POST"):
        answer = client.post(address, data={"csrf_token": token})
        assert (answer.status_code, answer.headers.get("Location", "").split("?")[0]) == (302, "/admin/login"), address


def test_signing_in_works_and_a_wrong_password_does_not(shop: Shop, client: FlaskClient) -> None:
    shop.staff("ann@acme.example", "viewer")
    page = client.get("/admin/login").get_data(as_text=True)
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    typed = {"email": "ann@acme.example", "csrf_token": token}
    refused = client.post("/admin/login", data={**typed, "password": "not that one"})
    assert refused.status_code == 200
    assert client.get("/admin/waitlist").status_code == 302
    assert client.post("/admin/login", data={**typed, "password": PASSWORD}).status_code == 302
    assert client.get("/admin", follow_redirects=True).status_code == 200


def test_signing_out_ends_it(shop: Shop) -> None:
    desk = Desk.of(shop)
    desk.post("/logout")
    assert desk.browser.get("/admin/waitlist").status_code == 302


def test_nothing_changes_without_the_csrf_token(app: Flask, shop: Shop) -> None:
    desk = Desk.of(shop)
    found = list(routes(app, "POST"))
    assert len(found) > 14
    for address, _ in found:
        assert desk.browser.post(address, data={}).status_code == 400, address
        assert desk.browser.post(address, data={"csrf_token": "made up"}).status_code == 400, address


def test_what_belongs_to_another_store_is_not_there(app: Flask, shop: Shop, other_shop: Shop) -> None:
    theirs = lived_in(other_shop)
    lived_in(shop)
    desk = Desk(shop.app.test_client())
    desk = Desk(shop.sign_in("second@acme.example", "owner"))
    for address in SHOWN:
        if "{" in address:
            desk.page(address.format(**theirs), 404)
    for address in DEEDS:
        desk.post(address.format(**theirs), 404)
    assert [request["status"] for request in other_shop.requests()] == ["bought"]
    assert {message["status"] for message in other_shop.messages(None)} == {"delivered"}


def test_an_id_that_nobody_has_is_not_there(shop: Shop) -> None:
    desk = Desk.of(shop)
    for number in (0, 987654, 2**63 - 1, 2**63, 10**30):
        desk.page(f"/messages/{number}", 404)
    assert "No messages match" not in desk.page(f"/messages?after={10**30}&before=x")


def test_a_viewer_does_not_see_the_addresses_that_gateways_call(shop: Shop) -> None:
    assert "callbacks/" not in Desk.of(shop, "viewer").page("/gateways")


def test_a_person_of_two_stores_changes_between_them_and_into_no_third(
    app: Flask, shop: Shop, other_shop: Shop
) -> None:
    third = Shop.open(app, name="Third")
    desk = Desk(shop.sign_in("both@acme.example"))
    other_shop.staff("both@acme.example", "viewer")
    assert "Acme" in desk.page("/waitlist")
    assert "Other Shop" in desk.post(f"/store/{other_shop.store_id}")
    desk.post("/settings", 403)
    desk.post(f"/store/{third.store_id}", 404)
    assert "/admin/store/" in desk.page("/waitlist")
    assert desk.browser.get(f"/admin/store/{shop.store_id}").status_code == 405


def test_whoever_has_left_every_store_is_told_so(app: Flask, shop: Shop) -> None:
    import sqlalchemy as sa

    from nexnotify.db import db, transaction
    from nexnotify.stores.models import Membership

    desk = Desk.of(shop)
    with app.app_context():
        with transaction():
            db.session.execute(sa.delete(Membership))
        db.session.remove()
    assert "You do not belong to any store" in desk.page("/waitlist", 403)
