"""What the check says about a page: each case is a page as a shop might have it, and what is found there."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexnotify.content.tags import RAW
from nexnotify.web.page_check import Finding, Ours, judge, works
from nexnotify.web.shop_page import MAX_PRODUCTS, Named, read_shop_page

US = "https://notify.example"
KEY = "nn_ours"
NOW, OLD = "v1.aaaaaaaaaaaa", "v1.bbbbbbbbbbbb"
HASH, OLD_HASH = "sha384-now", "sha384-old"
MOUNT = '<div data-nexnotify-sku="TEE-M"></div>'


def script(address: str = f"{US}/widget/v1/nexnotify.js", key: str = KEY, more: str = "") -> str:
    return f'<script async src="{address}" {more} data-nexnotify data-store="{key}"></script>'


def pinned(version: str = NOW, integrity: str = HASH, cross: str = "crossorigin=anonymous") -> str:
    return script(f"{US}/widget/{version}/nexnotify.js", more=f'integrity="{integrity}" {cross}')


def check(
    html: str, *policies: str, url: str = "https://shop.example/tee", us: str = US, **more: object
) -> list[Finding]:
    products: dict[Named, str | None] = {
        ("sku", "TEE-M"): "sold_out",
        ("sku", "MUG"): "in_stock",
        ("sku", "HAT"): "off",
    }
    products |= {("product", "tee"): "sold_out"}
    ours = Ours(KEY, us, {NOW: HASH, OLD: OLD_HASH}, NOW, products=products, **more)  # type: ignore[arg-type]
    origin = "/".join(url.split("/")[:3])
    return judge(read_shop_page(url, html), origin, policies, ours)


@pytest.mark.parametrize(
    "html,codes",
    [
        # the script
        (script() + MOUNT, {"found", "product"}),
        (MOUNT, {"missing", "product"}),
        ("", {"missing", "no_product"}),
        ("\x00<<<script src=", {"missing", "no_product"}),
        (f"<!-- {script()} -->" + MOUNT, {"missing", "product"}),
        (f"<noscript>{script()}</noscript>{MOUNT}", {"missing", "product"}),
        (f"<template>{script()}<template></template></template>{MOUNT}", {"missing", "product"}),
        (script().upper().replace("NN_OURS", KEY).replace(f"{US}/WIDGET/V1/NEXNOTIFY.JS".upper(), f"{US}/widget/v1/nexnotify.js") + MOUNT, {"found", "product"}),
        (script(key="nn_theirs") + MOUNT, {"wrong_key", "product"}),
        (script(key="") + MOUNT, {"no_key", "product"}),
        (script() + script() + MOUNT, {"found", "twice", "product"}),
        (script("https://old.example/widget/v1/nexnotify.js") + MOUNT, {"other_server", "product"}),
        (script(f"{US}.evil.example/widget/v1/nexnotify.js") + MOUNT, {"other_server", "product"}),
        ('<script src="https://cdn.example/app.js"></script>' + MOUNT, {"missing", "product"}),
        # where it does nothing
        *(
            (f"<{name}>{script()}{MOUNT}</{name}>", {"missing", "no_product"})
            for name in ("noscript", "template", "textarea", "title", "iframe", "noembed", "noframes", "xmp", "style")
        ),
        (f"<textarea>{script()}", {"missing", "no_product"}),
        (f"<plaintext>{script()}", {"missing", "no_product"}),
        (f"<script>document.write('{script()[:-9]}')</script>{MOUNT}", {"missing", "product"}),
        (f"<svg><script href='x'/></svg>{script()}{MOUNT}", {"found", "product"}),
        (f"<title></TITLE >{script()}{MOUNT}", {"found", "product"}),
        (script(more='type="text/plain"') + MOUNT, {"found", "held", "product"}),
        (script(more='type="text/javascript; charset=utf-8"') + MOUNT, {"found", "held", "product"}),
        (script(more='type="text/plain"').replace(" src=", " data-src=") + MOUNT, {"found", "held", "product"}),
        (script().replace(" src=", " data-src=") + MOUNT, {"found", "held", "product"}),
        (script(more="nomodule") + MOUNT, {"found", "held", "product"}),
        (script(more='type=""') + MOUNT, {"found", "product"}),
        (script(more='type=" Text/JavaScript "') + MOUNT, {"found", "product"}),
        (script(more='type="module"') + MOUNT, {"found", "product"}),
        (script(more='type="text/plain"') + script() + MOUNT, {"found", "product"}),
        # comments and markup that is not what it seems
        (f"<!-- > --!>{script()}{MOUNT}", {"found", "product"}),
        (f"<!-->{script()}{MOUNT}", {"found", "product"}),
        (f"<!--{script()}{MOUNT}", {"missing", "no_product"}),
        (f"<![foo x>{script()}{MOUNT}", {"found", "product"}),
        (f"<?php echo 1 ?></ x><!doctype html>{script()}{MOUNT}", {"found", "product"}),
        (f"<img alt='>{script()}'>{MOUNT}", {"missing", "product"}),
        # addresses that are none
        ('<base href="http://["><script src="x" data-nexnotify></script>', {"other_server", "no_product"}),
        ('<script src="http://[/x" data-nexnotify></script>' + MOUNT, {"other_server", "product"}),
        (f'<base href="http://[">{script()}{MOUNT}', {"found", "product"}),
        # pinned
        (pinned() + MOUNT, {"found", "pinned", "product"}),
        (pinned(OLD, OLD_HASH) + MOUNT, {"found", "old_version", "product"}),
        (pinned("v1.cccccccccccc") + MOUNT, {"found", "unknown_version", "product"}),
        (pinned(integrity="sha384-other") + MOUNT, {"found", "hash", "product"}),
        (pinned(integrity=f"sha384-other {HASH}") + MOUNT, {"found", "pinned", "product"}),
        (pinned(cross="") + MOUNT, {"found", "no_crossorigin", "product"}),
        (script(more=f'integrity="{HASH}" crossorigin') + MOUNT, {"found", "hash_on_rolling", "product"}),
        # the product
        (script(), {"found", "no_product"}),
        (script() + '<div data-nexnotify-sku="MUG"></div>', {"found", "in_stock"}),
        (script() + '<div data-nexnotify-sku="HAT"></div>', {"found", "off"}),
        (script() + '<div data-nexnotify-sku="NOPE"></div>', {"found", "unknown_product"}),
        (script() + '<div data-nexnotify-product="tee"></div>', {"found", "product"}),
        (script() + '<div data-nexnotify-sku="" data-nexnotify-product="tee"></div>', {"found", "product"}),
        (script(more='data-nexnotify-sku="TEE-M"'), {"found", "product"}),
        (script() + '<script type="application/ld+json">{"@type": "Product", "sku": "TEE-M"}</script>', {"found", "product"}),
        (script() + '<script type="application/ld+json">{"@graph": [{"@type": ["Thing", "Product"], "offers": [{"sku": "MUG"}]}]}</script>', {"found", "in_stock"}),
        (script() + '<script type="application/ld+json">{"@type": "ProductGroup", "productGroupID": "tee"}</script>', {"found", "product"}),
        (script() + '<script type="application/ld+json">{"@type": "Product", </script>', {"found", "no_product"}),
        (script() + "<script type='application/ld+json'>" + "[" * 5000 + "</script>", {"found", "no_product"}),
        # attributes count more than JSON-LD
        (script() + MOUNT + '<script type="application/ld+json">{"@type": "Product", "sku": "NOPE"}</script>', {"found", "product"}),
    ],
)  # fmt: skip
def test_what_is_found(html: str, codes: set[str]) -> None:
    findings = check(html)
    assert {finding.code for finding in findings} == codes
    assert all(finding.todo for finding in findings if finding.kind in ("warn", "bad"))
    assert works(findings) is not any(finding.kind == "bad" for finding in findings)


def test_a_page_with_very_many_products_is_looked_at_in_part() -> None:
    marks = "".join(f'<div data-nexnotify-sku="S{number}"></div>' for number in range(MAX_PRODUCTS + 3))
    findings = check(script() + marks)
    assert [finding.code for finding in findings].count("unknown_product") == MAX_PRODUCTS
    assert "3 more products" in findings[-1].says


def test_a_name_is_one_that_a_database_can_be_asked_for() -> None:
    for name in ("a&#xD800;", "a\0", "&#" + "9" * 5000 + ";", "x" * 100_000):
        [(_, value)] = read_shop_page("https://shop.example", f'<p data-nexnotify-sku="{name}">').products
        assert value.encode()
        assert "\0" not in value
        assert len(value) <= 256
    html = '<script type="application/ld+json">{"@type": "Product", "sku": "a\\ud800\\u0000"}</script>'
    assert read_shop_page("https://shop.example", html).products == [("sku", "a?\ufffd")]


def test_where_only_the_beginning_was_read_it_is_said() -> None:
    page = read_shop_page("https://shop.example/", script() + MOUNT, is_whole=False)
    assert "long" in {finding.code for finding in judge(page, "https://shop.example", (), Ours(KEY, US, {}, NOW))}


_MAX = 512 * 1024


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "<!",
        "<?",
        "</",
        "<",
        "<a",
        "<a ",
        "<a>",
        "<a a>",
        "<a b='",
        "<a x=\"><b y='>",
        "<a =",
        "&",
        "<script>",
        "</script",
        "<script><",
        "<title>",
        "-",
        " ",
        "<svg>",
        "<template>",
        "<p data-nexnotify-sku=a>",
        "<base href=a>",
        "<meta http-equiv=content-security-policy content=a>",
        "<script src=a data-nexnotify></script>",
    ],
)
def test_no_page_of_the_longest_kind_holds_the_server_up(piece: str) -> None:
    for html in (piece * (_MAX // len(piece)), "<script " + piece * (_MAX // len(piece) - 8) + ">"):
        begun = time.process_time()
        read_shop_page("https://shop.example/", html)
        assert time.process_time() - begun < 2  # less than half a second here; what is quadratic takes minutes


_PIECES = st.sampled_from(
    [
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "--!>",
        "<!",
        "<![",
        "<?",
        "=",
        '"',
        "'",
        " ",
        "&",
        "&#",
        ";",
        "[",
        "]",
        "\0",
        "http://[",
        "//",
        "https://notify.example/widget/v1/nexnotify.js",
        "data-nexnotify",
        "data-store=nn_ours",
        "base href=",
        "src=",
        "type=",
        "application/ld+json",
        '{"@type":"Product","sku":',
        "{}",
        "9",
        "é",
        "\ud800",
        "meta http-equiv=content-security-policy content=",
        "script-src ",
        "*.",
        ":x",
        "data-nexnotify-sku=",
        *RAW,
        "template",
        "svg",
        "script",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=40).map("".join), st.lists(_PIECES, max_size=10).map("".join))
def test_no_page_and_no_policy_is_too_odd(html: str, policy: str) -> None:
    for each in (html, f"<script {html}", f"<script src={US}/widget/v1/nexnotify.js>{html}"):
        findings = check(each, policy, "script-src " + policy)
        assert findings
        assert works(findings) is not any(finding.kind == "bad" for finding in findings)


@pytest.mark.parametrize(
    "policies,codes",
    [
        ((), set()),
        (("default-src *",), {"policy"}),
        (("script-src 'self'",), {"script_src"}),
        (("default-src 'self'",), {"script_src", "connect_src"}),
        ((f"default-src 'self'; script-src {US}",), {"connect_src"}),
        ((f"default-src 'self'; script-src {US}; connect-src {US}",), {"policy"}),
        (("default-src *", "connect-src 'none'"), {"connect_src"}),  # every policy must agree
        (("default-src *, connect-src 'none'",), {"connect_src"}),
    ],
)
def test_a_policy_in_the_way_is_named_with_what_to_add(policies: tuple[str, ...], codes: set[str]) -> None:
    findings = [
        finding for finding in check(script() + MOUNT, *policies) if "src" in finding.code or finding.code == "policy"
    ]
    assert {finding.code for finding in findings} == codes
    assert all(US in finding.todo for finding in findings if finding.kind == "bad")


def test_a_policy_of_a_meta_element_counts() -> None:
    meta = "<meta http-equiv=Content-Security-Policy content=\"script-src 'self'\">"
    assert "script_src" in {finding.code for finding in check(meta + script() + MOUNT)}


def test_a_page_that_is_not_among_the_domains_is_named() -> None:
    listed = check(script() + MOUNT, domains=["https://shop.example"])
    assert works(listed)
    other = check(script() + MOUNT, domains=["https://www.shop.example"])
    assert [finding.code for finding in other if finding.kind == "bad"] == ["domain"]


def test_an_insecure_server_on_a_secure_page_is_named() -> None:
    html = script("http://notify.example/widget/v1/nexnotify.js") + MOUNT
    assert "insecure" in {finding.code for finding in check(html, us="http://notify.example")}
    assert works(check(html, us="http://notify.example", url="http://shop.example/tee"))


def test_a_relative_address_is_read_from_the_page_s_base() -> None:
    html = f'<base href="{US}/">' + script("widget/v1/nexnotify.js") + MOUNT
    assert works(check(html))
    assert not works(check(script("/widget/v1/nexnotify.js") + MOUNT))
