"""A preview shows what will be sent, says which character makes it dear, and where that came from."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexnotify.content.preview import preview, write_plainly
from nexnotify.content.segments import count
from nexnotify.content.service import UNSAVED, Wording
from nexnotify.content.tokens import InvalidTemplate, UnresolvedToken, compile_template

VALUES: Mapping[str, str | None] = {"store": "Acme", "product": "Tee", "variant": "M", "firstname": "Ann", "url": None}


def culprits(body: str, **values: str) -> list[tuple[str, int, str | None, str]]:
    """(character, its place, the token it came from, how to write it)"""
    shown = preview("sms", body, None, {**VALUES, **values})
    return [(culprit.char, culprit.at, culprit.token, culprit.plain) for culprit in shown.culprits]


@pytest.mark.parametrize(
    "body,values,found",
    [
        ("[[store]]: Tee is back", {}, []),
        # Typed, counted from 1.
        ("Olá", {}, [("á", 3, None, "a")]),
        # From a token, whose place is that in the text as it is sent.
        ("Hi [[firstname]]!", {"firstname": "Tomás"}, [("á", 7, "firstname", "a")]),
        (
            "[[store]]: [[product]]",
            {"store": "Łódź", "product": "Mug 😀"},
            [("Ł", 1, "store", "L"), ("ó", 2, "store", "o"), ("ź", 4, "store", "z"), ("😀", 11, "product", "")],
        ),
        # What the sender writes plainly by itself is nobody's fault, also beside one that it cannot.
        ("It’s “here” – [[product]]…", {}, []),
        ("“[[product]]” ☂", {}, [("☂", 7, None, "")]),
        # Only the first place of each.
        ("áá [[firstname]]", {"firstname": "á"}, [("á", 1, None, "a")]),
        # Gaps that empty tokens leave are closed before anything is counted.
        ("[[lastname]] [[variant]] á", {"variant": ""}, [("á", 1, None, "a")]),
        # Letters of the plain alphabet with accents are plain.
        ("àèéìòùñöüÄÇ€", {}, []),
    ],
)
def test_the_character_that_forces_unicode_is_named(
    body: str, values: dict[str, str], found: list[tuple[str, int, str | None, str]]
) -> None:
    assert culprits(body, **values) == found


def test_what_plain_letters_would_save() -> None:
    shown = preview("sms", "[[firstname]] " + "x" * 129, None, {**VALUES, "firstname": "Tomás"})
    # 135 UTF-16 units are 3 parts of 67; 135 septets are one part.
    assert (shown.encoding, shown.segments, shown.plain_segments, shown.saved) == ("ucs2", 3, 1, 2)


def test_a_culprit_that_costs_nothing_saves_nothing() -> None:
    assert preview("sms", "Olá", None, VALUES).saved == 0


def test_plain_letters_are_written_into_the_text_and_the_rest_stays() -> None:
    shown = preview("sms", "Olá [[firstname]] 😀 – ok", None, VALUES)
    assert write_plainly("Olá [[firstname]] 😀 – ok", shown.culprits) == "Ola [[firstname]]  – ok"


def test_what_was_filled_in_is_marked() -> None:
    shown = preview("sms", "[[store]]: [[product]] [[lastname]] is back.", None, VALUES)
    assert [(piece.text, piece.token) for piece in shown.body] == [
        ("Acme", "store"),
        (": ", None),
        ("Tee", "product"),
        (" is back.", None),
    ]


def test_marks_stay_in_place_where_the_sender_spells_anew() -> None:
    shown = preview("sms", "“[[product]]” …  [[firstname]]", None, {**VALUES, "product": "A – B"})
    assert "".join(piece.text for piece in shown.body) == '"A - B" ... Ann'
    assert [piece.text for piece in shown.body if piece.token == "product"] == ["A - B"]
    assert [piece.text for piece in shown.body if piece.token == "firstname"] == ["Ann"]


def test_an_email_has_no_parts_to_save() -> None:
    shown = preview("email", "Hello [[firstname]] 😀", "[[product]]  is here", VALUES)
    assert shown.culprits == ()
    assert [(piece.text, piece.token) for piece in shown.subject] == [("Tee", "product"), (" is here", None)]


def test_a_text_that_would_not_be_sent_is_not_shown() -> None:
    with pytest.raises(UnresolvedToken, match=r"\[\[url\]\]"):
        preview("sms", "[[url]]", None, VALUES)
    with pytest.raises(InvalidTemplate, match="frstname"):
        preview("sms", "[[frstname]]", None, VALUES)


TEXT = st.text(st.sampled_from("ab \n.,!áß😀…“”–\u0301\u200b"), max_size=40)


@given(TEXT, TEXT, TEXT, st.sampled_from(["sms", "email"]))
def test_the_preview_is_what_the_sender_sends(before: str, value: str, after: str, channel: str) -> None:
    body, values = f"{before}[[product|-]]{after}", {"product": value}
    sent = Wording(UNSAVED, channel, compile_template(body), None).render(values)
    shown = preview(channel, body, None, values)
    assert "".join(piece.text for piece in shown.body) == sent.body
    assert (shown.encoding, shown.segments) == (sent.encoding, sent.segments)


@given(TEXT, TEXT)
def test_a_culprit_stands_where_the_preview_says(before: str, value: str) -> None:
    shown = preview("sms", f"{before}[[product|-]]", None, {"product": value})
    text = "".join(piece.text for piece in shown.body)
    assert {culprit.char for culprit in shown.culprits} <= set(count(text).culprits)
    assert all(text[culprit.at - 1] == culprit.char for culprit in shown.culprits)
