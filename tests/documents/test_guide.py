"""What the guide "Back-in-stock SMS" says such a system does, in its order."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from nexnotify.clock import utcnow
from tests.adding_up import add_up
from tests.admin import Desk
from tests.holding import stop
from tests.journeys.test_push import add_push
from tests.shop import Shop
from tests.stages.test_lift import compare
from tests.stages.test_prediction import EVENING, NOON, evening_people, knows, ordered_before
from tests.stages.test_stock_check import check, lost_events
from tests.stubs.push_stub import Browser, PushService
from tests.times import at, later
from tests.web.test_admin_tables import book
from tests.web.test_admin_templates import template
from tests.web.test_short_links import clicks, order, outcome, tap
from tests.web.test_short_links import told as told_by_link
from tests.web.test_tracking import tell, view, views

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"
OPT_IN = "I would like to receive SMS messages"
NIGHT = {"from": "20:00", "to": "09:00"}


def told(shop: Shop) -> list[tuple[str, str]]:
    """Who was told of which SKU, in order."""
    return [(m["to"], m["sku"]) for m in shop.messages() if m["status"] == "delivered"]


def who(shop: Shop) -> list[str]:
    return [to for to, _ in told(shop)]


def restock(shop: Shop, sku: str = "TEE-M", on_hand: int | None = 5, **level: Any) -> None:
    shop.stock(sku, on_hand, **level)
    shop.work()


def sizes(shop: Shop, *names: str) -> None:
    """A tee in several sizes, all sold out."""
    variants = [{"id": f"tee-{size}", "sku": f"TEE-{size}", "options": {"size": size}} for size in names]
    row = {"id": "tee", "title": "Tee", "url": "https://acme.example/tee", "variants": variants}
    assert shop.put("products", {"products": [row]})["errors"] == []
    for size in names:
        shop.stock(f"TEE-{size}", 0)


def crowd(shop: Shop, count: int, **settings: Any) -> list[str]:
    """So many wait for the tee, the first of them longest."""
    shop.put("settings", {"frequency_cap": None, **settings})
    shop.product("TEE-M")
    people = [f"+12125550{number:03}" for number in range(100, 100 + count)]
    rows = [{"sku": "TEE-M", "phone": to, "consent": True, "confirm": False} for to in people]
    assert shop.post("requests", {"requests": rows})["errors"] == []
    return people


def reasons(shop: Shop, number: int = 0) -> list[str]:
    """What was decided about a request."""
    events = shop.trace(shop.requests()[number]["id"])["events"]
    return [event["reason"] for event in events if event["what"].startswith("decided_")]


def bought(number: str, phone: str) -> dict[str, Any]:
    """An order of the tee."""
    line = {"sku": "TEE-M", "quantity": 1, "price": "20.00"}
    return {"id": number, "status": "new", "phone": phone, "lines": [line], "total": "20.00"}


def statuses(shop: Shop) -> list[str]:
    return [request["status"] for request in shop.requests()]


# --- 1, 2: a permission-based text, to those who asked for this product ------------------------------------------------


def test_whoever_asked_is_told_when_it_is_replenished_with_a_direct_link_to_it(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    restock(shop)
    [text] = shop.messages()
    assert (text["to"], text["status"]) == (ANN, "delivered")
    assert "https://acme.example/tee-m" in text["body"]


def test_it_is_no_broadcast_to_the_list_of_customers(shop: Shop) -> None:
    rows = [{"id": "c2", "first_name": "Ben", "phone": BEN, "fields": {OPT_IN: True}}]
    shop.put("customers", {"customers": rows})
    shop.product("TEE-M")
    shop.ask()
    restock(shop)
    assert who(shop) == [ANN]


# --- 3: how it works: capture and signal, rules, the message, what follows ---------------------------------------------


def test_a_shopper_asks_on_a_product_that_is_out_of_stock_and_consents_to_texts(shop: Shop) -> None:
    shop.product("TEE-M")
    refused = shop.ask(consent=False, status=422)
    assert "consent" in refused["error"]["fields"]
    shop.ask()
    assert statuses(shop) == ["waiting"]
    shop.product("MUG", on_hand=3)
    shop.ask("MUG", status=409)


def test_replenishing_a_variant_is_an_event_matched_with_those_who_wait_for_that_variant(shop: Shop) -> None:
    sizes(shop, "S", "M")
    shop.ask("TEE-S", ANN)
    shop.ask("TEE-M", BEN)
    restock(shop, "TEE-M")
    [event] = shop.get("restocks")["restocks"]
    assert event["sku"] == "TEE-M"
    assert told(shop) == [(BEN, "TEE-M")]


def test_rules_decide_who_receives_it_and_say_so(shop: Shop) -> None:
    """Unsubscribed, recently messaged, outside of sending hours, below the threshold: each with its reason."""
    shop.put("settings", {"threshold": 3, "frequency_cap": {"texts": 1, "hours": 24}})
    for sku in ("TEE-M", "MUG"):
        shop.product(sku)
        for phone in (ANN, "+12015550192"):  # the outbox answers of the second: has texted STOP
            shop.ask(sku, phone)
    restock(shop, "MUG", 2)
    assert told(shop) == [], "inventory threshold"
    restock(shop, "MUG", 3)
    assert told(shop) == [(ANN, "MUG")]
    restock(shop, "TEE-M", 3)
    assert told(shop) == [(ANN, "MUG")]
    assert "frequency_cap" in reasons(shop, 0), "recently messaged"
    assert statuses(shop)[1] == "cancelled", "unsubscribed"
    shop.put("settings", {"frequency_cap": None, "quiet_hours": NIGHT})
    shop.ask("TEE-M", BEN, status=409)
    shop.stock("TEE-M", 0)
    with at("2030-01-15 22:00"):
        shop.ask("TEE-M", BEN)
        restock(shop, "TEE-M", 3)
        assert BEN not in who(shop)
        assert reasons(shop, -1) == ["quiet_hours"], "within sending hours"
    with at("2030-01-16 09:01"):
        shop.work()
        assert BEN in who(shop)


def test_the_text_has_the_product_and_a_path_to_buy_the_very_variant(shop: Shop) -> None:
    shop.put("settings", {"variant_parameter": "variant={id}"})
    [link] = told_by_link(shop, options={"size": "M"})
    assert "Tee M is back in stock" in shop.messages()[0]["body"]
    answer = tap(shop, link)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://acme.example/tee-m?variant=tee-m-v")


def test_sends_are_staggered_in_batches_where_the_store_wants_it(shop: Shop) -> None:
    people = crowd(shop, 6, waves={"kind": "paced", "people": 2, "minutes": 10})
    restock(shop, on_hand=50)
    assert who(shop) == people[:2]
    with later(minutes=11):
        shop.work()
    assert who(shop) == people[:4]


def test_conversions_revenue_and_engagement_are_tracked(shop: Shop) -> None:
    [link] = told_by_link(shop)
    tap(shop, link)
    with later(minutes=5):
        order(shop)
    figures = outcome(shop)
    assert (figures["clicked"], figures["won"]) == (1, 1)
    add_up(shop)
    assert "20.00 USD" in re.sub(r"\s+", " ", Desk.of(shop).page("/"))


def test_who_purchases_is_told_no_more(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    order(shop)
    restock(shop)
    assert (told(shop), statuses(shop)) == ([], ["bought"])


def test_when_it_sells_out_again_nobody_more_is_told(shop: Shop) -> None:
    crowd(shop, 3)
    shop.stock("TEE-M", 5)
    shop.plan()
    restock(shop, on_hand=0)
    assert (told(shop), statuses(shop)) == ([], ["waiting"] * 3)


def test_after_its_time_window_a_request_ends(shop: Shop) -> None:
    shop.put("settings", {"request_days": 30, "renewal_days": 5})
    shop.product("TEE-M")
    shop.ask()
    for days in (26, 32):
        with later(days=days):
            shop.sweep()
    assert statuses(shop) == ["expired"]
    with later(days=33):
        restock(shop)
    assert told(shop) == []


# --- 4: key components -------------------------------------------------------------------------------------------------


def test_stock_is_kept_for_each_variant_and_added_up_over_its_locations(shop: Shop) -> None:
    shop.put("settings", {"threshold": 3})
    shop.product("TEE-M")
    shop.ask()
    restock(shop, on_hand=2, location="north")
    assert told(shop) == []
    restock(shop, on_hand=1, location="south")
    assert who(shop) == [ANN]


def test_and_location_by_location_for_who_asks_for_one(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.stock("TEE-M", 0, location="berlin")
    shop.ask(location="berlin")
    restock(shop, location="munich")
    assert told(shop) == []
    restock(shop, location="berlin")
    assert who(shop) == [ANN]


def test_a_product_is_the_same_by_its_sku_and_by_its_variant_id(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.widget({"variant_id": "tee-m-v", "phone": ANN, "channels": ["sms"], "consent": True})
    shop.ask("TEE-M")
    assert len(shop.requests()) == 1
    shop.put("stock", {"levels": [{"variant_id": "tee-m-v", "on_hand": 5}]})
    shop.work()
    assert told(shop) == [(ANN, "TEE-M")]


def test_a_subscriber_is_a_number_a_customer_and_a_browser_with_a_consent_status(shop: Shop) -> None:
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": ANN}]})
    shop.product("TEE-M")
    shop.ask(visitor="0123456789abcdef")
    [request] = shop.requests()
    consents = [event for event in shop.trace(request["id"])["events"] if event["what"].startswith("consent")]
    assert request["to"] == ANN
    assert consents, "the story begins with what was agreed to"
    desk = Desk.of(shop)
    page = desk.page(f"/customers/{desk.id_of('/customers', 'customers')}")
    assert "Tee" in page, "the customer's page has what the number asked for"


def test_preferences_are_kept_with_the_request_size_and_quantity(shop: Shop) -> None:
    sizes(shop, "S", "M")
    shop.ask("TEE-M", quantity=3)
    [request] = shop.requests()
    assert (request["sku"], request["quantity"]) == ("TEE-M", 3)
    restock(shop, "TEE-M", 2)
    assert told(shop) == []
    restock(shop, "TEE-M", 3)
    assert told(shop) == [(ANN, "TEE-M")]


def test_the_product_page_has_a_form_with_the_variants_to_choose_from(shop: Shop) -> None:
    sizes(shop, "S", "M")
    page = shop.client.get(f"/s/ask/{shop.key}?product=tee").get_data(as_text=True)
    assert {'value="tee-S"', 'value="tee-M"'} <= set(re.findall(r'value="tee-\w"', page))
    assert {shop.offered(f"TEE-{size}")["status"] for size in "SM"} == {"sold_out"}


def test_opt_ins_are_records_and_an_opt_out_is_obeyed_and_recorded(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask_by_email()
    shop.work()
    found = re.search(r"/s/[\w.-]+", shop.messages("confirmation")[0]["body"])
    assert found
    assert shop.client.post(found[0], data={"stop": "all"}).status_code == 200
    restock(shop)
    assert (shop.messages(), statuses(shop)) == ([], ["cancelled"])
    rows = book(Desk.of(shop), "consent")["Consent"]
    assert len(rows) == 2, "the yes and the no, as the merchant takes them away"


def test_it_triggers_when_stock_crosses_the_threshold_and_not_above_it(shop: Shop) -> None:
    shop.put("settings", {"threshold": 5})
    shop.product("TEE-M")
    shop.ask()
    for on_hand in (1, 4):
        restock(shop, on_hand=on_hand)
        assert told(shop) == []
    restock(shop, on_hand=5)
    restock(shop, on_hand=9)
    assert len(shop.get("restocks")["restocks"]) == 1
    assert who(shop) == [ANN]


def test_merchandising_leaves_products_out_and_times_the_restock(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    desk = Desk.of(shop)
    shop.put("settings", {"approval": True})
    restock(shop)
    assert told(shop) == [], "the moment is the merchandiser's"
    desk.post("/restocks/1/now")
    shop.work()
    assert who(shop) == [ANN]
    shop.put("products", {"products": [{"id": "mug", "title": "Mug", "alerts": False, "variants": [{"id": "mug-v"}]}]})
    answer = shop.client.get(f"/widget/v1/{shop.key}/variants?variant_id=mug-v").get_json()
    assert answer["variants"][0]["channels"] == []


def test_engineering_has_fail_safes_what_was_typed_wrong_is_recalled(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    shop.stock("TEE-M", 50)
    shop.plan()
    Desk.of(shop).post("/restocks/1/recall")
    shop.work()
    assert (told(shop), {message["reason"] for message in shop.messages()}) == ([], {"taken_back"})


def test_and_a_restock_that_no_event_told_of_is_found_and_counted(shop: Shop) -> None:
    """The shop's call came while nobody looked: the scheduled check finds it, and a page says how many there were."""
    shop.product("TEE-M")
    shop.ask()
    with lost_events(shop):
        shop.stock("TEE-M", 5)
    check(shop)
    assert who(shop) == [ANN]
    assert [row["by_check"] for row in shop.get("restocks")["restocks"]] == [True]


