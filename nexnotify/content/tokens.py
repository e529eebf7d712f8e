"""Replacement tokens: ``[[firstname]]``, or with words for when there is no value ``[[firstname|there]]``.

A template is checked when it is saved, compiled once and filled for each contact. What is filled in is never read
again: a product called "[[url]]" arrives as "[[url]]".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from nexnotify.words import N_

ProblemCode = Literal["unknown_token", "wrong_kind", "empty_token", "not_closed", "not_opened"]

ALL_KINDS: Final = frozenset(
    {
        "confirmation",
        "double_opt_in",
        "change",
        "back_in_stock",
        "reminder",
        "renewal",
        "order",
        "ticket",
        "merchant",
        "bulk",
        "correction",
        "journey",
        "campaign",
        "keyword_reply",
        "test",
    }
)
#: What texts to the merchant tell of, besides orders and tickets: each has tokens of its own.
MERCHANT_SUBJECTS: Final = frozenset({"waitlist", "credits"})
#: What one message says of several restocks; alerts by their kind, with tokens of their own.
BUNDLE: Final = "bundle"
#: Messages that are about one variant.
PRODUCT_KINDS: Final = frozenset(
    {
        "confirmation",
        "double_opt_in",
        "change",
        "back_in_stock",
        "reminder",
        "renewal",
        "journey",
        "campaign",
        "test",
        "waitlist",
    }
    | {"correction"}
)
#: Messages to a shopper, who can end them.
SHOPPER_KINDS: Final = ALL_KINDS - {"merchant"} | {BUNDLE}


@dataclass(frozen=True, slots=True)
class Token:
    """One thing a template can be filled with."""

    name: str
    #: For the merchant who writes the template.
    meaning: str
    #: For previews.
    sample: str
    #: The kinds of message that can fill it.
    kinds: frozenset[str]
    #: What stands there without a value, unless the template says otherwise; None: such a message is not sent.
    default_fallback: str | None = None


_ALL_TOKENS: Final = (
    Token("firstname", N_("the customer's first name"), "Ann", ALL_KINDS | {BUNDLE}, "there"),
    Token("lastname", N_("the customer's last name"), "Lee", ALL_KINDS | {BUNDLE}, ""),
    Token("fullname", N_("the first and last name of the customer"), "Ann Lee", ALL_KINDS | {BUNDLE}, "there"),
    Token("store", N_("the name of the store"), "Shop Example", ALL_KINDS | MERCHANT_SUBJECTS | {BUNDLE}),
    Token("product", N_("the title of the product"), "Tee", PRODUCT_KINDS),
    Token("variant", N_("the chosen options of the product"), "M / blue", PRODUCT_KINDS, ""),
    Token("price", N_("the price of the variant, with its currency"), "$20.00", PRODUCT_KINDS, ""),
    Token("url", N_("the link to the product"), "https://shop.example/l/a1B2c3D4e5", PRODUCT_KINDS),
    Token(
        "scarcity",
        N_("words that few are left, where that is so"),
        "Limited quantities",
        frozenset({"back_in_stock", "reminder"}),
        "",
    ),
    Token(
        "held_until",
        N_("words that a unit is held for the shopper, and until when, where that is so"),
        "It is held for you until 2:35 PM.",
        frozenset({"back_in_stock"}),
        "",
    ),
    Token(
        "delivery",
        N_("the delivery promise of the region in which the person waits, where they named one"),
        "Arrives in 2 to 3 days",
        frozenset({"back_in_stock", "reminder", "journey"}),
        "",
    ),
    Token(
        "item",
        N_("the restocked item as a block: title, price, picture and link, each on a line of its own; for emails"),
        "Tee, M / blue · $20.00 · https://shop.example/l/a1B2c3D4e5",
        frozenset({"journey", "campaign"}),
    ),
    Token(
        "products",
        N_("what is back: the titles that fit, and how many more; in emails each with its link"),
        "Tee, Mug and 9 more",
        frozenset({BUNDLE}),
    ),
    Token(
        "products_url",
        N_("the page that lists what is back, and says what is still there"),
        "https://shop.example/s/products/a1B2c3D",
        frozenset({BUNDLE}),
    ),
    Token("ordernumber", N_("the number of the order"), "1001", frozenset({"order", "merchant"})),
    Token("total", N_("what the order comes to, with its currency"), "40.00 USD", frozenset({"order", "merchant"}), ""),
    Token("subject", N_("the subject of the ticket"), "Where is my order?", frozenset({"ticket", "merchant"})),
    Token("waiting", N_("how many people wait for the product"), "25", frozenset({"waitlist"})),
    Token("credits", N_("how many credits are left"), "49", frozenset({"credits"})),
    Token(
        "change",
        N_("what the request is to be about from now on: units, variants, place, which news"),
        "2 units, any variant",
        frozenset({"change"}),
    ),
    Token(
        "confirm_url",
        N_("the page where the shopper says yes"),
        "https://shop.example/s/yes/a1B2c3D",
        frozenset({"double_opt_in", "change", "renewal"}),
    ),
    Token(
        "stop_url",
        N_("the page where the shopper ends these messages"),
        "https://shop.example/s/a1B2c3D",
        SHOPPER_KINDS,
    ),
)
TOKENS: Final[dict[str, Token]] = {token.name: token for token in _ALL_TOKENS}

# "[[[x]]]" is a token in square brackets, hence no third bracket after the opening pair.
_TOKEN: Final = re.compile(r"\[\[(?!\[)((?:(?!\[\[|\]\])[^\n])*)\]\]")
_STRAY: Final = re.compile(r"\[\[|\]\]")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a template."""

    code: ProblemCode
    #: One sentence for the merchant.
    message: str
    #: Where, as an index into the template.
    at: int
    #: The nearest known name, for a token we do not know.
    suggestion: str | None = None


