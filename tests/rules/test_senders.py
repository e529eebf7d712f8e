"""What may stand as the sender of a text, and when a name may be used."""

from __future__ import annotations

import pytest

from nexnotify.content.endings import without_replies
from nexnotify.stores.senders import is_name, read_sender, sender_for

ANN, BEN = "+12015550123", "+447400123456"
LINK = "https://notify.example/s/abc"


@pytest.mark.parametrize(
    "typed, country, kept",
    [
        ("", "US", ""),
        ("Acme", "GB", "Acme"),
        (" Acme  Shop ", "GB", "Acme Shop"),
        ("24seven", "GB", "24seven"),
        ("ACME SHOP 1", "GB", "ACME SHOP 1"),
        ("(201) 555-0100", "US", "+12015550100"),
        ("07400 123456", "GB", "+447400123456"),
        ("72345", "US", "72345"),
    ],
)
def test_a_name_or_a_number_can_be_a_sender(typed: str, country: str, kept: str) -> None:
    assert read_sender(typed, country) == kept


@pytest.mark.parametrize(
    "typed, country, words",
    [
        ("Acme Shop 12", "GB", "11 characters at most"),
        ("Müller", "GB", "without accents"),
        ("Acme & Co", "GB", "without accents"),
        ("Магазин", "GB", "without accents"),
        ("12", "GB", "at least one letter"),
        ("-----", "GB", "at least one letter"),
        ("Acme", "US", "Enter a number"),
        ("Acme", "CA", "Enter a number"),
        ("Acme", "PR", "Enter a number"),
        ("+1 201", "US", "too short"),
    ],
)
def test_what_carriers_refuse_is_refused_with_what_to_do(typed: str, country: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_sender(typed, country)


@pytest.mark.parametrize(
    "sender, kind, to, body, used",
    [
        ("", "order", BEN, f"Sent. End: {LINK}", None),
        ("Acme", "order", BEN, f"Sent. End: {LINK}", "Acme"),
        ("Acme", "order", BEN, "Sent. Reply STOP to end.", None),
        ("Acme", "order", ANN, f"Sent. End: {LINK}", None),
        ("Acme", "merchant", BEN, "New order.", "Acme"),
        ("Acme", "test", BEN, "This is a test.", "Acme"),
        ("Acme", "keyword_reply", BEN, f"You are unsubscribed. {LINK}", None),
        ("+12015550160", "order", ANN, "Sent. Reply STOP to end.", "+12015550160"),
        ("+12015550160", "keyword_reply", ANN, "You are unsubscribed.", "+12015550160"),
    ],
)
def test_a_name_is_used_only_for_what_can_be_ended_without_a_reply(
    sender: str, kind: str, to: str, body: str, used: str | None
) -> None:
    assert sender_for(sender, kind, to, body, LINK) == used


def test_a_name_has_letters() -> None:
    assert [is_name(sender) for sender in ("Acme", "24h", "+12015550160", "72345", "")] == [True, True] + [False] * 3


@pytest.mark.parametrize(
    "body, becomes",
    [
        ("It is back. Reply STOP to end.", "It is back. End: [[stop_url]]"),
        ("Asked. Reply HELP for help, STOP to end.", "Asked. End: [[stop_url]]"),
        ("Back: [[url]] Text STOP to unsubscribe", "Back: [[url]] End: [[stop_url]]"),
        ("Back. To end: [[stop_url]]", "Back. To end: [[stop_url]]"),
        ("Back. [[ stop_url | ]]", "Back. [[ stop_url | ]]"),
        ("Do not stop.", "Do not stop. End: [[stop_url]]"),
        ("Reply YES to be told. Reply STOP to end.", "Say yes on [[confirm_url]] to be told. End: [[stop_url]]"),
        ("Mit JA antworten. Ende: STOP", "Auf [[confirm_url]] bestätigen. Ende: [[stop_url]]"),
    ],
)
def test_a_text_that_nobody_can_reply_to_has_a_link_and_asks_for_no_reply(body: str, becomes: str) -> None:
    assert without_replies(body) == becomes