def test_support_can_answer_i_clicked_but_it_is_out_again(shop: Shop) -> None:
    [link] = told_by_link(shop)
    shop.stock("TEE-M", 0)
    page = tap(shop, link).get_data(as_text=True)
    assert "Sold out again" in page
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    assert "Your place is kept" in shop.client.post(f"{link}/place", data={"token": token[1]}).get_data(as_text=True)
    story = shop.trace(shop.requests()[0]["id"])
    assert "at the place they had" in story["summary"]


# --- 5: types ----------------------------------------------------------------------------------------------------------


def test_variant_specific_this_size_is_back(shop: Shop) -> None:
    sizes(shop, "S", "M")
    shop.ask("TEE-M")
    restock(shop, "TEE-S")
    assert told(shop) == []
    restock(shop, "TEE-M")
    assert "Tee M is back in stock" in shop.messages()[0]["body"]


def test_product_level_this_product_is_back_in_whatever_size(shop: Shop) -> None:
    sizes(shop, "S", "M")
    shop.ask("TEE-M", any_variant=True)
    restock(shop, "TEE-S")
    assert told(shop) == [(ANN, "TEE-S")]


def test_immediate_everybody_on_the_open_list_is_told_at_once(shop: Shop) -> None:
    people = crowd(shop, 8)
    restock(shop, on_hand=1)
    assert sorted(who(shop)) == people


