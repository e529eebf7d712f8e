"""Who asks for a location or a region is told of stock that is there; stock elsewhere does not count."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.content.models import Template, TemplateVersion
from nexnotify.db import db, transaction
from nexnotify.inventory.models import StockChange
from nexnotify.ledger.values import confirm_url
from nexnotify.workers.steps import run_stock_check
from tests.admin import Desk
from tests.shop import Shop
from tests.times import later

ANN, BEN, CAT, DAN = "+12015550123", "+12015550124", "+12015550125", "+12015550126"
#: The test gateway cannot deliver to it.
FAILS = "+12015550190"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def places(shop: Shop) -> Shop:
    """A mug that is sold out in three warehouses, two of them in the north."""
    shop.put("settings", {"confirmations": False, "frequency_cap": None})
    shop.product("MUG", title="Mug")
    for location in ("berlin", "hamburg", "munich"):
        shop.stock("MUG", 0, location=location)
    told = shop.put(
        "regions",
        {
            "regions": [
                {
                    "key": "north",
                    "name": "The north",
                    "locations": ["berlin", "hamburg"],
                    "delivery": "Arrives in 2 days",
                },
                {"key": "south", "name": "The south", "locations": ["munich"]},
            ]
        },
    )
    assert told == {"accepted": 2, "errors": [], "regions": [{"key": "north"}, {"key": "south"}]}
    shop.plan()
    return shop


def told(shop: Shop) -> list[str]:
    """Numbers whose text was delivered, as often as it was."""
    shop.work()
    return sorted(row["to"] for row in shop.messages() if row["status"] == "delivered")


def asks(shop: Shop, phone: str, status: int = 202, **place: Any) -> Any:
    return shop.ask("MUG", phone, status, **place)


def test_a_restock_is_told_to_its_location_its_region_and_to_who_named_no_place(places: Shop) -> None:
    asks(places, ANN, location="berlin")
    asks(places, BEN, region="north")
    asks(places, CAT)
    asks(places, DAN, region="south")
    places.stock("MUG", 5, location="berlin")
    assert told(places) == [ANN, BEN, CAT]
    places.stock("MUG", 5, location="munich")
    assert told(places) == [ANN, BEN, CAT, DAN]


def test_stock_in_another_place_does_not_count(places: Shop) -> None:
    asks(places, ANN, location="berlin")
    asks(places, BEN, region="south")
    places.stock("MUG", 5, location="hamburg")
    assert told(places) == []
    assert places.offered("MUG")["status"] == "in_stock"
    for request in places.requests():
        story = places.trace(request["id"])
        assert "at another location" in story["summary"]
        assert (
            story["events"][-1]["words"] == "Stock came at another location than the one for which this request waits."
        )


def test_stock_that_joins_what_is_elsewhere_is_news_there(places: Shop) -> None:
    """Over all locations nothing crossed: it could be bought all the time."""
    asks(places, ANN)
    asks(places, DAN, region="south")
    places.stock("MUG", 5, location="berlin")
    assert told(places) == [ANN]
    asks(places, BEN, location="munich")
    places.stock("MUG", 1, location="munich")
    assert told(places) == [ANN, BEN, DAN]
    restocks = places.get("restocks")["restocks"]
    assert sorted((row["location"] or "", row["region"] or "") for row in restocks) == [
        ("", ""),
        ("", "south"),
        ("munich", ""),
    ]


def test_what_is_in_stock_there_is_nothing_to_wait_for(places: Shop) -> None:
    places.stock("MUG", 5, location="berlin")
    for place in ({"location": "berlin"}, {"region": "north"}, {}):
        assert asks(places, ANN, 409, **place)["error"]["code"] == "in_stock"
    asks(places, ANN, region="south")
    [request] = places.requests()
    assert (request["location"], request["region"], request["asked_status"]) == (None, "south", "sold_out")


def test_a_place_that_there_is_not_is_refused(places: Shop) -> None:
    assert list(asks(places, ANN, 422, location="paris")["error"]["fields"]) == ["location"]
    assert list(asks(places, ANN, 422, region="east")["error"]["fields"]) == ["region"]
    assert asks(places, ANN, 422, region="north", location="berlin")["error"]["code"] == "invalid"
    assert places.requests() == []


def test_asking_again_for_another_place_changes_it_and_keeps_the_place_in_line(places: Shop) -> None:
    asks(places, ANN, region="north")
    asks(places, ANN, location="munich")
    [request] = places.requests()
    assert (request["location"], request["region"]) == ("munich", None)
    places.stock("MUG", 5, location="berlin")
    assert told(places) == []
    places.stock("MUG", 5, location="munich")
    assert told(places) == [ANN]


def test_stock_that_is_gone_there_before_the_text_goes_is_not_told(places: Shop) -> None:
    asks(places, ANN, region="north")
    places.stock("MUG", 5, location="munich")
    places.stock("MUG", 5, location="berlin")
    places.plan()
    places.stock("MUG", 0, location="berlin")
    assert told(places) == []
    [request] = places.requests()
    assert request["status"] == "waiting"
    assert "sold_out_again" in str(places.trace(request["id"]))


def test_units_wanted_and_minimums_count_there(places: Shop) -> None:
    places.put("settings", {"threshold": 3})
    asks(places, ANN, region="north", quantity=6)
    asks(places, BEN, region="north")
    places.stock("MUG", 90, location="munich")
    places.stock("MUG", 2, location="berlin")
    assert told(places) == []
    places.stock("MUG", 2, location="hamburg")
    assert told(places) == [BEN]
    places.stock("MUG", 4, location="hamburg")
    assert told(places) == [ANN, BEN]


def test_waves_are_sized_by_the_units_of_the_region(places: Shop) -> None:
    places.put("settings", {"waves": {"kind": "per_unit", "people": 1, "minutes": 10}})
    for number in (ANN, BEN, CAT):
        asks(places, number, region="north")
    places.stock("MUG", 90, location="munich")
    places.stock("MUG", 2, location="berlin")
    assert told(places) == [ANN, BEN]
    restock = next(row for row in places.get("restocks")["restocks"] if row["region"] == "north")
    assert places.get(f"restocks/{restock['id']}/plan")["waves"][0]["units"] == 2


def test_a_restock_elsewhere_takes_no_turn_from_one_that_is_told_in_waves(places: Shop) -> None:
    places.put("settings", {"waves": {"kind": "paced", "people": 1, "minutes": 10}})
    asks(places, ANN, region="north")
    asks(places, BEN, region="north")
    asks(places, DAN, region="south")
    places.stock("MUG", 5, location="berlin")
    assert told(places) == [ANN]
    places.stock("MUG", 5, location="munich")
    assert told(places) == [ANN, DAN]
    with later(minutes=11):
        assert told(places) == [ANN, BEN, DAN]


def test_any_variant_of_a_product_is_looked_for_at_the_place(places: Shop) -> None:
    variants = [{"id": f"cup-{size}", "sku": f"CUP-{size}", "price": "9.00"} for size in ("S", "L")]
    places.put(
        "products",
        {"products": [{"id": "cup", "title": "Cup", "url": "https://acme.example/cup", "variants": variants}]},
    )
    places.ask("CUP-S", ANN, any_variant=True, region="north")
    places.stock("CUP-L", 5, location="munich")
    assert told(places) == []
    places.stock("CUP-L", 5, location="berlin")
    assert told(places) == [ANN]


def test_the_delivery_promise_is_that_of_the_region(places: Shop) -> None:
    template = "Mug is back. [[delivery]]. Reply STOP to end."
    set_text(places, template)
    asks(places, ANN, region="north")
    asks(places, CAT)
    places.stock("MUG", 5, location="berlin")
    assert told(places) == [ANN, CAT]
    bodies = {row["to"]: row["body"] for row in places.messages()}
    assert "Arrives in 2 days" in bodies[ANN]
    assert "Arrives" not in bodies[CAT]


def set_text(shop: Shop, body: str) -> None:
    with shop.app.app_context():
        with transaction():
            ours = sa.select(Template.id).filter_by(kind="back_in_stock", channel="sms", product_status=None)
            db.session.execute(
                sa.update(TemplateVersion).where(TemplateVersion.template_id.in_(ours)).values(body=body)
            )
        db.session.remove()


def check(shop: Shop) -> None:
    with shop.app.app_context():
        run_stock_check()
        db.session.remove()


def test_the_check_finds_what_no_event_told_of_in_a_place(places: Shop) -> None:
    asks(places, ANN, region="north")
    asks(places, DAN, region="south")
    places.stock("MUG", 5, location="berlin")
    with places.app.app_context(), transaction():
        db.session.execute(sa.update(StockChange).values(looked_at=sa.func.now()))
    assert told(places) == []
    for _ in range(2):
        check(places)
        assert told(places) == [ANN]
    [restock] = [row for row in places.get("restocks")["restocks"] if row["region"]]
    assert (restock["region"], restock["by_check"]) == ("north", True)


def test_a_location_that_joins_a_region_brings_its_stock(places: Shop) -> None:
    asks(places, DAN, region="south")
    places.stock("MUG", 5, location="hamburg")
    assert told(places) == []
    places.put("regions", {"regions": [{"key": "south", "name": "The south", "locations": ["munich", "hamburg"]}]})
    check(places)
    assert told(places) == [DAN]


def test_a_region_is_one_stores_alone(places: Shop, other_shop: Shop) -> None:
    other_shop.product("MUG", title="Mug")
    assert list(other_shop.ask("MUG", ANN, 422, region="north")["error"]["fields"]) == ["region"]
    assert other_shop.get("regions") == {"regions": [], "locations": ["main"]}
    assert [row["key"] for row in places.get("regions")["regions"]] == ["north", "south"]


def test_the_widget_follows_the_place_that_the_page_names(places: Shop) -> None:
    places.stock("MUG", 5, location="berlin")

    def statuses(query: str) -> list[str]:
        return [
            places.client.get(f"/widget/v1/{places.key}/{page}?sku=MUG{query}").get_json()["variants"][0]["status"]
            for page in ("variants", "config")
        ]

    for _ in range(2):
        assert statuses("") == statuses("&location=berlin") == statuses("&region=north") == ["in_stock"] * 2
        assert statuses("&location=munich") == statuses("&region=south") == ["sold_out"] * 2
    assert places.client.get(f"/widget/v1/{places.key}/config?sku=MUG&region=east").status_code == 422


def test_the_form_offers_the_regions_that_the_merchant_does_where_the_page_names_no_place(places: Shop) -> None:
    config = f"/widget/v1/{places.key}/config?sku=MUG"
    both = [{"key": "north", "name": "The north"}, {"key": "south", "name": "The south"}]
    assert places.client.get(config).get_json()["regions"] == both
    assert "regions" not in places.client.get(f"{config}&region=north").get_json()
    places.put(
        "regions", {"regions": [{"key": "north", "name": "The north", "locations": ["berlin"], "offered": False}]}
    )
    assert places.client.get(config).get_json()["regions"] == both[1:]


def test_a_shopper_without_scripts_chooses_where(places: Shop) -> None:
    address = f"/s/ask/{places.key}?sku=MUG"
    assert "The south" in places.client.get(address).get_data(as_text=True)
    typed = {"variant": "mug-v", "region": "south", "country": "US", "phone": "201 555 0123", "consent": "yes"}
    assert places.client.post(address, data=typed).status_code == 200
    assert (
        places.client.post(
            f"{address}&location=berlin", data=typed | {"phone": "201 555 0124", "region": ""}
        ).status_code
        == 200
    )
    assert [(row["location"], row["region"]) for row in places.requests()] == [(None, "south"), ("berlin", None)]


def test_a_reminder_looks_at_the_place(places: Shop) -> None:
    places.put("settings", {"reminders": 1, "reminder_hours": 24})
    asks(places, ANN, location="berlin")
    asks(places, BEN, location="munich")
    places.stock("MUG", 5, location="berlin")
    places.stock("MUG", 5, location="munich")
    assert told(places) == [ANN, BEN]
    places.stock("MUG", 0, location="berlin")
    with later(hours=25):
        places.sweep()
    assert [row["to"] for row in places.messages("reminder")] == [BEN]


def test_the_link_says_that_it_is_gone_there_and_keeps_the_place(places: Shop) -> None:
    places.put("settings", {"link_domain": "https://go.acme.example"})
    asks(places, ANN, location="berlin")
    places.stock("MUG", 5, location="berlin")
    places.stock("MUG", 5, location="munich")
    places.work()
    [message] = places.messages()
    link = "/l/" + message["body"].split("/l/")[1].split()[0]
    assert places.client.get(link).status_code == 302
    places.stock("MUG", 0, location="berlin")
    page = places.client.get(link).get_data(as_text=True)
    assert "Sold out again" in page
    token = page.split('name="token" value="')[1].split('"')[0]
    assert "Your place is kept" in places.client.post(f"{link}/place", data={"token": token}).get_data(as_text=True)
    places.stock("MUG", 3, location="munich")
    assert told(places) == [ANN]
    places.stock("MUG", 3, location="berlin")
    assert told(places) == [ANN, ANN]


def test_a_late_yes_is_told_of_the_restock_at_its_place_alone(places: Shop) -> None:
    places.put("settings", {"double_opt_in": True})
    asks(places, ANN, region="north")
    asks(places, BEN, region="south")
    places.post(
        "requests", {"requests": [{"sku": "MUG", "region": "south", "phone": CAT, "consent": True, "confirm": False}]}
    )
    places.stock("MUG", 5, location="munich")
    assert told(places) == [CAT]
    for request in places.requests():
        if request["status"] == "pending":
            with places.app.app_context():
                page = confirm_url(places.store_id, request["id"]).partition("/s/")[2]
            assert places.client.post(f"/s/{page}").status_code == 200
    assert told(places) == [BEN, CAT]
    assert {row["to"]: row["status"] for row in places.requests()}[ANN] == "waiting"


def test_the_next_channel_is_tried_only_while_it_is_there(places: Shop) -> None:
    places.put("settings", {"channels": "in_order"})
    places.widget({"sku": "MUG", "phone": FAILS, "email": "ann@mail.example", "consent": True, "region": "north"})
    places.stock("MUG", 5, location="berlin")
    places.work()
    places.stock("MUG", 0, location="berlin")
    places.stock("MUG", 5, location="munich")
    with later(minutes=2):
        places.sweep()
    assert [row["channel"] for row in places.messages()] == ["sms"]
    places.stock("MUG", 5, location="berlin")
    with later(minutes=4):
        places.sweep()
    assert "email" in [row["channel"] for row in places.messages()]


def test_few_are_left_there_though_plenty_lie_elsewhere(places: Shop) -> None:
    places.put("settings", {"scarcity_units": 3})
    set_text(places, "Mug is back. [[scarcity]] Reply STOP to end.")
    places.stock("MUG", 500, location="munich")
    asks(places, ANN, region="north")
    places.stock("MUG", 2, location="berlin")
    assert told(places) == [ANN]
    assert "Limited quantities" in places.messages()[0]["body"]


def test_several_in_one_message_each_by_its_place(places: Shop) -> None:
    places.put("settings", {"bundle_minutes": 5})
    for sku in ("CUP", "JUG"):
        places.product(sku, title=sku.title())
        places.ask(sku, ANN, region="north" if sku == "CUP" else None)
    asks(places, ANN, region="north")
    for sku in ("CUP", "JUG", "MUG"):
        places.stock(sku, 5, location="berlin")
    places.plan()
    places.stock("MUG", 0, location="berlin")
    places.stock("MUG", 9, location="munich")
    with later(minutes=6):
        assert set(told(places)) == {ANN}
        bodies = [row["body"] for row in places.messages() if row["status"] == "delivered"]
    assert any("Cup" in body and "Jug" in body for body in bodies)
    assert not any("Mug" in body for body in bodies)


def test_an_invented_restock_at_a_place_is_for_those_who_wait_there(places: Shop) -> None:
    places.put("settings", {"waves": {"kind": "per_unit", "people": 1, "minutes": 10}})
    for number in (ANN, BEN, CAT):
        asks(places, number, region="north")
    asks(places, DAN)

    def going(**place: str) -> tuple[int, int, list[int]]:
        found = places.post("simulations", {"sku": "MUG", "units": 2, **place})
        assert (found["location"], found["region"]) == (place.get("location"), place.get("region"))
        forecast = found["forecast"]
        return forecast["waiting"], forecast["messages"].get("sms", 0), [wave["people"] for wave in forecast["waves"]]

    assert going() == (1, 1, [1])
    assert going(region="north")[:2] == (3, 3)
    assert going(region="north")[2][0] == 2
    assert going(region="south") == going(location="berlin") == (0, 0, [])
    assert places.get("regions")["regions"][0]["locations"] == ["berlin", "hamburg"]
    for place in ({"region": "west"}, {"location": "rome"}, {"region": "north", "location": "berlin"}):
        assert set(places.post("simulations", {"sku": "MUG", "units": 2, **place}, 422)["error"]["fields"]) <= set(
            place
        )
    assert told(places) == []


def test_the_page_of_an_invented_restock_asks_where(places: Shop) -> None:
    asks(places, ANN, region="north")
    asks(places, BEN, region="north")
    asks(places, CAT, location="munich")
    desk = Desk.of(places, "viewer")
    form = desk.page("/restocks/simulate/1")
    assert [form.count(f">{name}</option>") for name in ("Anywhere", "The north", "The south", "munich")] == [
        1,
        1,
        1,
        1,
    ]
    north = desk.id_in("/restocks/simulate/1", r'<option value="(\d+)">The north')
    assert "of 2 who wait" in desk.page(f"/restocks/simulate/1?units=2&place={north}")
    assert "Not a valid choice" in desk.page("/restocks/simulate/1?units=2&place=999")


def test_what_an_invented_restock_costs_knows_how_few_it_brings(places: Shop) -> None:
    """With the words of few units the text is one part longer than without."""
    places.put("settings", {"scarcity_units": 3})
    set_text(
        places, "Mug is back. [[scarcity]] " + "All of our mugs are made by hand. " * 3 + "Come by. Reply STOP to end."
    )
    asks(places, ANN)
    parts = [places.post("simulations", {"sku": "MUG", "units": units})["forecast"]["segments"] for units in (2, 500)]
    places.stock("MUG", 2, location="munich")
    assert told(places) == [ANN]
    assert "Limited quantities" in places.messages()[0]["body"]
    assert parts == [places.messages()[0]["segments"], 1] == [2, 1]
