"""Who hears of a restock and who does not: whose clock it is, who has bought, who was told lately, what the page says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.db import db, transaction
from nexnotify.gateways.testkit import Answer, Asked, ScriptedServer
from nexnotify.ledger.models import PageCheck
from nexnotify.settings import Settings
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest
from tests.admin import Desk
from tests.conftest import make_settings
from tests.shop import Shop
from tests.times import at, later, local, moment

ANN, BEN = "+12015550123", "+12015550124"
DEFAULT = {"from": "20:00", "to": "09:00"}
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def restock(shop: Shop, sku: str = "TEE-M") -> None:
    shop.stock(sku, 5)
    shop.work()


def states(shop: Shop) -> list[tuple[str, str | None]]:
    return [(message["status"], message["reason"]) for message in shop.messages()]


def wait_for(shop: Shop, sku: str = "TEE-M", phone: str = ANN, **more: Any) -> int:
    """The id of a new request."""
    row = {"sku": sku, "phone": phone, "consent": True, "confirm": False, **more}
    answer = shop.post("requests", {"requests": [row]})
    assert answer["errors"] == []
    return int(answer["requests"][0]["id"])


def order(shop: Shop, sku: str, placed_at: str, id: str = "1001", status: str = "paid", **who: Any) -> None:
    row = {"id": id, "status": status, "placed_at": placed_at, "lines": [{"sku": sku, "quantity": 1}], "notify": False}
    assert shop.post("orders", {"orders": [{**row, **who}]})["errors"] == []


def decided(shop: Shop, request: int) -> list[tuple[str, str, str]]:
    """(stage, verdict, reason) of each decision about a request."""
    events = [event for event in shop.trace(request)["events"] if event["what"].startswith("decided_")]
    return [(event["stage"], event["what"].removeprefix("decided_"), event["reason"]) for event in events]


# --- whose clock -------------------------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize(
    "phone,zone,until",
    [
        (ANN, None, "2030-01-16 09:00"),  # New Jersey
        ("+13105550123", None, "2030-01-16 12:00"),  # nine in Los Angeles
        (ANN, "America/Los_Angeles", "2030-01-16 12:00"),
        ("+18505550123", None, "2030-01-16 10:00"),  # Florida, and perhaps Central time
        ("+15025550123", None, "2030-01-16 10:00"),  # Kentucky begins at ten
        ("+18005550123", None, "2030-01-16 14:00"),  # toll-free: nine in Honolulu
        ("+18005550123", "America/Chicago", "2030-01-16 10:00"),
        (ANN, "Mars/Base", "2030-01-16 09:00"),
    ],
)
def test_a_text_waits_for_the_morning_of_every_clock_that_may_be_the_shoppers(
    shop: Shop, phone: str, zone: str | None, until: str
) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT})
    shop.product("TEE-M")
    request = wait_for(shop, phone=phone, **({"zone": zone} if zone else {}))
    with at("2030-01-15 23:30"):
        restock(shop)
        assert states(shop) == [("held", "quiet_hours")]
        assert moment(shop.messages()[0]["due_at"]) == local(until)
        assert shop.trace(request)["summary"] == (
            "The product is back; the message waits for the morning, so that it does not come at night."
        )
    with at(until):
        shop.work()
        assert states(shop) == [("delivered", None)]


@on_sqlite
def test_the_widget_tells_the_browsers_zone_and_the_trace_says_whose_clock_it_was(shop: Shop) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT})
    shop.product("TEE-M")
    shop.ask("TEE-M", ANN, zone="America/Chicago")
    with at("2030-01-15 20:30"):
        restock(shop)
    [request] = shop.requests()
    [held] = [event for event in shop.trace(request["id"])["events"] if event["what"] == "decided_hold"]
    assert held["clock"] == ("Local hours of America/Chicago, America/New_York, by the browser at sign-up, the number.")
    assert "Local hours of America/Chicago" in Desk.of(shop).page(f"/waitlist/requests/{request['id']}")


@on_sqlite
def test_a_customers_address_counts_too(shop: Shop) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT})
    shop.product("TEE-M")
    row = {"id": "c1", "phone": ANN, "country": "US", "region": "TX"}
    assert shop.put("customers", {"customers": [row]})["errors"] == []
    assert [(one["country"], one["region"]) for one in shop.get("customers")["customers"]] == [("US", "TX")]
    wait_for(shop)
    with at("2030-01-16 09:30"):  # half past seven in El Paso
        restock(shop)
        assert moment(shop.messages()[0]["due_at"]) == local("2030-01-16 11:00")


@on_sqlite
def test_what_was_planned_by_day_meets_the_law_at_the_moment_of_sending(shop: Shop) -> None:
    shop.put("settings", {"quiet_hours": {"from": "22:00", "to": "06:00"}})
    shop.product("TEE-M")
    request = wait_for(shop, phone="+14015550123")  # Rhode Island ends at six
    with at("2030-01-15 17:59"):
        shop.stock("TEE-M", 5)
        shop.plan()
    with at("2030-01-15 18:00"):
        shop.send()
        assert states(shop) == [("held", "quiet_hours")]
        assert moment(shop.messages()[0]["due_at"]) == local("2030-01-16 09:00")
    assert decided(shop, request) == [("plan", "send", "eligible"), ("send", "hold", "quiet_hours")]


@on_sqlite
def test_without_quiet_hours_no_law_holds_a_text(shop: Shop) -> None:
    shop.product("TEE-M")
    wait_for(shop, phone="+14015550123")
    with at("2030-01-20 03:00"):  # a Sunday night in Rhode Island
        restock(shop)
        assert states(shop) == [("delivered", None)]


@on_sqlite
def test_windows_that_leave_no_hour_hold_the_text_say_so_and_warn(shop: Shop) -> None:
    desk = Desk.of(shop)
    assert "leave no hour" not in desk.page("/settings")
    shop.put("settings", {"quiet_hours": {"from": "08:00", "to": "21:00"}})
    assert "These quiet hours leave no hour for some places" in desk.page("/settings")
    shop.product("TEE-M")
    request = wait_for(shop)
    with at("2030-01-15 12:00"):
        restock(shop)
        assert states(shop) == [("held", "no_hours")]
        assert decided(shop, request) == [("plan", "hold", "no_hours")]
        shop.put("settings", {"quiet_hours": DEFAULT})
    assert "leave no hour" not in desk.page("/settings")
    with at("2030-01-16 12:01"):
        shop.work()
        assert states(shop) == [("delivered", None)]


@on_sqlite
@pytest.mark.parametrize("zone", ["", "Mars/Base"])
def test_a_store_without_a_zone_keeps_to_utc(shop: Shop, zone: str) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT})
    shop.product("TEE-M")
    shop.ask_by_email("TEE-M")
    wait_for(shop, phone="+18005550123", zone="Europe/London")
    with shop.app.app_context():
        with transaction():
            db.session.execute(sa.update(Store).values(zone=zone))
        db.session.remove()
    with at("2030-01-15 20:30", "UTC"):
        restock(shop)
        assert states(shop) == [("held", "quiet_hours")] * 2
        assert {moment(message["due_at"]) for message in shop.messages()} == {local("2030-01-16 09:00", "UTC")}


@on_sqlite
def test_whoever_is_erased_leaves_no_zone_behind(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M", ANN, zone="America/Chicago")
    shop.put(
        "customers",
        {"customers": [{"id": "c1", "first_name": "Ann", "last_name": "Lee", "phone": ANN, "country": "US"}]},
    )
    desk = Desk.of(shop)
    desk.post("/customers/1/erase", typed="Ann Lee")
    with shop.app.app_context():
        assert db.session.scalars(sa.select(AlertRequest.zone)).all() == [None]
        db.session.remove()


# --- bought already ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "placed_at,changes,is_told",
    [
        ("2030-01-12 11:00", {}, False),  # three days before the restock, to the hour
        ("2030-01-12 09:00", {}, True),  # longer ago
        ("2030-01-12 11:00", {"bought_days": 2}, True),
        ("2030-01-12 09:00", {"bought_days": 7}, False),
        ("2030-01-14 23:00", {"bought_days": 0}, True),  # the evening before
        ("2030-01-12 11:00", {"bought_days": None}, True),
    ],
)
def test_who_has_bought_it_is_left_out(shop: Shop, placed_at: str, changes: Any, is_told: bool) -> None:
    shop.put("settings", changes)
    shop.product("TEE-M")
    with at("2030-01-15 07:00"):
        request = wait_for(shop)
        wait_for(shop, phone=BEN)
        order(shop, "TEE-M", local(placed_at).isoformat(), phone=ANN)
    with at("2030-01-15 10:00"):
        restock(shop)
        told = {message["to"] for message in shop.messages()}
    assert told == ({ANN, BEN} if is_told else {BEN})
    expected = ("plan", "send", "eligible") if is_told else ("plan", "skip", "bought")
    assert decided(shop, request) == [expected]
    if not is_told:
        assert shop.trace(request)["summary"] == "The product was ordered already, so no message was sent."


@on_sqlite
@pytest.mark.parametrize("status,is_told", [("sent", False), ("cancelled", True), ("returned", True)])
def test_an_order_that_came_to_nothing_does_not_count(shop: Shop, status: str, is_told: bool) -> None:
    shop.product("TEE-M")
    with at("2030-01-15 07:00"):
        wait_for(shop)
        order(shop, "TEE-M", local("2030-01-15 07:00").isoformat(), status=status, phone=ANN)
        restock(shop)
    assert bool(shop.messages()) is is_told


@on_sqlite
def test_the_same_person_is_known_by_the_customer_behind_another_address(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.put("customers", {"customers": [{"id": "c1", "phone": ANN, "email": "ann@mail.example"}]})
    with at("2030-01-15 07:00"):
        wait_for(shop)
        shop.ask_by_email("TEE-M", "ann@mail.example")
        shop.ask_by_email("TEE-M", "ben@mail.example")
        order(shop, "TEE-M", local("2030-01-15 07:30").isoformat(), customer_id="c1")
        restock(shop)
    assert {message["to"] for message in shop.messages()} == {"ben@mail.example"}


@on_sqlite
def test_who_orders_while_the_text_is_held_is_left_out_when_its_time_comes(shop: Shop) -> None:
    shop.put("settings", {"quiet_hours": DEFAULT})
    shop.product("TEE-M")
    request = wait_for(shop)
    with at("2030-01-15 21:00"):
        restock(shop)
        assert states(shop) == [("held", "quiet_hours")]
    with at("2030-01-15 22:00"):
        order(shop, "TEE-M", local("2030-01-15 22:00").isoformat(), phone=ANN)
    with at("2030-01-16 09:01"):
        shop.work()
        assert states(shop) == [("suppressed", "bought")]
    assert shop.trace(request)["summary"] == "Has bought the product."


@pytest.mark.parametrize("bought,is_told", [("MUG", False), ("HAT", True)])
def test_a_substitute_counts_like_the_thing_itself(shop: Shop, bought: str, is_told: bool) -> None:
    for sku in ("TEE-M", "MUG", "HAT"):
        shop.product(sku)
    product = {"id": "tee-m", "title": "Tee", "substitutes": ["mug", "later"]}
    assert shop.put("products", {"products": [product]})["errors"] == []
    with at("2030-01-15 07:00"):
        wait_for(shop)
        order(shop, bought, local("2030-01-15 07:00").isoformat(), phone=ANN)
        restock(shop)
    assert bool(shop.messages()) is is_told


@on_sqlite
def test_substitutes_of_a_product_stay_until_they_are_told_anew(shop: Shop) -> None:
    shop.product("TEE-M")

    def told() -> list[list[str]]:
        return [product["substitutes"] for product in shop.get("products?id=tee-m")["products"]]

    for product, after in (
        ({"substitutes": ["mug", "hat", "mug"]}, ["hat", "mug"]),
        ({}, ["hat", "mug"]),
        ({"substitutes": ["cap"]}, ["cap"]),
        ({"substitutes": []}, []),
    ):
        shop.put("products", {"products": [{"id": "tee-m", "title": "Tee", **product}]})
        assert told() == [after]


@on_sqlite
def test_staff_choose_substitutes_on_the_products_page(shop: Shop) -> None:
    for sku in ("TEE-M", "MUG"):
        shop.product(sku, title=sku)
    desk = Desk.of(shop)
    page = desk.post("/products/1/substitutes", substitutes="MUG\n\ntee-m\n")
    assert "Substitutes saved." in page
    assert shop.get("products?id=tee-m")["products"][0]["substitutes"] == ["mug", "tee-m"], "by SKU or by id"
    assert "Alerts or substitutes of a product changed" in desk.page("/settings/audit")
    told = {"id": "tee-m", "title": "TEE-M", "substitutes": ["mug", "tee-m", "still-to-come"]}
    shop.put("products", {"products": [told]})
    desk.post("/products/1/substitutes", substitutes="still-to-come\nmug\ntee-m")
    desk.post("/products/1/substitutes", substitutes="mug\ntee-m")
    page = desk.post("/products/1/substitutes", substitutes="mug\nsocks", status=422)
    assert "Your catalogue has no product with this id or SKU: socks." in page
    assert shop.get("products?id=tee-m")["products"][0]["substitutes"] == ["mug", "tee-m"], "nothing was changed"


# --- told lately -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours,first_try", [(24, "held"), (1, "delivered"), (0, "delivered")])
def test_who_was_told_and_asks_again_is_not_told_again_at_once(shop: Shop, hours: int, first_try: str) -> None:
    shop.put("settings", {"told_hours": hours, "frequency_cap": None})
    shop.product("TEE-M")
    with at("2030-01-15 10:00"):
        wait_for(shop)
        restock(shop)
        assert states(shop) == [("delivered", None)]
        told_at = moment(shop.messages()[0]["accepted_at"])
    with at("2030-01-15 12:00"):
        shop.stock("TEE-M", 0)
        request = wait_for(shop)
        wait_for(shop, phone=BEN)
        restock(shop)
        mine = shop.messages(to=ANN)
        assert [message["status"] for message in mine] == ["delivered", first_try]
        assert [message["status"] for message in shop.messages(to=BEN)] == ["delivered"]
    if first_try == "held":
        assert mine[1]["reason"] == "told_lately"
        assert (moment(mine[1]["due_at"]) - told_at).total_seconds() == hours * 3600
        assert decided(shop, request) == [("plan", "hold", "told_lately")]
        with at("2030-01-16 10:01"):
            shop.work()
            assert [message["status"] for message in shop.messages(to=ANN)] == ["delivered", "delivered"]


@on_sqlite
def test_another_product_is_no_repeat(shop: Shop) -> None:
    for sku in ("TEE-M", "MUG"):
        shop.product(sku)
        wait_for(shop, sku)
        restock(shop, sku)
    assert states(shop) == [("delivered", None)] * 2


# --- the product's page ------------------------------------------------------------------------------------------------


class Site(ScriptedServer):
    """The merchant's shop: its pages by path."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.pages: dict[str, tuple[int, str]] = {}

    @property
    def looked_at(self) -> list[str]:
        """Paths, in turn."""
        return [each.path for each in self.asked]

    def _answer(self, asked: Asked) -> Answer:
        status, body = self.pages.get(asked.path, (404, "not here"))
        return Answer(status, body, {"Content-Type": "text/html; charset=utf-8"})


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def settings(settings: Settings, site: Site) -> Settings:
    return make_settings(settings.instance, settings.database_url, private_shops=site.url)


