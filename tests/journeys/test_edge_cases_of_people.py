"""Where other systems fail, numbers 10 to 20: links, answers, audiences, fairness, two shops, forms for everybody."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.admin import Desk
from tests.shop import Shop
from tests.texting import Twilio
from tests.times import later
from tests.web.test_shopper_pages import page_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"
EMAIL = "ann@mail.example"


def told(shop: Shop) -> list[str]:
    """Who was told, in order."""
    return [message["to"] for message in shop.messages() if message["status"] in ("accepted", "sent", "delivered")]


def statuses(shop: Shop) -> list[str]:
    return [request["status"] for request in shop.requests()]


def yes_page(shop: Shop) -> str:
    """The page of the last question whether somebody wants it."""
    shop.work()
    found = re.search(r"/s/yes/[\w.-]+", shop.messages("double_opt_in")[-1]["body"])
    assert found is not None
    return found[0]


# --- 10: links that only show ----------------------------------------------------------------------------------------


def test_10_a_program_that_opens_every_link_confirms_and_ends_nothing(shop: Shop) -> None:
    shop.put("settings", {"double_opt_in": True})
    shop.product("TEE-M")
    shop.ask_by_email()
    confirm = yes_page(shop)
    for method in ("GET", "HEAD", "GET"):
        assert shop.client.open(confirm, method=method).status_code == 200
    assert statuses(shop) == ["pending"]
    assert shop.client.post(confirm).status_code == 200
    assert statuses(shop) == ["waiting"]


@pytest.mark.parametrize("pressed", [{"stop": "all"}, {"List-Unsubscribe": "One-Click"}], ids=["page", "mail program"])
def test_10_ending_it_needs_a_press_of_the_page_or_of_the_mail_program(shop: Shop, pressed: dict[str, str]) -> None:
    shop.product("TEE-M")
    shop.ask_by_email()
    link = page_of(shop)
    for method in ("GET", "HEAD", "GET"):
        assert shop.client.open(link, method=method).status_code == 200
    assert statuses(shop) == ["waiting"]
    assert shop.client.post(link, data=pressed).status_code == 200
    assert statuses(shop) == ["cancelled"]


# --- 11: what an answer gives away -----------------------------------------------------------------------------------


@pytest.mark.parametrize("double_opt_in", [False, True])
def test_11_the_answer_is_the_same_for_the_unknown_the_known_and_those_who_said_stop(
    shop: Shop, twilio: Twilio, double_opt_in: bool
) -> None:
    shop.product("TEE-M")
    shop.put("settings", {"double_opt_in": double_opt_in})
    shop.ask(phone=BEN)
    shop.work()
    twilio.text(CAT, "STOP")
    body = {"sku": "TEE-M", "channels": ["sms"], "consent": True}
    answers = [
        shop.client.post(f"/widget/v1/{shop.key}/requests", json=body | {"phone": phone}) for phone in (ANN, BEN, CAT)
    ]
    assert {(answer.status_code, answer.get_data()) for answer in answers} == {(202, answers[0].get_data())}
    assert len({tuple(answer.headers) for answer in answers}) == 1


# --- 12: nobody is nobody --------------------------------------------------------------------------------------------


def test_12_an_empty_selection_texts_nobody(shop: Shop) -> None:
    rows = [{"id": "c1", "phone": ANN, "fields": {"I would like to receive SMS messages": True}}]
    shop.put("customers", {"customers": rows})
    desk = Desk.of(shop, "admin")
    assert "Nobody is selected" in desk.post("/sends/bulk", source="customers")
    assert "Nothing matches" in desk.post("/sends/bulk", source="customers", all="1", opt_in="no")
    shop.work()
    assert shop.messages(None) == []


# --- 13: what lies in somebody's cart --------------------------------------------------------------------------------


def test_13_the_last_piece_in_ones_own_cart_is_no_reason_to_wait_and_no_restock(shop: Shop) -> None:
    """The shop's page calls it sold out; the server knows the stock, refuses the request, and hears of no change."""
    shop.product("TEE-M", on_hand=1)
    shop.plan()
    shop.ask(status=409)
    shop.stock("TEE-M", 1)
    shop.work()
    assert (shop.requests(), shop.get("restocks")["restocks"], shop.messages(None)) == ([], [], [])


def test_13_a_shop_that_counts_carts_as_committed_tells_nobody_of_a_unit_that_comes_and_goes(shop: Shop) -> None:
    """A unit that a cart gives back for a moment does not stay, and nobody has been told of it."""
    shop.put("settings", {"settle_seconds": 60})
    shop.product("TEE-M", on_hand=1)
    shop.stock("TEE-M", 1, committed=1)
    shop.ask()
    for committed in (0, 1):
        shop.stock("TEE-M", 1, committed=committed)
        shop.work()
    with later(minutes=2):
        shop.work()
    assert (told(shop), statuses(shop)) == ([], ["waiting"])


