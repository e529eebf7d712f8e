"""The form as a plain page: no script, no cookie, and not one rule fewer than the widget's."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from nexnotify.customers.models import ConsentEntry, ConsentWording
from nexnotify.db import db
from nexnotify.settings import Settings
from tests.shop import Shop


def page(shop: Shop, query: str = "sku=MUG", status: int = 200) -> str:
    answer = shop.client.get(f"/s/ask/{shop.key}?{query}")
    assert answer.status_code == status
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Robots-Tag"] == "noindex"
    return answer.get_data(as_text=True)


def send(
    shop: Shop, status: int = 200, query: str = "sku=MUG", client: FlaskClient | None = None, **fields: str
) -> str:
    fields = {"variant": "mug-v", "country": "US", "phone": "", "email": "", **fields}
    answer = (client or shop.client).post(f"/s/ask/{shop.key}?{query}", data=fields)
    text = answer.get_data(as_text=True)
    assert answer.status_code == status, text
    assert "Set-Cookie" not in answer.headers
    return text


def test_a_shopper_asks_without_any_script(shop: Shop) -> None:
    shop.product("MUG", title="Enamel Mug")
    assert "Enamel Mug" in page(shop)
    assert "<script" not in page(shop)
    assert "We’ll text +1 201 ••• 0123 once, when Enamel Mug is available." in send(
        shop, phone="201 555 0123", consent="yes"
    )
    shop.work()
    assert [message["to"] for message in shop.messages("confirmation")] == ["+12015550123"]
    assert [request["source"] for request in shop.requests()] == ["form"]


def test_the_consent_is_kept_as_shown_and_with_its_place(shop: Shop) -> None:
    shop.product("MUG")
    send(shop, query="sku=MUG&lang=de", phone="201 555 0123", consent="yes")
    with shop.app.app_context():
        entry = db.session.scalars(sa.select(ConsentEntry)).one()
        wording = db.session.get_one(ConsentWording, entry.wording_version).text
    assert wording in page(shop, "sku=MUG&lang=de")
    assert entry.method == "page"
    assert entry.ip
    assert entry.page_url.endswith(f"/s/ask/{shop.key}")


def test_the_number_is_read_in_the_country_picked(shop: Shop) -> None:
    shop.product("MUG")
    send(shop, phone="0151 23456789", country="DE", consent="yes")
    shop.work()
    assert [message["to"] for message in shop.messages("confirmation")] == ["+4915123456789"]


def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(shop: Shop) -> None:
    shop.product("MUG")
    text = send(shop, 422, phone="12", email="x@", country="GB")
    assert 'id="phone-error">This number is too short' in text
    assert 'id="email-error">Check the email address' in text
    assert 'id="consent-error">Tick the box' in text
    assert 'value="12"' in text
    assert '<option value="GB" selected>' in text
    assert 'type="checkbox" value="yes" checked' not in text


def test_an_empty_form_says_what_to_do(shop: Shop) -> None:
    shop.product("MUG")
    assert "Enter a mobile number or an email address." in send(shop, 422)
    assert "Geben Sie eine Handynummer oder" in send(shop, 422, query="sku=MUG&lang=de")


def test_of_several_variants_one_is_chosen(shop: Shop) -> None:
    variants = [{"id": f"tee-{size}", "sku": f"TEE-{size}", "options": {"size": size}} for size in "SM"]
    shop.put("products", {"products": [{"id": "tee", "title": "Tee", "variants": variants}]})
    shop.stock("TEE-S", 1)
    shop.stock("TEE-M", 0)
    text = page(shop, "product=tee")
    assert 'value="tee-M"' in text
    assert 'value="tee-S"' not in text
    assert "Choose which one you want." in send(shop, 422, query="product=tee", variant="", email="a@mail.example")
    assert "Tee, M" in send(shop, query="product=tee", variant="tee-M", email="a@mail.example")


def test_what_is_in_stock_unknown_or_switched_off_has_no_form(shop: Shop) -> None:
    shop.product("MUG", on_hand=5)
    assert "this is available right now" in page(shop)
    assert "<form" not in page(shop)
    assert "does not have that product" in page(shop, "sku=NOPE", 404)
    shop.put("settings", {"switches": {"sold_out": {"sms": False, "email": False}}})
    shop.stock("MUG", 0)
    assert "does not take requests" in page(shop)
    send(shop, 422, email="a@mail.example")
    assert shop.requests() == []


def test_what_came_back_meanwhile_cannot_be_waited_for(shop: Shop) -> None:
    shop.product("MUG", on_hand=1)
    assert "available right now" in send(shop, 409, email="a@mail.example")
    assert shop.requests() == []


def test_what_a_merchant_or_shopper_typed_is_never_markup(shop: Shop) -> None:
    evil = '"><script>alert(1)</script>'
    shop.product("MUG", title=evil)
    for text in (page(shop), send(shop, 422, phone=evil, email=evil), send(shop, email="a@mail.example")):
        assert "<script" not in text


def test_a_link_that_is_not_complete_says_so_on_a_shopper_s_page(shop: Shop) -> None:
    answer = shop.client.get("/s/ask/nn_nobody?sku=MUG")
    assert answer.status_code == 404
    assert "Open it again from the shop" in answer.get_data(as_text=True)
    assert "/admin" not in answer.get_data(as_text=True)
    assert "Set-Cookie" not in answer.headers


def test_too_long_a_text_is_refused_beside_its_field(shop: Shop) -> None:
    shop.product("MUG")
    assert 'id="email-error"' in send(shop, 422, email="a" * 300 + "@mail.example")


class TestLimits:
    """The same limits as the widget's, counted together with it."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, signups_per_ip=2)

    def test_one_address_cannot_flood_the_list(self, shop: Shop) -> None:
        shop.product("MUG")
        shop.ask_by_email("MUG", "one@mail.example")
        send(shop, email="two@mail.example")
        assert "try again in ten minutes" in send(shop, 429, email="three@mail.example")
        assert len(shop.requests()) == 2


def tees(shop: Shop) -> None:
    variants = [{"id": f"tee-{size}", "sku": f"TEE-{size}", "options": {"size": size}} for size in "SM"]
    shop.put("products", {"products": [{"id": "tee", "title": "Tee", "variants": variants}]})


def test_any_of_several_is_offered_where_the_store_wants_it_and_none_can_be_bought(shop: Shop) -> None:
    tees(shop)
    assert "Any of them" not in page(shop, "product=tee")
    shop.put("settings", {"ask_any": True})
    assert "Any of them, whichever is back first" in page(shop, "product=tee")
    done = send(shop, query="product=tee", variant="*", phone="201 555 0123", consent="yes")
    assert "when Tee is available" in done
    [request] = shop.requests()
    assert (request["scope"], request["any_of"]) == ("product", ["TEE-S", "TEE-M"])
    shop.stock("TEE-M", 1)
    assert "Any of them" not in page(shop, "product=tee")


def test_how_many_is_asked_where_the_store_wants_it(shop: Shop) -> None:
    shop.product("MUG")
    assert "How many?" not in page(shop)
    shop.put("settings", {"ask_quantity": True})
    assert "How many?" in page(shop)
    for typed in ("0", "-1", "1.5", "many", "²", "9" * 30, "000000001" + "0" * 5000):
        refused = send(shop, 422, phone="201 555 0123", consent="yes", quantity=typed)
        assert "Enter how many you want, from 1 on." in refused, typed
    send(shop, phone="201 555 0123", consent="yes", quantity="3")
    assert [request["quantity"] for request in shop.requests()] == [3]