def product_at(shop: Shop, url: str, sku: str = "TEE-M") -> None:
    shop.product(sku, url=url)


@pytest.mark.parametrize(
    "status,body,is_held",
    [
        (404, "", True),
        (410, "", True),
        (200, '<link rel="canonical" href="/mug">', True),
        (200, "<h1>Tee</h1>", False),
        (500, "", False),
        (403, "", False),
        (200, '<link rel="canonical" href="/nobody-knows">', False),
    ],
)
@on_sqlite
def test_a_page_that_is_gone_or_anothers_holds_and_nothing_else_does(
    shop: Shop, site: Site, status: int, body: str, is_held: bool
) -> None:
    shop.put("settings", {"check_page": True})
    site.pages["/tee"] = (status, body)
    product_at(shop, f"{site.url}/tee")
    product_at(shop, f"{site.url}/mug", "MUG")
    request = wait_for(shop)
    restock(shop)
    assert states(shop) == [("held", "page_gone") if is_held else ("delivered", None)]
    assert site.looked_at == ["/tee"]
    page = Desk.of(shop).page("/products/variants/1")
    words = {404: "does not exist", 410: "does not exist", 500: "could not be read", 403: "could not be read"}
    assert words.get(status, "shows another product" if is_held else "Nothing speaks against") in page
    if is_held:
        assert decided(shop, request) == [("plan", "hold", "page_gone")]
        assert shop.trace(request)["summary"] == "The product is back; the message will follow."


