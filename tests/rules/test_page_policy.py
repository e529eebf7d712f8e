"""Whether a page's Content-Security-Policy lets the widget in, as a browser would decide."""

import pytest

from nexnotify.web.page_policy import lets_connect, lets_script

PAGE = "https://shop.example/tee"
SCRIPT = "https://notify.example/widget/v1/nexnotify.js"
API = "https://notify.example/widget/v1/nn_1/config"


@pytest.mark.parametrize(
    "policy,allowed",
    [
        ("", True),
        ("img-src 'none'", True),
        ("default-src *", True),
        ("default-src 'self'", False),
        ("default-src 'none'; script-src https://notify.example", True),
        ("script-src notify.example", True),  # the page's own scheme
        ("script-src http://notify.example", True),  # a safer scheme is fine
        ("script-src https://notify.example:8443", False),
        ("script-src https://notify.example:*", True),
        ("script-src *.example", True),
        ("script-src *.notify.example", False),  # only hosts below it
        ("script-src https:", True),
        ("script-src http:", True),
        ("script-src data: blob:", False),
        ("script-src 'unsafe-inline' 'unsafe-eval'", False),
        ("script-src 'none'", False),
        ("script-src", False),
        ("script-src https://notify.example/widget/", True),
        ("script-src https://notify.example/widget", False),
        ("script-src https://notify.example/widget/v1/nexnotify.js", True),
        ("script-src https://notify.example/other.js", False),
        ("SCRIPT-SRC HTTPS://NOTIFY.EXAMPLE", True),
        ("script-src 'self'; script-src https://notify.example", False),  # the first of two counts
        ("script-src-elem 'self'; script-src *", False),
        ("script-src 'strict-dynamic' https://notify.example", False),
        ("script-src 'nonce-abc'", False),
        ("script-src http://[:x", False),
        ("script-src [ https://notify.example:x ://[", False),
        ("script-src http://[ https://notify.example", True),  # what is malformed takes nothing away
    ],
)
def test_a_script(policy: str, allowed: bool) -> None:
    assert lets_script(policy, PAGE, SCRIPT) is allowed


def test_a_nonce_or_a_hash_that_the_tag_carries_lets_it_in() -> None:
    assert lets_script("script-src 'nonce-abc' 'strict-dynamic'", PAGE, SCRIPT, nonce="abc")
    assert not lets_script("script-src 'nonce-abc'", PAGE, SCRIPT, nonce="abd")
    assert lets_script("script-src 'sha384-AbC='", PAGE, SCRIPT, integrity="sha384-AbC=")
    assert not lets_script("script-src 'sha384-AbC='", PAGE, SCRIPT, integrity="sha384-Other=")


@pytest.mark.parametrize(
    "policy,allowed",
    [
        ("script-src https://notify.example", True),
        ("connect-src 'self'", False),
        ("default-src 'none'; script-src https://notify.example", False),
        ("default-src 'none'; connect-src https://notify.example", True),
        ("connect-src wss://notify.example", False),
    ],
)
def test_a_question_to_the_server(policy: str, allowed: bool) -> None:
    assert lets_connect(policy, PAGE, API) is allowed


def test_self_means_the_page_s_own_origin_port_and_all() -> None:
    assert lets_connect("connect-src 'self'", "https://notify.example/shop", API)
    assert lets_connect("connect-src 'self'", "https://notify.example:443/shop", API)
    assert not lets_connect("connect-src 'self'", "https://notify.example:8443/shop", API)
    assert not lets_connect("connect-src 'self'", "http://notify.example/shop", API)
