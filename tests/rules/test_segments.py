"""Segments: what a text costs is known before it is sent, to the part.

Counts are worked out by hand from the limits 160/153 and 70/67; two libraries stand beside us as oracles, where they
are right (gsm0338 and smsutil take a raw escape for a character; smsutil calls the empty text UCS-2).
"""

import unicodedata

import gsm0338
import pytest
import smsutil
from hypothesis import given, settings
from hypothesis import strategies as st

from nexnotify.content.segments import GSM, GSM_BASIC, GSM_EXTENSION, Segments, count, smart

GSM_TEXT = st.text(st.sampled_from(sorted(GSM)), max_size=500)
MOSTLY_EXTENSION = st.text(st.sampled_from("ab€^{}[]|~\\"), min_size=140, max_size=400)
MOSTLY_SURROGATES = st.text(st.sampled_from("ab😀🧵ç"), min_size=60, max_size=250)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1b"), max_size=400)


def test_the_alphabet_has_127_characters_and_ten_more():
    assert len(GSM_BASIC) == 127
    assert len(GSM_EXTENSION) == 10


@pytest.mark.parametrize(
    "text, encoding, segments, units, left",
    [
        ("", "gsm7", 0, 0, 160),
        ("a", "gsm7", 1, 1, 159),
        ("a" * 160, "gsm7", 1, 160, 0),
        ("a" * 161, "gsm7", 2, 161, 145),
        ("a" * 306, "gsm7", 2, 306, 0),
        ("a" * 307, "gsm7", 3, 307, 152),
        ("€" * 80, "gsm7", 1, 160, 0),
        ("€" * 81, "gsm7", 2, 162, 153 - 10),  # 76 pairs fit in the first part, 5 are left
        ("a" * 152 + "€" + "a" * 152, "gsm7", 3, 306, 152),  # the pair does not fit the one place left: 152, 153, 1
        ("a" * 158 + "€", "gsm7", 1, 160, 0),
        ("\f", "gsm7", 1, 2, 158),
        ("§", "gsm7", 1, 1, 159),
        ("`", "ucs2", 1, 1, 69),
        ("\x1b", "ucs2", 1, 1, 69),
        ("ç", "ucs2", 1, 1, 69),
        ("Ç", "gsm7", 1, 1, 159),
        ("ç" * 70, "ucs2", 1, 70, 0),
        ("ç" * 71, "ucs2", 2, 71, 63),
        ("😀" * 35, "ucs2", 1, 70, 0),
        ("😀" * 36, "ucs2", 2, 72, 67 - 6),  # 33 fit in the first part, 3 are left
        ("ç" * 66 + "😀" + "ç" * 66, "ucs2", 3, 134, 66),  # 66, 67, 1
        ("ç" * 134, "ucs2", 2, 134, 0),
        ("está", "ucs2", 1, 4, 66),
        ("Straße, Köln", "gsm7", 1, 12, 148),
    ],
)
def test_a_text_costs_what_the_standard_says(text, encoding, segments, units, left):
    counted = count(text)
    assert (counted.encoding, counted.segments, counted.units, counted.units_left) == (encoding, segments, units, left)


def test_the_merchant_is_shown_which_characters_make_a_text_dear():
    assert count("“Tee” — ça va, “ça”?") == Segments("ucs2", 1, 20, 50, ("“", "”", "—", "ç"))
    assert count("Tee").culprits == ()


@pytest.mark.parametrize("char", sorted(GSM))
def test_every_character_of_the_alphabet_is_one_the_codec_knows(char):
    octets, _ = gsm0338.Codec().encode(char)
    assert count(char).units == len(octets)


@given(st.characters(exclude_categories=["Cs"], exclude_characters="\x1b"))
@settings(max_examples=500)
def test_a_character_is_gsm_when_the_codec_can_encode_it(char):
    try:
        encodable = bool(gsm0338.Codec().encode(char)[0])
    except UnicodeEncodeError:
        encodable = False
    assert (count(char).encoding == "gsm7") == encodable


@given(st.one_of(GSM_TEXT, MOSTLY_EXTENSION, MOSTLY_SURROGATES, ANY_TEXT).filter(bool))
def test_parts_are_those_of_an_independent_splitter(text):
    split = smsutil.split(text)
    counted = count(text)
    assert counted.segments == len(split.parts)
    assert counted.encoding == {"gsm0338": "gsm7", "utf_16_be": "ucs2"}[split.encoding]
    assert counted.units * (1 if counted.encoding == "gsm7" else 2) == split.total_bytes
    size = 1 if counted.encoding == "gsm7" else 2
    whole = (160 if counted.segments == 1 else 153) if size == 1 else (70 if counted.segments == 1 else 67)
    assert counted.units_left == whole - split.parts[-1].bytes // size


@given(st.one_of(GSM_TEXT, MOSTLY_EXTENSION))
def test_units_left_is_what_can_still_be_written(text):
    counted = count(text)
    if text:
        assert count(text + "a" * counted.units_left).segments == counted.segments
        assert count(text + "a" * (counted.units_left + 1)).segments == counted.segments + 1


@pytest.mark.parametrize(
    "text, sent",
    [
        ("“Tee” is back – now…", '"Tee" is back - now...'),
        ("It’s back", "It's back"),
        ("„Tee“ «M»", '"Tee" "M"'),
        ("20\u00a0€", "20 €"),
        ("20\u202f€", "20 €"),
        ("cafe\u0301", "café"),
        ("Å \u212b", "Å Å"),
        ("ＴＥＥ\u3000１", "TEE 1"),
        ("ΑΘΗΝΑ", "AΘHNA"),
        ("te\u200be\ufeff", "tee"),
        ("`tee`", "'tee'"),
        ("½", "1/2"),
        ("one\ttwo\r\nthree\rfour\x00\x1b", "one two\nthree\nfour"),
        ("a\u2028b", "a\nb"),
        ("", ""),
    ],
)
def test_look_alikes_become_gsm(text, sent):
    assert smart(text) == sent
    assert count(smart(text)).encoding == "gsm7"


@pytest.mark.parametrize(
    "text",
    ["“ça”", "“Tee” 😀", "Tee™", "não – está", "👩\u200d👩\u200d👧 – tee", "❤\ufe0f"],
)
def test_a_text_that_stays_ucs2_keeps_its_own_spelling(text):
    assert smart(text) == text


def test_a_spelling_that_would_cost_more_is_not_taken():
    assert smart("…" * 70) == "…" * 70  # one part of 70, against 210 septets in two
    assert smart("…" * 53) == "..." * 53


def test_what_cannot_be_written_in_utf8_never_passes():
    assert smart("tee \ud83d!") == "tee !"


@given(st.text(max_size=300))
def test_smart_settles_at_once_and_never_costs_more(text):
    sent = smart(text)
    assert smart(sent) == sent
    assert not any(unicodedata.category(char) in ("Cc", "Cs") and char != "\n" for char in sent)
    assert count(sent).segments <= count(unicodedata.normalize("NFC", text)).segments


@given(GSM_TEXT)
def test_smart_leaves_gsm_text_alone(text):
    if "\r" not in text and "\f" not in text:
        assert smart(text) == text