@on_sqlite
def test_a_page_whose_data_name_another_product_holds(shop: Shop, site: Site) -> None:
    """The address is the tee's in the catalogue, and what answers there calls itself the mug."""
    shop.put("settings", {"check_page": True})
    site.pages["/p7"] = (200, '<script type="application/ld+json">{"@type": "Product", "sku": "MUG"}</script>')
    product_at(shop, f"{site.url}/mug", "MUG")
    product_at(shop, f"{site.url}/p7")
    wait_for(shop)
    restock(shop)
    assert states(shop) == [("held", "page_gone")]


@on_sqlite
def test_a_page_that_comes_back_lets_the_text_go_and_is_not_asked_each_time(shop: Shop, site: Site) -> None:
    shop.put("settings", {"check_page": True})
    product_at(shop, f"{site.url}/tee")
    wait_for(shop)
    wait_for(shop, phone=BEN)
    restock(shop)
    shop.work()
    assert states(shop) == [("held", "page_gone")] * 2
    assert site.looked_at == ["/tee"], "once for all who wait, and again after some minutes only"
    with later(minutes=11):
        shop.work()
        assert states(shop) == [("held", "page_gone")] * 2
        assert site.looked_at == ["/tee", "/tee"]
    site.pages["/tee"] = (200, "<h1>Tee</h1>")
    with later(minutes=22):
        shop.work()
        assert states(shop) == [("delivered", None)] * 2


