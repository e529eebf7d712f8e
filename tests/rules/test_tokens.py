"""Tokens: a template says the same to everyone but for the names, and no shopper ever sees a bracket."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nexnotify.content.tokens import (
    ALL_KINDS,
    BUNDLE,
    MERCHANT_SUBJECTS,
    TOKENS,
    InvalidTemplate,
    UnresolvedToken,
    check,
    compile_template,
)

SAMPLES = {token.name: token.sample for token in TOKENS.values()}


@pytest.mark.parametrize(
    "template, values, text",
    [
        ("Hi [[firstname]]!", {"firstname": "Ann"}, "Hi Ann!"),
        ("Hi [[firstname]]!", {}, "Hi there!"),
        ("Hi [[firstname]]!", {"firstname": ""}, "Hi there!"),
        ("Hi [[firstname]]!", {"firstname": None}, "Hi there!"),
        ("Hi [[firstname]]!", {"firstname": "  "}, "Hi there!"),
        ("Hi [[firstname|friend]]!", {}, "Hi friend!"),
        ("Hi[[firstname|]]!", {}, "Hi!"),
        ("[[product|Your item]] is back", {}, "Your item is back"),
        ("[[product]] [[variant]]", {"product": "Tee"}, "Tee "),
        ("[[ FirstName ]]", {"firstname": "Ann"}, "Ann"),
        ("[[firstname|a|b]]", {}, "a|b"),
        ("[[[firstname]]]", {"firstname": "Ann"}, "[Ann]"),
        ("[a] {b} $c %s [[firstname]]", {"firstname": "Ann"}, "[a] {b} $c %s Ann"),
        ("[[firstname]] [[firstname|you]]", {}, "there you"),
        ("  two  spaces \n", {}, "  two  spaces \n"),
        ("", {}, ""),
    ],
)
def test_a_template_is_filled(template, values, text):
    assert compile_template(template).fill(values) == text


def test_a_value_is_put_in_as_it_is():
    compiled = compile_template("[[product]] at [[store]]")
    assert compiled.fill({"product": "[[store]] [[", "store": "A ]]"}) == "[[store]] [[ at A ]]"


def test_a_message_with_a_hole_is_not_made():
    with pytest.raises(UnresolvedToken) as unresolved:
        compile_template("[[url]] [[product]] [[url]] [[firstname]]").fill({"product": ""})
    assert unresolved.value.names == ("url", "product")


def test_a_template_is_compiled_once_and_filled_for_many():
    compiled = compile_template("Hi [[firstname]], [[product]] is back: [[url]]")
    assert compiled.tokens == ("firstname", "product", "url")
    first = compiled.fill({"firstname": "Ann", "product": "Tee", "url": "u"})
    second = compiled.fill({"product": "Mug", "url": "v"})
    assert (first, second) == ("Hi Ann, Tee is back: u", "Hi there, Mug is back: v")


@pytest.mark.parametrize(
    "template, found",
    [
        ("Hi [[firstname]]", []),
        ("no tokens [here] or {there}", []),
        ("[[firstnam]]", [("unknown_token", 0, "firstname")]),
        ("Hi [[first_name]]", [("unknown_token", 3, "firstname")]),
        ("[[prodct|it]]", [("unknown_token", 0, "product")]),
        ("[[zzzzzz]]", [("unknown_token", 0, None)]),
        ("Hi [[firstname", [("not_closed", 3, None)]),
        ("Hi [[firstname]", [("not_closed", 3, None)]),
        ("Hi [[first\nname]]", [("not_closed", 3, None), ("not_opened", 15, None)]),
        ("firstname]]", [("not_opened", 9, None)]),
        ("[[ ]]", [("empty_token", 0, None)]),
        ("[[]]", [("empty_token", 0, None)]),
        ("[[|there]]", [("empty_token", 0, None)]),
        ("[[a [[url]]", [("not_closed", 0, None)]),
        ("[[url]] ]] [[stor]]", [("not_opened", 8, None), ("unknown_token", 11, "store")]),
    ],
)
def test_a_slip_in_a_template_is_found_when_it_is_saved(template, found):
    problems = check(template)
    assert [(problem.code, problem.at, problem.suggestion) for problem in problems] == found
    assert all(problem.message.endswith((".", "?")) for problem in problems)
    if problems:
        with pytest.raises(InvalidTemplate):
            compile_template(template)


def test_a_token_is_offered_only_where_it_has_a_value():
    assert check("[[product]]", "back_in_stock") == []
    assert [problem.code for problem in check("[[product]]", "ticket")] == ["wrong_kind"]


def test_tokens_describe_themselves():
    for name, token in TOKENS.items():
        assert token.name == name
        assert token.meaning
        assert token.sample
        assert token.kinds <= ALL_KINDS | MERCHANT_SUBJECTS | {BUNDLE}
    assert {name for name, token in TOKENS.items() if token.default_fallback is None} == {
        "store",
        "product",
        "url",
        "item",
        "products",
        "products_url",
        "ordernumber",
        "subject",
        "waiting",
        "credits",
        "change",
        "confirm_url",
        "stop_url",
    }


LITERAL = st.text(st.characters(exclude_characters="[]"), max_size=20)
FALLBACK = st.one_of(st.none(), st.text(st.characters(exclude_characters="[]\n|"), max_size=10))
VALUE = st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["[[url]]", "[[", "]]", "[[firstname|x]]"]))


@settings(suppress_health_check=[HealthCheck.too_slow])  # of a machine with other work
@given(
    st.lists(st.tuples(LITERAL, st.sampled_from(sorted(TOKENS)), FALLBACK), max_size=8),
    LITERAL,
    st.dictionaries(st.sampled_from(sorted(TOKENS)), VALUE),
)
def test_filling_is_joining(pieces, tail, values):
    template = "".join(
        literal + (f"[[{name}]]" if fallback is None else f"[[{name}|{fallback}]]")
        for literal, name, fallback in pieces
    )
    expected, holes = "", []
    for literal, name, fallback in pieces:
        value = values.get(name)
        if value is None or not value.strip():
            value = TOKENS[name].default_fallback if fallback is None else fallback
        if value is None:
            holes.append(name)
        else:
            expected += literal + value
    compiled = compile_template(template + tail)
    assert set(compiled.tokens) == {name for _, name, _ in pieces}
    if holes:
        with pytest.raises(UnresolvedToken) as unresolved:
            compiled.fill(values)
        assert set(unresolved.value.names) == set(holes)
    else:
        assert compiled.fill(values) == expected + tail


@given(st.text(st.sampled_from("[]|a\n "), max_size=30))
def test_no_template_that_passes_shows_a_bracket_pair(template):
    if not check(template):
        assert "[[" not in compile_template(template).fill(SAMPLES)


def test_only_texts_about_a_restock_have_words_of_scarcity() -> None:
    assert not check("[[scarcity]]", "back_in_stock")
    assert [problem.code for problem in check("[[scarcity]]", "confirmation")] == ["wrong_kind"]
