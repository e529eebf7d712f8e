"""Where a link leads: only to pages of the catalogue, on the chosen variant, with nothing taken away from the address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexnotify.outcomes.landing import Place, home, landing, web_page, with_parameters

UTM = {"utm_source": "nexnotify", "utm_medium": "sms", "utm_campaign": "back_in_stock"}
ALL = "utm_source=nexnotify&utm_medium=sms&utm_campaign=back_in_stock"
OWN, PRODUCT = "https://shop.example/tee?v=M", "https://shop.example/tee"


@pytest.mark.parametrize(
    "own, product, parameter, expected",
    [
        (OWN, PRODUCT, "", f"{OWN}&{ALL}"),
        (None, PRODUCT, "", f"{PRODUCT}?{ALL}"),
        (None, PRODUCT, "variant={id}", f"{PRODUCT}?variant=tee-m&{ALL}"),
        (None, PRODUCT, "v={sku}", f"{PRODUCT}?v=TEE%20M%26x%3D1&{ALL}"),
        (OWN, PRODUCT, "variant={id}", f"{OWN}&{ALL}"),
        (None, f"{PRODUCT}?variant=other", "variant={id}", f"{PRODUCT}?variant=other&{ALL}"),
        ("javascript:alert(1)", PRODUCT, "", f"{PRODUCT}?{ALL}"),
        ("javascript:alert(1)", None, "", None),
        (None, None, "variant={id}", None),
    ],
)
def test_a_link_leads_to_the_variant(
    own: str | None, product: str | None, parameter: str, expected: str | None
) -> None:
    assert landing(Place(own, product, "tee-m", "TEE M&x=1"), parameter, UTM) == expected


def test_a_variant_without_a_sku_is_not_chosen_by_one() -> None:
    assert landing(Place(None, PRODUCT, "tee-m", None), "v={sku}", {}) == PRODUCT


@pytest.mark.parametrize(
    "address, expected",
    [
        ("https://shop.example/", f"https://shop.example/?{ALL}"),
        ("https://shop.example", f"https://shop.example?{ALL}"),
        ("https://shop.example/tee?", f"https://shop.example/tee?{ALL}"),
        ("https://shop.example/tee#size", f"https://shop.example/tee?{ALL}#size"),
        ("https://shop.example/tee?a=1#size?b", f"https://shop.example/tee?a=1&{ALL}#size?b"),
        (
            "https://shop.example/tee?utm_source=mine",
            "https://shop.example/tee?utm_source=mine&utm_medium=sms&utm_campaign=back_in_stock",
        ),
        (
            "https://shop.example/tee?UTM_Source=",
            "https://shop.example/tee?UTM_Source=&utm_medium=sms&utm_campaign=back_in_stock",
        ),
        (f"https://shop.example/tee?{ALL}", f"https://shop.example/tee?{ALL}"),
        ("https://shop.example/t%20e?a=%2F+b&a=2", f"https://shop.example/t%20e?a=%2F+b&a=2&{ALL}"),
    ],
)
def test_what_the_address_says_already_stays(address: str, expected: str) -> None:
    assert with_parameters(address, UTM) == expected


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "/tee",
        "//evil.example/tee",
        "tee",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://shop.example/tee",
        "https:///tee",
        "https://",
        "https://shop.example\\@evil.example/",
        "https://shop.example@evil.example/",
        "https://shop.example/tee\r\nSet-Cookie: a=b",
        "https://shop.example/tee\nx",
        " https://shop.example/tee",
        "https://shop.example/\x00",
        "https://shop.example:port/",
        "https://[::1/",
    ],
)
def test_what_is_no_page_of_the_web_is_led_to_by_nothing(address: str | None) -> None:
    assert web_page(address) is None
    assert home(address) is None
    assert landing(Place(address, None, "v", None), "", UTM) is None


@given(st.text(), st.text(), st.text(min_size=1))
def test_whatever_the_catalogue_says_a_link_leads_to_the_web_or_nowhere(own: str, product: str, id: str) -> None:
    address = landing(Place(own, product, id, id), "variant={id}", UTM)
    assert address is None or address.lower().startswith(("http://", "https://"))


@given(st.text(), st.text())
def test_no_value_gets_out_of_its_parameter(name: str, value: str) -> None:
    address = with_parameters("https://shop.example/tee", {"v": value, "w": name})
    assert address.startswith("https://shop.example/tee?v=")
    assert address.count("&") == 1
    assert not {" ", "\n", "\r", "#", '"', "<"} & set(address)


def test_the_front_page_is_the_shop_s() -> None:
    assert home("https://shop.example:8443/a/tee?v=1#x") == "https://shop.example:8443/"