# --- 14: parents, any size, any of these -----------------------------------------------------------------------------


def tees(shop: Shop) -> None:
    variants = [{"id": f"tee-{size}", "sku": f"TEE-{size}", "options": {"size": size}} for size in "SML"]
    shop.put("products", {"products": [{"id": "tee", "title": "Tee", "variants": variants}]})
    for size in "SML":
        shop.stock(f"TEE-{size}", 0)


def test_14_who_asked_for_the_product_hears_of_any_size_and_who_asked_for_one_of_that_one(shop: Shop) -> None:
    tees(shop)
    shop.ask("TEE-S", ANN, any_variant=True)
    shop.ask("TEE-M", BEN)
    shop.ask("TEE-L", CAT)
    shop.stock("TEE-L", 5)
    shop.work()
    assert told(shop) == [ANN, CAT]
    assert [message["sku"] for message in shop.messages()] == ["TEE-L", "TEE-L"]


def test_14_any_of_these_tells_a_person_once_though_all_of_them_come_back(shop: Shop) -> None:
    tees(shop)
    shop.ask("TEE-S", ANN, or_variants=[{"sku": "TEE-M"}, {"sku": "TEE-L"}])
    for sku in ("TEE-M", "TEE-L", "TEE-S"):
        shop.stock(sku, 5)
    shop.work()
    assert told(shop) == [ANN]


# --- 15: tests are tests ---------------------------------------------------------------------------------------------


def test_15_a_test_of_staff_passes_the_cap_is_marked_and_does_not_count_for_it(shop: Shop) -> None:
    shop.put("settings", {"frequency_cap": {"texts": 1, "hours": 168}})
    desk = Desk.of(shop)
    gateway = desk.id_of("/gateways", "gateways")
    for _ in range(2):
        desk.post(f"/gateways/{gateway}/test", to=ANN)
    shop.work()
    assert [(message["kind"], message["status"]) for message in shop.messages(None)] == [("test", "delivered")] * 2
    shop.product("TEE-M")
    shop.ask()
    shop.stock("TEE-M", 5)
    shop.work()
    assert told(shop) == [ANN], "the cap of one has not been used up"


# --- 16: nothing is said to be done that was not ---------------------------------------------------------------------


