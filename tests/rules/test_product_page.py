"""Does the page still show the product? Only what is certain keeps texts back."""

from __future__ import annotations

import pytest

from nexnotify.policy.product_page import Claims, Ours, judge, plain_address, read_claims, spellings

URL = "https://shop.example/tee"
OURS = Ours({"shop.example/tee", "shop.example/tee?size=m"}, {("sku", "TEE-M"), ("product", "tee")})
#: What else the shop sells.
OTHERS = Claims(frozenset({"shop.example/mug"}), frozenset({("sku", "MUG"), ("product", "mug")}))

PRODUCT = '<script type="application/ld+json">{"@type": "Product", "sku": "%s"}</script>'


def verdict(html: str, url: str = URL) -> str:
    claims = read_claims(URL, url, html)
    known = Claims(claims.addresses & OTHERS.addresses, claims.names & OTHERS.names)
    return judge(claims, OURS, known)


@pytest.mark.parametrize(
    "html,url,expected",
    [
        ("<h1>Tee</h1>", URL, "fine"),
        ("", URL, "fine"),
        # Redirected to another product's page, or named after one.
        ("<h1>Mug</h1>", "https://shop.example/mug", "other"),
        ('<link rel="canonical" href="/mug">', URL, "other"),
        ('<meta property="og:url" content="http://www.shop.example/mug/">', "https://shop.example/p?id=7", "other"),
        (PRODUCT % "MUG", "https://shop.example/p?id=7", "other"),
        # What it says of itself is not of one mind.
        ('<link rel="canonical" href="/mug">' + PRODUCT % "TEE-M", URL, "fine"),
        ('<link rel="canonical" href="/tee?size=m"><meta property="og:url" content="/mug">', URL, "fine"),
        (PRODUCT % "MUG" + PRODUCT % "TEE-M", "https://shop.example/p?id=7", "fine"),
        # Names that nobody knows, pages that say nothing.
        (PRODUCT % "9", "https://shop.example/p?id=7", "fine"),
        ("<h1>Home</h1>", "https://shop.example/", "fine"),
        ('<link rel="canonical" href="https://[">', "https://shop.example/p?id=7", "fine"),
        ('<script type="application/ld+json">{"@type": "Product", "sku": </script>', "https://shop.example/", "fine"),
        ('<!-- <link rel="canonical" href="/mug"> -->', "https://shop.example/", "fine"),
    ],
)
def test_what_a_page_says_of_itself(html: str, url: str, expected: str) -> None:
    assert verdict(html, url) == expected


@pytest.mark.parametrize(
    "address",
    [
        "https://shop.example/tee",
        "http://shop.example/tee/",
        "https://www.shop.example/tee",
        "//shop.example/tee",
        "/tee",
    ],
)
def test_one_address_however_it_is_written(address: str) -> None:
    assert plain_address(URL, address) == "shop.example/tee"


def test_what_stands_behind_the_question_mark_is_part_of_an_address() -> None:
    assert plain_address(URL, "/?product=tee") == "shop.example?product=tee"
    assert plain_address(URL, "https://[") == ""


def test_a_plain_address_can_be_looked_for_in_all_its_spellings() -> None:
    for plain in ("shop.example/tee", "shop.example?product=tee"):
        assert {plain_address(URL, text) for text in spellings(plain)} == {plain}
        assert len(set(spellings(plain))) == 8
