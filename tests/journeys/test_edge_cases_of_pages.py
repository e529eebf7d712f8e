"""Where other systems fail: pages that say what was not done, and forms that not everybody can use."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.admin import Desk
from tests.shop import Shop
from tests.web.test_shopper_pages import page_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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