@on_sqlite
def test_what_waited_for_the_morning_is_held_when_the_page_is_gone_by_then(shop: Shop, site: Site) -> None:
    shop.put("settings", {"check_page": True, "quiet_hours": DEFAULT})
    site.pages["/tee"] = (200, "<h1>Tee</h1>")
    product_at(shop, f"{site.url}/tee")
    wait_for(shop)
    with at("2030-01-15 21:00"):
        restock(shop)
        assert states(shop) == [("held", "quiet_hours")]
    site.pages.clear()
    with at("2030-01-16 09:00"):
        shop.work()
        assert states(shop) == [("held", "page_gone")]


@on_sqlite
def test_switched_off_no_page_is_asked_for(shop: Shop, site: Site) -> None:
    product_at(shop, f"{site.url}/tee")
    wait_for(shop)
    restock(shop)
    assert (states(shop), site.looked_at) == ([("delivered", None)], [])
    with shop.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count(PageCheck.id))) == 0
        db.session.remove()


@on_sqlite
def test_a_page_on_a_private_address_is_not_asked_for_and_holds_nothing(shop: Shop) -> None:
    shop.put("settings", {"check_page": True})
    product_at(shop, "http://127.0.0.1:9/tee")
    wait_for(shop)
    restock(shop)
    assert states(shop) == [("delivered", None)]
