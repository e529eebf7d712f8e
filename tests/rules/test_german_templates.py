"""A German store's first templates: the same kinds as the English ones, in plain letters, one segment with ordinary names."""

import pytest

from nexnotify.content.default import Default
from nexnotify.content.defaults import CUSTOM, DEFAULTS
from nexnotify.content.defaults_german import german
from nexnotify.content.endings import without_replies
from nexnotify.content.segments import count
from nexnotify.content.tokens import TOKENS, check, compile_template

OURS = (*DEFAULTS, *CUSTOM)
TEXTS = [german(item) for item in OURS if item.channel == "sms"]
NAMES = {name: token.sample for name, token in TOKENS.items()}
NAMES |= {"store": "Hafenladen", "product": "Troyer", "variant": "M / blau", "url": "https://shop.example/l/a1B2c3D"}


@pytest.mark.parametrize("item", OURS, ids=lambda item: f"{item.kind}-{item.channel}-{item.product_status}")
def test_it_is_the_same_template_in_other_words(item: Default) -> None:
    ours = german(item)
    assert (ours.kind, ours.channel, ours.product_status, ours.active) == (
        item.kind,
        item.channel,
        item.product_status,
        item.active,
    )
    assert ours.body != item.body
    assert bool(ours.subject) == bool(item.subject)
    assert bool(ours.name) == bool(item.name)
    for text in (ours.body, ours.subject or ""):
        assert check(text) == []


@pytest.mark.parametrize("item", TEXTS, ids=lambda item: f"{item.kind}-{item.product_status}")
def test_a_text_is_one_segment_of_plain_letters(item: Default) -> None:
    counted = count(compile_template(item.body).fill(NAMES))
    assert (counted.encoding, counted.segments) == ("gsm7", 1)


@pytest.mark.parametrize("item", [item for item in TEXTS if "STOP" in item.body], ids=lambda item: item.name)
def test_from_a_name_nobody_is_asked_to_reply(item: Default) -> None:
    ended = without_replies(item.body)
    assert "STOP" not in ended
    assert "HELP" not in ended
    assert ended.endswith("Ende: [[stop_url]]")
