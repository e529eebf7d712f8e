"""The domains of the settings: only what a browser sends as an origin is kept."""

import pytest

from nexnotify.errors import Invalid
from nexnotify.stores.models import Store
from nexnotify.stores.origins import is_of_this_machine, read_link_domain, read_origin
from nexnotify.stores.settings import merge_settings, store_settings


@pytest.mark.parametrize(
    "text,origin",
    [
        ("https://shop.example", "https://shop.example"),
        (" Shop.Example/ ", "https://shop.example"),
        ("http://shop.example:8080", "http://shop.example:8080"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("shop.example:8443", "https://shop.example:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--grsse-6ta4c.example", "https://xn--grsse-6ta4c.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(text: str, origin: str) -> None:
    assert read_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "javascript:x",
        "http://[",
        "http://[x]",
        "http://[::1",
        "https://a:b",
        "https://a:99999",
        "https://a:0",
        "https://shop.example/tee",
        "https://shop.example?x",
        "https://shop.example#x",
        "https://ann@shop.example",
        "ftp://shop.example",
        "https://",
        "https://größe.example",
        "https://a..b",
        "https://-a.example",
        "https://a b",
        "https://.",
        "*",
        "https://*.shop.example",
        "https://shop.example;script-src",
        f"https://{'a' * 64}.example",
    ],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        read_origin(text)
    with pytest.raises(Invalid) as refused:
        merge_settings(
            Store(settings={}, country="US", zone="America/New_York", locale="en", currency="USD"), {"domains": [text]}
        )
    assert "write it like" in refused.value.fields["domains"]


def test_what_an_older_version_has_kept_stops_nothing() -> None:
    store = Store(
        settings={"domains": ["https://javascript:x"]},
        country="US",
        zone="America/New_York",
        locale="en",
        currency="USD",
    )
    assert store_settings(store).domains == ["https://javascript:x"]  # and so no other page may use the widget
    merge_settings(store, {"threshold": 2})
    merge_settings(store, {"domains": [*store_settings(store).domains, "https://shop.example"]})
    assert store_settings(store).domains == ["https://javascript:x", "https://shop.example"]


@pytest.mark.parametrize(
    "domain", ["https://bit.ly", "http://www.tinyurl.com", "TinyURL.com", "https://t.co:8443", "bit.ly."]
)
def test_links_are_of_no_domain_that_everybody_shares(domain: str) -> None:
    with pytest.raises(ValueError, match="carriers refuse its links"):
        read_link_domain(domain)


@pytest.mark.parametrize("domain", ["go.shop.example", "https://mybit.ly", "https://bit.ly.shop.example"])
def test_links_are_of_a_domain_of_one_s_own(domain: str) -> None:
    assert read_link_domain(domain) == read_origin(domain)


@pytest.mark.parametrize(
    "url, ours",
    [
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("http://0.0.0.0", True),
        ("http://localhost:8000", True),
        ("https://notify.localhost", True),
        ("https://notify.shop.example", False),
        ("http://203.0.113.7", False),
    ],
)
def test_an_address_of_this_machine_is_known(url: str, ours: bool) -> None:
    assert is_of_this_machine(url) == ours