class InvalidTemplate(ValueError):
    """A template that does not compile; ``problems`` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class UnresolvedToken(ValueError):
    """Tokens without a value or a fallback; ``names`` in order of appearance."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(N_("No value for %(names)s.", names=", ".join(f"[[{name}]]" for name in names)))
        self.names = tuple(names)


def check(template: str, kind: str | None = None) -> list[Problem]:
    """What is wrong with the template, in order; with ``kind``, also tokens that kind of message cannot fill."""
    problems: list[Problem] = []
    end = 0
    for match in _TOKEN.finditer(template):
        problems += _strays(template, end, match.start())
        end = match.end()
        problem = _name_problem(match, kind)
        if problem:
            problems.append(problem)
    return problems + _strays(template, end, len(template))


def _strays(template: str, start: int, end: int) -> list[Problem]:
    """Brackets that belong to no token."""
    return [_stray(match) for match in _STRAY.finditer(template, start, end)]


def _stray(match: re.Match[str]) -> Problem:
    if match.group() == "[[":
        return Problem("not_closed", N_("A token begins with [[ but does not end with ]]."), match.start())
    return Problem("not_opened", N_("A token ends with ]] but does not begin with [[."), match.start())


def _name_and_fallback(inner: str) -> tuple[str, str | None]:
    name, bar, fallback = inner.partition("|")
    return name.strip().lower(), fallback if bar else None


def _name_problem(match: re.Match[str], kind: str | None) -> Problem | None:
    name, _ = _name_and_fallback(match.group(1))
    at = match.start()
    if not name:
        return Problem("empty_token", N_("A token needs a name between [[ and ]]."), at)
    if name not in TOKENS:
        near = difflib.get_close_matches(name.replace("_", "").replace(" ", ""), TOKENS, n=1, cutoff=0.5)
        suggestion = near[0] if near else None
        hint = (
            N_(" did you mean [[%(suggestion)s]]?", suggestion=suggestion)
            if suggestion
            else N_(" see the list of tokens.")
        )
        return Problem(
            "unknown_token", N_("There is no token [[%(name)s]];%(hint)s", name=name, hint=hint), at, suggestion
        )
    if kind is not None and kind not in TOKENS[name].kinds:
        return Problem("wrong_kind", N_("[[%(name)s]] has no value in this kind of message.", name=name), at)
    return None


class Compiled:
    """A template ready to be filled many times."""

    __slots__ = ("_parts", "_slots", "tokens")

    def __init__(self, parts: Sequence[str], slots: Sequence[tuple[int, str, str | None]]) -> None:
        #: Literals, with an empty string at the place of each token.
        self._parts = list(parts)
        #: (index into the parts, name, fallback) of each token.
        self._slots = tuple(slots)
        #: The distinct names, in order of appearance.
        self.tokens: tuple[str, ...] = tuple(dict.fromkeys(name for _, name, _ in slots))

    def fill(self, values: Mapping[str, str | None]) -> str:
        """The text for these values; a missing, None, empty or blank one counts as no value.

        Raises UnresolvedToken naming each token that has neither a value nor a fallback.
        """
        return "".join(self._filled(values))

    def pieces(self, values: Mapping[str, str | None]) -> list[tuple[str, str | None]]:
        """The same text in pieces: (text, the token it stands for; None for the template's own words)."""
        names = {index: name for index, name, _ in self._slots}
        return [(part, names.get(index)) for index, part in enumerate(self._filled(values)) if part]

    def _filled(self, values: Mapping[str, str | None]) -> list[str]:
        parts = self._parts.copy()
        missing: dict[str, None] = {}
        for index, name, fallback in self._slots:
            value = values.get(name)
            if value and not value.isspace():
                parts[index] = value
            elif fallback is not None:
                parts[index] = fallback
            else:
                missing[name] = None
        if missing:
            raise UnresolvedToken(tuple(missing))
        return parts


@lru_cache(maxsize=256)
def compile_template(text: str) -> Compiled:
    """Compile a template; raises InvalidTemplate where :func:`check` finds a problem."""
    problems = check(text)
    if problems:
        raise InvalidTemplate(problems)
    parts: list[str] = []
    slots: list[tuple[int, str, str | None]] = []
    end = 0
    for match in _TOKEN.finditer(text):
        name, fallback = _name_and_fallback(match.group(1))
        parts += [text[end : match.start()], ""]
        slots.append((len(parts) - 1, name, TOKENS[name].default_fallback if fallback is None else fallback))
        end = match.end()
    parts.append(text[end:])
    return Compiled(parts, slots)