def test_16_a_page_says_done_only_when_it_was_done(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask_by_email()
    link, [request] = page_of(shop), shop.requests()
    desk = Desk.of(shop)
    first = desk.post(f"/waitlist/requests/{request['id']}/cancel")
    again = desk.post(f"/waitlist/requests/{request['id']}/cancel")
    assert ("Request cancelled." in first, "Request cancelled." in again) == (True, False)
    shoppers = shop.client.post(link, data={"request": str(request["id"])}).get_data(as_text=True)
    assert "Cancelled." not in shoppers
    assert "had ended already" in shoppers


def test_16_a_sign_up_that_is_not_kept_is_not_answered_as_kept(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.stock("TEE-M", 3)
    answer = shop.ask(status=409)
    assert "status" not in answer
    assert answer["error"]["code"]
    assert shop.requests() == []


# --- 17: a link for each purpose -------------------------------------------------------------------------------------


def test_17_the_link_that_confirms_and_the_one_that_ends_are_two_and_neither_voids_the_other(shop: Shop) -> None:
    shop.put("settings", {"double_opt_in": True})
    shop.product("TEE-M")
    shop.ask_by_email()
    confirm = yes_page(shop)
    found = re.search(r"/s/(?!yes/)[\w.-]+", shop.messages("double_opt_in")[0]["body"])
    assert found is not None, "the same email has both"
    end = found[0]
    assert "Thank you" in shop.client.post(confirm).get_data(as_text=True)
    for crossed in (f"/s/yes/{end.rpartition('/')[2]}", f"/s/{confirm.rpartition('/')[2]}"):
        assert shop.client.get(crossed).status_code == 404
        assert shop.client.post(crossed, data={"stop": "all"}).status_code == 404
    assert statuses(shop) == ["waiting"]
    assert shop.client.get(confirm).status_code == 200, "using one leaves the other as it was"
    assert shop.client.post(end, data={"stop": "all"}).status_code == 200
    assert statuses(shop) == ["cancelled"]
    shop.client.post(confirm)
    assert statuses(shop) == ["cancelled"], "an old yes brings nothing back"


# --- 18: who came first stays first ----------------------------------------------------------------------------------


def test_18_whatever_is_saved_later_the_day_somebody_asked_and_the_place_stay(shop: Shop) -> None:
    shop.put("settings", {"waves": {"kind": "per_unit", "people": 1, "minutes": 60}})
    shop.product("TEE-M")
    shop.ask(phone=ANN)
    asked = shop.requests()[0]["created_at"]
    with later(days=1):
        shop.ask(phone=BEN)
        shop.ask(phone=ANN, first_name="Anna", quantity=1)
        shop.post("requests", {"requests": [{"sku": "TEE-M", "phone": ANN, "consent": True, "source": "import"}]})
        shop.put("customers", {"customers": [{"id": "c1", "first_name": "Anna", "phone": ANN}]})
        shop.product("TEE-M", title="Tee, new", on_hand=0)
        assert [request["created_at"] for request in shop.requests() if request["to"] == ANN] == [asked]
        shop.stock("TEE-M", 1)
        shop.work()
        assert told(shop) == [ANN]


# --- 19: pairs, not all with all -------------------------------------------------------------------------------------


def test_19_one_shops_tee_and_anothers_mug_come_back_and_nobody_hears_of_the_others(
    shop: Shop, other_shop: Shop
) -> None:
    for each in (shop, other_shop):
        each.put("settings", {"frequency_cap": None})
        for sku, phone in (("TEE-M", ANN), ("MUG", BEN)):
            each.product(sku)
            each.ask(sku, phone)
    shop.stock("TEE-M", 5)
    other_shop.stock("MUG", 5)
    shop.work()
    assert [(message["to"], message["sku"]) for message in shop.messages()] == [(ANN, "TEE-M")]
    assert [(message["to"], message["sku"]) for message in other_shop.messages()] == [(BEN, "MUG")]


# --- 20: forms for everybody -----------------------------------------------------------------------------------------


class Form(HTMLParser):
    """What somebody who does not see the page knows of its controls."""

    _QUIET = ("hidden", "submit", "button", "image", "reset")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.controls: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        #: What points to another element: label for, aria-describedby, …
        self.pointers: list[str] = []
        self._in_label = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        for name in ("aria-describedby", "aria-labelledby", "aria-controls"):
            self.pointers += given.get(name, "").split()
        if tag == "label":
            self._in_label += 1
            if "for" in given:
                self.labels.add(given["for"])
        if tag in ("select", "textarea") or (tag == "input" and given.get("type", "text") not in self._QUIET):
            self.controls.append(given | {"in_label": "yes" if self._in_label else ""})

    def handle_endtag(self, tag: str) -> None:
        self._in_label -= tag == "label"

    def nameless(self) -> list[dict[str, str]]:
        """Controls without a label of any kind."""
        named = ("in_label", "aria-label", "aria-labelledby", "title")
        return [
            control
            for control in self.controls
            if not any(map(control.get, named)) and control.get("id") not in self.labels
        ]


#: Names as shops and merchants give them, with everything that breaks a selector or an attribute.
NASTY = """size["x"]'<b> [y]"""


def tee_with_nasty_options(shop: Shop) -> None:
    variants: list[Any] = [
        {"id": f"tee[{n}]'\"", "sku": f"TEE[{n}]", "options": {NASTY: value}}
        for n, value in enumerate(('S "[1]"', "M"))
    ]
    assert shop.put("products", {"products": [{"id": "tee", "title": NASTY, "variants": variants}]})["errors"] == []
    for number in range(2):
        shop.stock(f"TEE[{number}]", 0)


def test_20_every_control_of_the_shoppers_form_has_a_name_also_with_brackets_in_the_options(shop: Shop) -> None:
    shop.put("settings", {"ask_any": True, "ask_quantity": True})
    tee_with_nasty_options(shop)
    address = f"/s/ask/{shop.key}?product=tee"
    page = shop.client.get(address).get_data(as_text=True)
    form = Form(page)
    assert {"variant", "phone", "email", "country"} <= {control.get("name") for control in form.controls}
    wrong = shop.client.post(address, data={"variant": "tee[0]'\"", "country": "US", "phone": "1", "email": ""})
    assert wrong.status_code == 422
    for shown in (form, Form(wrong.get_data(as_text=True))):
        assert_can_be_used(shown)
    invalid = [control for control in Form(wrong.get_data(as_text=True)).controls if control.get("aria-invalid")]
    assert invalid
    assert all(control.get("aria-describedby") for control in invalid), "the error is read out with its field"


@pytest.mark.parametrize(
    "path", ["/settings", "/products/variants/1", "/customers/fields", "/messages", "/templates/1"]
)
def test_20_every_control_of_the_merchants_forms_has_a_name(shop: Shop, path: str) -> None:
    tee_with_nasty_options(shop)
    shop.ask("TEE[0]")
    shop.stock("TEE[0]", 5)
    shop.work()
    form = Form(Desk.of(shop).raw(path))
    assert form.controls
    assert_can_be_used(form)


def assert_can_be_used(form: Form) -> None:
    assert form.nameless() == []
    assert len(form.ids) == len(set(form.ids)), "each id once"
    assert set(form.pointers) | form.labels <= set(form.ids), "what points, points to something"
    assert not [name for name in form.ids if re.search(r"""[\s"'\[\]<>]""", name)], "ids that every selector finds"