def test_waitlist_first_whoever_asked_first_is_told_first(shop: Shop) -> None:
    people = crowd(shop, 4, waves={"kind": "per_unit", "people": 1, "minutes": 60})
    restock(shop, on_hand=2)
    assert who(shop) == people[:2]


def test_or_a_loyalty_tier_before_the_others(shop: Shop) -> None:
    waves = {"kind": "per_unit", "people": 1, "minutes": 60}
    people = crowd(shop, 3, waves=waves, alert_order="priority", priority_field="Gold")
    Desk.of(shop).post("/customers/fields", name="Gold", type="yes_no")
    row = {"id": "c3", "phone": people[2], "fields": {"Gold": True}}
    assert shop.put("customers", {"customers": [row]})["errors"] == []
    restock(shop, on_hand=1)
    assert who(shop) == [people[2]]


def test_restock_only_is_one_message_and_a_sequence_reminds_who_has_not_purchased(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    restock(shop)
    with later(hours=30):
        shop.sweep()
        assert shop.messages("reminder") == [], "one message, unless the store wants a sequence"
    shop.put("settings", {"reminders": 1})
    for phone in (BEN, CAT):
        shop.stock("TEE-M", 0)
        shop.ask(phone=phone)
        restock(shop)
    order(shop, phone=CAT)
    with later(hours=30):
        for _ in range(2):
            shop.sweep()
        assert BEN in [message["to"] for message in shop.messages("reminder")]
        assert CAT not in [message["to"] for message in shop.messages("reminder")]


# --- 6: examples -------------------------------------------------------------------------------------------------------


def test_apparel_only_those_of_size_8_are_told_and_land_on_size_8(shop: Shop) -> None:
    shop.put("settings", {"variant_parameter": "variant={id}", "link_domain": "https://go.acme.example"})
    sizes(shop, "8", "10")
    shop.ask("TEE-8", ANN)
    shop.ask("TEE-10", BEN)
    restock(shop, "TEE-8")
    assert told(shop) == [(ANN, "TEE-8")]
    found = re.search(r"/l/\w+", shop.messages()[0]["body"])
    assert found
    assert "variant=tee-8" in tap(shop, found[0]).headers["Location"]


def test_beauty_thirty_percent_first_then_by_sell_through(shop: Shop) -> None:
    people = crowd(shop, 10, waves={"kind": "staged", "percent": 30, "minutes": 30})
    restock(shop, on_hand=6)
    assert who(shop) == people[:3]
    order(shop, phone=people[0])
    order(shop, "1002", phone=people[1])
    restock(shop, on_hand=1)
    with later(minutes=31):
        shop.work()
        assert who(shop) == people[:4], "two in three have bought, so one unit is enough for one"
        restock(shop, on_hand=0)
    with later(hours=2):
        shop.work()
    assert who(shop) == people[:4]


@pytest.mark.parametrize("came_to", ["berlin", "munich"])
def test_home_goods_only_the_region_with_stock_is_told_with_its_own_delivery_promise(shop: Shop, came_to: str) -> None:
    shop.product("TEE-M")
    regions = [
        {"key": "north", "name": "The north", "locations": ["berlin"], "delivery": "Arrives in 2 days"},
        {"key": "south", "name": "The south", "locations": ["munich"], "delivery": "Arrives in 5 days"},
    ]
    assert shop.put("regions", {"regions": regions})["errors"] == []
    body = "[[product]] is back in stock. [[delivery]]. [[url]] Reply STOP to end."
    desk = Desk.of(shop)
    desk.post(f"/templates/{template(desk, 'Back in stock')}", name="Back in stock", body=body)
    shop.ask(phone=ANN, region="north")
    shop.ask(phone=BEN, region="south")
    restock(shop, location=came_to)
    [message] = shop.messages()
    right, days = {"berlin": (ANN, 2), "munich": (BEN, 5)}[came_to]
    assert message["to"] == right
    assert f"Arrives in {days} days" in message["body"]


# --- 7: benefits -------------------------------------------------------------------------------------------------------


def test_availability_is_the_trigger_and_not_a_promotion(shop: Shop) -> None:
    """A price that drops tells nobody; the text that goes is about stock and offers no discount."""
    shop.product("TEE-M")
    shop.ask()
    shop.product("TEE-M", price="5.00")
    shop.work()
    assert shop.messages() == []
    restock(shop)
    assert not re.search(r"%|\boff\b|discount|code|sale", shop.messages()[0]["body"], re.IGNORECASE)


# --- 8: challenges -----------------------------------------------------------------------------------------------------


def test_a_level_that_comes_late_neither_tells_nor_silences_anybody(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    restock(shop, on_hand=5, as_of=(utcnow() - timedelta(hours=1)).isoformat())
    assert told(shop) == [], "older than what is known"
    restock(shop, on_hand=5, as_of=utcnow().isoformat())
    assert who(shop) == [ANN]


def test_looking_at_the_page_before_people_are_told_is_a_switch_of_the_store(shop: Shop) -> None:
    desk = Desk.of(shop)
    assert shop.get("settings")["check_page"] is False
    shop.put("settings", {"check_page": True})
    assert re.search(r'<input[^>]*checked[^>]*name="check_page"|name="check_page"[^>]*checked', desk.raw("/settings"))


def test_nobody_is_texted_more_often_than_the_cap_allows(shop: Shop) -> None:
    shop.put("settings", {"frequency_cap": {"texts": 2, "hours": 168}})
    for sku in ("TEE-1", "TEE-2", "TEE-3"):
        shop.product(sku)
        shop.ask(sku)
        restock(shop, sku)
    assert told(shop) == [(ANN, "TEE-1"), (ANN, "TEE-2")]
    with later(days=7, minutes=5):
        shop.work()
    assert [sku for _, sku in told(shop)] == ["TEE-1", "TEE-2", "TEE-3"], "held, not lost"


def test_several_products_that_come_back_together_are_one_text(shop: Shop) -> None:
    """Over-alerting trains people to ignore texts."""
    shop.put("settings", {"bundle_minutes": 5, "frequency_cap": None, "confirmations": False})
    for sku in ("TEE-M", "MUG"):
        shop.product(sku, title=sku.title())
        shop.ask(sku)
        restock(shop, sku)
    assert who(shop) == []
    with later(minutes=6):
        shop.work()
    [text] = [message["body"] for message in shop.messages() if message["status"] == "delivered"]
    assert "Tee-M" in text
    assert "Mug" in text


def test_every_text_that_a_merchant_writes_can_be_ended_and_stop_is_for_good(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    shop.work()
    restock(shop)
    assert all("STOP" in message["body"] for message in shop.messages(None))


def test_assisted_orders_are_told_apart_from_those_after_a_click(shop: Shop) -> None:
    one, _ = told_by_link(shop, ANN, BEN)
    tap(shop, one)
    with later(hours=1):
        order(shop, "1001")
        order(shop, "1002", phone=BEN)
    assert (outcome(shop)["won"], outcome(shop)["assisted"]) == (1, 1)


# --- 9: best practices -------------------------------------------------------------------------------------------------


def test_the_form_says_what_to_expect(shop: Shop) -> None:
    """ "We'll text you when it's available. Msg frequency varies." Ours is one text for each thing asked for."""
    shop.product("TEE-M")
    page = shop.client.get(f"/s/ask/{shop.key}?sku=TEE-M").get_data(as_text=True)
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert re.search(r"text", words)
    assert "STOP" in words
    assert re.search(r"[Mm]essage and data rates|Msg&amp;data rates|data rates", words)


@pytest.mark.parametrize(
    "level, is_told",
    [({"committed": 5}, False), ({"committed": 4}, True), ({"safety_stock": 5}, False), ({"safety_stock": 4}, True)],
)
def test_it_triggers_on_what_can_really_be_sold(shop: Shop, level: dict[str, int], is_told: bool) -> None:
    shop.product("TEE-M")
    shop.ask()
    restock(shop, on_hand=5, **level)
    assert bool(told(shop)) is is_told


@pytest.mark.parametrize("status", ["preordered", "backordered"])
def test_what_is_only_on_order_is_not_back_in_stock(shop: Shop, status: str) -> None:
    shop.product("TEE-M")
    shop.ask()
    shop.product("TEE-M", unavailable_as=status)
    shop.work()
    assert told(shop) == []


def test_who_bought_it_or_a_close_substitute_right_before_the_restock_is_left_out(shop: Shop) -> None:
    shop.product("MUG")
    shop.product("TEE-M")
    row = {"id": "tee-m", "title": "Tee", "substitutes": ["mug"], "variants": [{"id": "tee-m-v", "sku": "TEE-M"}]}
    assert shop.put("products", {"products": [row]})["errors"] == []
    for phone in (ANN, BEN, CAT):
        shop.ask(phone=phone)
    order(shop, "1001", phone=ANN)
    order(shop, "1002", sku="MUG", phone=BEN)
    restock(shop)
    assert who(shop) == [CAT]


def test_the_copy_is_short_product_back_in_stock_and_what_to_do(shop: Shop) -> None:
    shop.product("TEE-M", title="Tee")
    shop.ask()
    restock(shop)
    [text] = shop.messages()
    assert re.match(r"Acme: Tee is back in stock\. https://acme\.example/tee-m ", text["body"])
    assert text["segments"] == 1


@pytest.mark.parametrize("units, says", [(2, True), (9, False)])
def test_limited_quantities_is_said_only_when_it_is_accurate(shop: Shop, units: int, says: bool) -> None:
    desk = Desk.of(shop)
    words = "[[product]] is back. [[scarcity]] [[url]] Reply STOP to end."
    desk.post(f"/templates/{template(desk, 'Back in stock')}", body=words, name="Back in stock")
    crowd(shop, 3)
    restock(shop, on_hand=units)
    assert {"Limited quantities" in message["body"] for message in shop.messages()} == {says}


def test_staff_try_the_message_on_their_own_phone_first(shop: Shop) -> None:
    desk = Desk.of(shop)
    desk.post(f"/gateways/{desk.id_of('/gateways', 'gateways')}/test", to="+12015550150")
    shop.work()
    assert [(m["kind"], m["to"], m["status"]) for m in shop.messages(None)] == [("test", "+12015550150", "delivered")]


def test_who_received_the_alert_is_compared_with_a_holdout(shop: Shop) -> None:
    people = crowd(shop, 12, holdout=50)
    restock(shop, on_hand=100)
    alerted = set(who(shop))
    assert set() < alerted < set(people)
    waiting = shop.requests(status="waiting")
    assert len(waiting) == len(people) - len(alerted)
    assert "In the control group" in str(shop.trace(waiting[0]["id"]))
    shop.post("orders", {"orders": [bought("1", min(alerted)), bought("2", min(set(people) - alerted))]})
    with later(days=11):
        compare(shop)
        found = shop.get("reports/lift")
    assert [(found[group]["people"], found[group]["buyers"]) for group in ("told", "control")] == [
        (len(alerted), 1),
        (len(waiting), 1),
    ]
    assert found["verdict"] == "too_few", "honest about so few people"


# --- 10: tools ---------------------------------------------------------------------------------------------------------


def test_the_shop_system_tells_stock_variants_and_product_data_in_bulk_and_again_without_harm(shop: Shop) -> None:
    rows = [{"id": f"p{n}", "title": f"Product {n}", "variants": [{"id": f"v{n}", "sku": f"S{n}"}]} for n in range(50)]
    levels = [{"sku": f"S{n}", "on_hand": n} for n in range(50)]
    for _ in range(2):
        assert shop.put("products", {"products": rows})["accepted"] == 50
        assert shop.put("stock", {"levels": levels})["accepted"] == 50
    shop.plan()
    assert shop.get("restocks")["restocks"] == [], "nobody waits and nothing came back"


def test_identity_preferences_purchases_and_consent_stand_on_one_page(shop: Shop) -> None:
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": ANN, "fields": {OPT_IN: True}}]})
    shop.product("TEE-M")
    shop.ask()
    order(shop, "1001", sku="TEE-M", customer_id="c1")
    desk = Desk.of(shop)
    page = desk.page(f"/customers/{desk.id_of('/customers', 'customers')}")
    for words in ("Ann", "Order 1001", OPT_IN, "Tee"):
        assert words in page, words


def test_views_clicks_and_purchases_are_captured(shop: Shop) -> None:
    [link] = told_by_link(shop)
    shop.stock("TEE-M", 0)
    view(shop)
    assert views(shop).unavailable == 1
    tap(shop, link)
    assert clicks(shop) == ["person"]
    tell(shop, "orders", order="1001")
    with later(minutes=5):
        order(shop, "1002")
    assert outcome(shop)["won"] == 1


def test_what_was_sent_who_opted_out_and_what_it_earned_is_taken_into_other_tools(shop: Shop) -> None:
    """Reporting dashboards and BI: restock performance, message volume, opt-outs and revenue, a row for each product."""
    links = told_by_link(shop, ANN, BEN, CAT)
    tap(shop, links[0])
    stop(shop, CAT)
    with later(minutes=20):
        order(shop, "1001", phone=ANN, total="40.00")
        order(shop, "1002", phone=BEN, total="25.00")
        add_up(shop)
        answer = Desk.of(shop).browser.get("/admin/metrics/metrics.csv?days=7")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    [tee] = [row for row in rows if (row["By"], row["Name"]) == ("Product", "Tee")]
    names = ("Requests", "Restocks", "Sent", "Clicked", "Opt-outs", "Orders won", "Orders assisted")
    assert [tee[name] for name in names] == ["3", "1", "3", "1", "1", "1", "1"]
    assert (tee["Currency"], tee["Revenue"], tee["Of orders won"]) == ("USD", "65.00", "40.00")
    [whole] = [row for row in rows if row["By"] == "All"]
    assert (whole["Sent"], whole["Revenue"]) == ("3", "65.00")


# --- 11: metrics -------------------------------------------------------------------------------------------------------


def report(shop: Shop, **filters: str) -> dict[str, Any]:
    """The figures of these days."""
    add_up(shop)
    found: dict[str, Any] = shop.get("reports/outcomes?" + urlencode({"days": 7} | filters))
    return found


def test_the_sign_up_rate_is_of_those_who_view_what_they_cannot_buy(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.product("MUG", on_hand=3)
    for _ in range(4):
        view(shop, "TEE-M")
        view(shop, "MUG")
    view(shop, "TEE-M", what="signup")
    assert report(shop)["signup_rate"] == 0.25
    assert report(shop, product_id="mug")["signup_rate"] is None


def test_variant_specificity_is_of_sign_ups_that_chose_a_size(shop: Shop) -> None:
    sizes(shop, "S", "M")
    for person in (ANN, BEN, CAT):
        shop.ask("TEE-M", person)
    shop.ask("TEE-S", "+12015550126", any_variant=True)
    assert report(shop)["total"]["variant_specificity"] == 0.75


def test_the_consent_confirmation_rate_is_of_those_who_were_asked(shop: Shop) -> None:
    shop.put("settings", {"double_opt_in": True})
    shop.product("TEE-M")
    for name in ("ann", "ben", "cat", "dan", "eve"):
        shop.ask_by_email("TEE-M", f"{name}@mail.example")
    shop.work()
    for message in shop.messages("double_opt_in")[:3]:
        [link] = re.findall(r"/s/yes/[\w.-]+", message["body"])
        assert shop.client.post(link).status_code == 200
    assert report(shop)["total"]["confirmation_rate"] == 0.6


def test_the_delivery_rate_and_what_gateways_refused(shop: Shop) -> None:
    told_by_link(shop, ANN, BEN, CAT, "+12015550190", "+12015550192")
    figures = report(shop)["total"]
    assert (figures["sent"], figures["delivered"], figures["delivery_rate"]) == (4, 3, 0.75), "one was refused"


def test_the_click_through_rate_is_of_people_and_not_of_programs(shop: Shop) -> None:
    links = told_by_link(shop, ANN, BEN, CAT, "+12015550126")
    tap(shop, links[0])
    tap(shop, links[0], 60)
    tap(shop, links[1], User_Agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    assert report(shop)["total"]["click_rate"] == 0.25


def test_opt_outs_are_counted_per_1000_messages(shop: Shop) -> None:
    told_by_link(shop, *(f"+120155501{number}" for number in range(23, 31)))
    stop(shop, ANN)
    figures = report(shop)["total"]
    assert (figures["sent"], figures["opt_outs"], figures["opt_outs_per_1000"]) == (8, 1, 125.0)
    assert figures["opt_outs_by_gateway"] == 0


def test_a_complaint_that_the_gateway_tells_of_is_counted_apart(shop: Shop) -> None:
    told_by_link(shop, ANN, "+12015550192")
    figures = report(shop)["total"]
    assert (figures["opt_outs"], figures["opt_outs_by_gateway"], figures["taken_for_spam"]) == (1, 1, 0)


def test_conversion_is_of_those_who_clicked(shop: Shop) -> None:
    links = told_by_link(shop, ANN, BEN, CAT, "+12015550126", "+12015550127")
    for link in links[:4]:
        tap(shop, link)
    with later(minutes=20):
        order(shop, "1001", phone=ANN)
        order(shop, "1002", phone="+12015550127")  # told, and did not click
        figures = report(shop)["total"]
    assert (figures["alerts_clicked"], figures["won"], figures["assisted"]) == (4, 1, 1)
    assert figures["conversion"] == 0.25


def test_revenue_is_told_per_message_and_per_subscriber(shop: Shop) -> None:
    shop.product("MUG")
    shop.ask("MUG", CAT)
    shop.product("TEE-M")
    told_by_link(shop, ANN, BEN, "+12015550126")
    with later(minutes=20):
        order(shop, "1001", phone=ANN, total="40.00")
        order(shop, "1002", phone=BEN, total="20.00")
        [money] = report(shop)["total"]["revenue"]
    assert (money["currency"], money["revenue"]) == ("USD", "60.00")
    assert (money["per_alert"], money["per_request"], money["per_restock"]) == ("20.00", "15.00", "60.00")


def test_the_median_time_to_purchase_is_counted_from_the_message(shop: Shop) -> None:
    told_by_link(shop, ANN, BEN, CAT)
    for minutes, person in ((3, ANN), (12, BEN), (90, CAT)):
        with later(minutes=minutes):
            order(shop, f"after-{minutes}", phone=person)
    with later(minutes=100):
        figures = report(shop)["total"]
    assert figures["time_to_purchase"] == {"after": 10, "upto": 20}
    assert (figures["within_hour"], figures["within_day"]) == (2, 3)


def test_sell_through_is_of_the_units_that_came_back(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    restock(shop, on_hand=8)
    with later(days=2):
        restock(shop, on_hand=2)
        figures = report(shop)["total"]
    assert (figures["units"], figures["units_sold"], figures["sell_through"]) == (8, 6, 0.75)


def test_each_is_there_for_one_product_too(shop: Shop) -> None:
    [link] = told_by_link(shop, ANN)
    shop.product("MUG")
    shop.ask("MUG", BEN)
    tap(shop, link)
    with later(minutes=20):
        order(shop)
        for product, requests, alerts, won in (("tee-m", 1, 1, 1), ("mug", 1, 0, 0)):
            figures = report(shop, product_id=product)["total"]
            assert (figures["requests"], figures["alerts"], figures["won"]) == (requests, alerts, won)
        whole = report(shop)["total"]
    assert (whole["requests"], whole["alerts"], whole["won"]) == (2, 1, 1)


def test_each_metric_says_what_it_is_of(shop: Shop) -> None:
    told_by_link(shop, ANN)
    add_up(shop)
    page = Desk.of(shop).page("/metrics")
    for measure in ("Sign-up rate", "Variant specificity", "Delivery rate", "Click-through rate", "Opt-outs per 1,000"):
        assert re.search(rf">{measure}<small>[^<]{{20,}}</small>", page), measure
    assert "By template" in page


def test_incremental_lift_and_revenue_per_restock_are_told_with_how_sure_they_are(shop: Shop) -> None:
    people = crowd(shop, 240, holdout=50)
    shop.stock("TEE-M", None)
    shop.plan()
    alerted = {message["to"] for message in shop.messages()}
    others = [to for to in people if to not in alerted]
    buyers = [*sorted(alerted)[:60], *others[:24]]
    shop.post("orders", {"orders": [bought(str(number), to) for number, to in enumerate(buyers)]})
    with later(days=11):
        compare(shop)
        found = shop.get("reports/lift?days=30")
        page = Desk.of(shop).page("/restocks/1")
    lift = 60 / len(alerted) - 24 / len(others)
    assert found["conversion_lift"]["value"] == pytest.approx(lift, abs=1e-5)
    assert 0 < found["conversion_lift"]["low"] < lift < found["conversion_lift"]["high"]
    added = found["revenue_added_per_restock"]
    assert float(added["value"]) == pytest.approx(20 * lift * len(alerted), abs=0.01)
    assert float(added["low"]) > 0
    assert "People bought more often when they were told" in page


# --- 12: trends --------------------------------------------------------------------------------------------------------


def test_who_is_likely_to_buy_can_go_first_and_is_told_no_earlier_wave_for_it(shop: Shop) -> None:
    people = crowd(shop, 4, likely_first=True, waves={"kind": "per_unit", "people": 1, "minutes": 60})
    knows(shop, orders=0.9)
    ordered_before(shop, people[1], "901")
    ordered_before(shop, people[3], "902")
    restock(shop, on_hand=2)
    assert who(shop) == [people[1], people[0]]


def test_with_plenty_there_people_hear_at_the_hours_in_which_they_open_messages(shop: Shop) -> None:
    eager = set(evening_people(shop, best_hour=True)[::2])
    with at(NOON):
        restock(shop, on_hand=100)
        assert eager.isdisjoint(to for to, sku in told(shop) if sku == "TEE-M")
    with at(EVENING):
        shop.work()
        assert eager <= {to for to, sku in told(shop) if sku == "TEE-M"}


def test_a_richer_message_is_a_push_with_a_title_and_a_button_beside_the_text(shop: Shop) -> None:
    browser = Browser()
    with PushService(browser=browser) as service:
        add_push(shop, service.url)
        shop.put("settings", {"switches": {"sold_out": {"push": True}}, "confirmations": False})
        shop.product("TEE-M")
        shop.widget({"sku": "TEE-M", "channels": ["push"], "push": browser.subscription(service.url)})
        restock(shop)
        [shown] = [json.loads(asked.body) for asked in service.asked]
    assert shown["title"] == "Tee is back in stock"
    assert shown["url"].startswith("https://acme.example/tee-m")
    assert "/s/" in shown["stop"]


def test_the_message_is_tailored_with_the_name_and_nothing_more_than_was_told(shop: Shop) -> None:
    desk = Desk.of(shop)
    words = "[[firstname]], [[product]] is back: [[url]] Reply STOP to end."
    desk.post(f"/templates/{template(desk, 'Back in stock')}", body=words, name="Back in stock")
    shop.product("TEE-M")
    shop.ask(first_name="Ann")
    shop.ask(phone=BEN, first_name=None)
    restock(shop)
    assert [message["body"].split(",")[0] for message in shop.messages()] == ["Ann", "there"]


def test_measurement_is_first_party_and_waits_for_consent_where_the_shop_wants_it(shop: Shop) -> None:
    shop.put("settings", {"storefront_code": {"platform": "", "confirmation_url": "", "require_consent": True}})
    shop.product("TEE-M")
    view(shop)
    assert views(shop).views == 0
    view(shop, consent=True)
    assert views(shop).views == 1


# --- 13: related terms -------------------------------------------------------------------------------------------------


def test_a_preorder_a_backorder_and_back_in_stock_are_three_messages(shop: Shop) -> None:
    shop.put("settings", {"switches": {"preordered": {"sms": True}}})
    texts = []
    for status in ("sold_out", "backordered", "preordered"):
        shop.product(status.upper(), unavailable_as=status)
        shop.ask(status.upper())
        restock(shop, status.upper())
        texts.append(shop.messages()[-1]["body"].replace(status, ""))
    assert len(set(texts)) == 3


def test_news_of_a_preorder_comes_before_the_stock_and_promises_none(shop: Shop) -> None:
    """The conversion moment can happen before inventory arrives."""
    shop.put("settings", {"switches": {"can_preorder": {"sms": True}}, "confirmations": False})
    shop.product("TEE-M")
    shop.ask(intent="preordered")
    shop.ask(phone=BEN)
    shop.product("TEE-M", unavailable_as="preordered")
    shop.work()
    [news] = shop.messages()
    assert news["to"] == ANN
    assert "you can preorder Tee" in news["body"]
    assert "back in stock" not in news["body"]
    restock(shop)
    assert who(shop) == [ANN, BEN]


# --- 16: questions -----------------------------------------------------------------------------------------------------


def test_consent_to_an_alert_is_no_consent_to_promotions(shop: Shop) -> None:
    """2) Transactional or marketing? The alert was asked for; a promotion needs a yes of its own."""
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": ANN}]})
    shop.product("TEE-M")
    shop.ask()
    assert shop.get("customers")["customers"][0]["may_be_sent_marketing"] is False
    restock(shop)
    assert who(shop) == [ANN]


def test_stock_is_asked_for_again_right_before_a_text_goes(shop: Shop) -> None:
    """3) Real-time checks right before the send."""
    shop.put("settings", {"threshold": 3})
    crowd(shop, 2)
    shop.stock("TEE-M", 3)
    shop.plan()
    restock(shop, on_hand=2)
    assert {message["reason"] for message in shop.messages()} == {"below_minimum"}


def test_it_pauses_when_it_sells_faster_than_expected(shop: Shop) -> None:
    """3) An automatic wave waits while those told are expected to buy what is left."""
    people = crowd(shop, 12, waves={"kind": "automatic", "minutes": 15})
    restock(shop, on_hand=4)
    assert who(shop) == people[:4]
    with later(minutes=14):
        order(shop, "1001", phone=people[0])
        order(shop, "1002", phone=people[1])
        restock(shop, on_hand=2)
    with later(minutes=16):
        shop.work()
        assert who(shop) == people[:4], "two have gone in these minutes, and two more are expected to"
    with later(minutes=45):
        shop.work()
    assert len(who(shop)) > 4


def test_a_small_portion_is_held_out_where_the_store_wants_it_and_told_the_next_time(shop: Shop) -> None:
    """6) Holdouts when possible: a small portion who do not receive the message, and nobody twice in a row."""
    assert shop.get("settings")["holdout"] == 0
    people = crowd(shop, 40, holdout=10)
    restock(shop, on_hand=100)
    assert 30 < len(who(shop)) < 40
    restock(shop, on_hand=0)
    restock(shop, on_hand=100)
    assert sorted(who(shop)) == people


def test_texts_are_compared_with_alerts_by_email_alone(shop: Shop) -> None:
    """6) Each figure of the one beside that of the other: who hears by which is the shopper's own choice."""
    shop.put("settings", {"link_domain": "https://go.acme.example", "confirmations": False})
    shop.product("TEE-M")
    shop.ask("TEE-M", ANN)
    shop.ask("TEE-M", BEN)
    for name in ("cat", "dan", "eve", "fay"):
        shop.ask_by_email("TEE-M", f"{name}@mail.example")
    restock(shop)
    links = {m["to"]: re.findall(r"https://go.acme.example(/l/\w+)", m["body"])[0] for m in shop.messages()}
    for opened in (ANN, BEN, "cat@mail.example"):
        tap(shop, links[opened])
    with later(minutes=19):
        order(shop, "1001", phone=ANN)
    with later(minutes=200):
        order(shop, "1002", phone=None, email="cat@mail.example")
        by = {figures["channel"]: figures for figures in report(shop)["by_channel"]}
        page = Desk.of(shop).page("/metrics")
    names = ("alerts", "click_rate", "won", "conversion", "time_to_purchase")
    assert [by["sms"][name] for name in names] == [2, 1.0, 1, 0.5, {"after": 10, "upto": 20}]
    assert [by["email"][name] for name in names] == [4, 0.25, 1, 1.0, {"after": 180, "upto": 240}]
    assert "By channel" in page


def test_availability_beyond_goods_an_appointment_that_opens_again(shop: Shop) -> None:
    """7) Appointments, tickets, limited slots: a slot is a variant with so many places."""
    variants = [{"id": "mo-10", "sku": "MO-10", "options": {"time": "Monday 10:00"}, "price": "45.00"}]
    row = {"id": "haircut", "title": "Haircut", "url": "https://acme.example/book/haircut", "variants": variants}
    assert shop.put("products", {"products": [row]})["errors"] == []
    shop.stock("MO-10", 1, committed=1)
    shop.ask("MO-10", ANN)
    shop.ask("MO-10", BEN)
    shop.put("settings", {"waves": {"kind": "per_unit", "people": 1, "minutes": 15}})
    restock(shop, "MO-10", 1, committed=0)
    assert told(shop) == [(ANN, "MO-10")]
    assert "Haircut Monday 10:00" in shop.messages()[0]["body"]
    restock(shop, "MO-10", 1, committed=1)
    with later(hours=1):
        shop.work()
    assert told(shop) == [(ANN, "MO-10")], "taken; the next in line keeps the place"
