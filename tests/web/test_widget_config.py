"""What the widget is told before it shows anything, and what it is told when it asks."""

import json

import pytest

from tests.shop import Shop


def config(shop: Shop, query: str, status: int = 200, **kwargs):
    answer = shop.client.get(f"/widget/v1/{shop.key}/config?{query}", **kwargs)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer


@pytest.fixture
def tee(shop: Shop) -> Shop:
    variants = [{"id": f"tee-{size}", "sku": f"TEE-{size}", "options": {"size": size}} for size in "SML"]
    shop.put("products", {"products": [{"id": "tee", "title": "Tee", "variants": variants}]})
    for sku, on_hand in (("TEE-S", 3), ("TEE-M", 0), ("TEE-L", 0)):
        shop.stock(sku, on_hand)
    return shop


@pytest.mark.parametrize(
    "query,selected", [("sku=TEE-M", "tee-M"), ("variant_id=tee-L", "tee-L"), ("product=tee", None)]
)
def test_it_knows_all_variants_and_the_one_the_page_named(tee: Shop, query: str, selected: str | None) -> None:
    told = config(tee, query).get_json()
    assert told["selected"] == selected
    assert told["product"] == {"id": "tee", "title": "Tee"}
    assert [(row["name"], row["status"], row["channels"]) for row in told["variants"]] == [
        ("S", "in_stock", []),
        ("M", "sold_out", ["sms", "email"]),
        ("L", "sold_out", ["sms", "email"]),
    ]
    assert told["consent_text"].startswith("I agree to receive one automated text message from Acme")
    assert (told["language"], told["dir"], told["country"]) == ("en", "ltr", "US")
    assert ["DE", 49] in told["countries"]
    assert told["texts"]["cta"] == "Notify Me upon Availability"


def test_where_nothing_can_be_asked_for_no_words_are_sent(shop: Shop) -> None:
    shop.product("MUG", on_hand=5)
    answer = config(shop, "sku=MUG")
    assert "texts" not in answer.get_json()
    assert len(answer.data) < 400


def test_without_texting_there_is_no_list_of_countries(shop: Shop) -> None:
    shop.put("settings", {"switches": {"sold_out": {"sms": False}}})
    shop.product("MUG")
    told = config(shop, "sku=MUG").get_json()
    assert told["variants"][0]["channels"] == ["email"]
    assert "countries" not in told


def test_a_channel_no_address_can_be_left_for_is_not_offered(shop: Shop) -> None:
    shop.put("settings", {"switches": {"sold_out": {"push": True}}})
    shop.product("MUG")
    assert config(shop, "sku=MUG").get_json()["variants"][0]["channels"] == ["sms", "email"]


@pytest.mark.parametrize(
    "lang,spoken", [("de", "de"), ("de-CH", "de"), ("DE_at", "de"), ("en-GB", "en"), ("tlh", "en"), ("", "en")]
)
def test_the_page_s_language_where_we_have_it(shop: Shop, lang: str, spoken: str) -> None:
    shop.product("MUG")
    assert config(shop, f"sku=MUG&lang={lang}").get_json()["language"] == spoken


def test_the_answer_is_kept_for_seconds_and_readable_anywhere(shop: Shop) -> None:
    shop.product("MUG")
    answer = config(shop, "sku=MUG")
    assert answer.headers["Cache-Control"] == "public, max-age=5"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("query", ["sku=NOPE", "variant_id=NOPE", "product=NOPE", "sku=HIDDEN", "product=hidden"])
def test_what_the_store_does_not_sell_is_not_found(shop: Shop, query: str) -> None:
    shop.product("HIDDEN", published=False)
    config(shop, query, 404)


def test_another_store_s_products_are_not_found(shop: Shop, other_shop: Shop) -> None:
    other_shop.product("SECRET")
    config(shop, "sku=SECRET", 404)
    config(shop, "product=secret", 404)


def test_a_question_without_a_product_is_refused(shop: Shop) -> None:
    config(shop, "lang=de", 422)


def test_a_page_that_is_not_the_store_s_learns_nothing(shop: Shop) -> None:
    shop.put("settings", {"domains": ["https://shop.example"]})
    shop.product("MUG")
    config(shop, "sku=MUG", 403, headers={"Origin": "https://elsewhere.example"})
    config(shop, "sku=MUG", 200, headers={"Origin": "https://shop.example"})


def test_the_shop_s_terms_are_linked_and_only_web_addresses_are_taken(shop: Shop) -> None:
    shop.put("settings", {"privacy_url": "https://shop.example/privacy"})
    shop.product("MUG")
    assert config(shop, "sku=MUG").get_json()["links"] == {"privacy": "https://shop.example/privacy"}
    shop.put("settings", {"terms_url": "javascript:alert(1)"}, 422)


def test_errors_come_in_the_language_the_shopper_was_asked_in(shop: Shop) -> None:
    shop.product("MUG")
    body = {"sku": "MUG", "phone": "12", "email": "x", "channels": ["sms", "email"], "language": "de"}
    fields = shop.widget(body, 422)["error"]["fields"]
    assert fields == {
        "phone": "Diese Nummer ist zu kurz; geben Sie alle Ziffern mit Vorwahl ein.",
        "email": "Prüfen Sie die E-Mail-Adresse, zum Beispiel name@beispiel.de.",
        "consent": "Setzen Sie das Häkchen, um der SMS zuzustimmen.",
    }


def test_json_sent_as_text_needs_no_preflight_and_json_sent_as_json_gets_one(shop: Shop) -> None:
    shop.product("MUG")
    address = f"/widget/v1/{shop.key}/requests"
    body = json.dumps({"sku": "MUG", "email": "ann@mail.example"})
    origin = {"Origin": "https://shop.example"}
    assert shop.client.post(address, data=body, content_type="text/plain", headers=origin).status_code == 202
    asked = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight = shop.client.options(address, headers=asked)
    assert preflight.status_code in (200, 204)
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Headers"] == "content-type"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
