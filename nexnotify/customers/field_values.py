"""RULE: what a custom field takes, by its type. Values come from storefronts (JSON), files (text) and forms (text)."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from nexnotify.words import N_

#: Type → what a merchant calls it.
TYPES = {
    "yes_no": N_("Yes or no"),
    "text": N_("Text"),
    "number": N_("Number"),
    "choice": N_("Choice"),
    "date": N_("Date"),
}
MAX_TEXT = 2000
#: A number is below this, and has at most so many digits behind the point.
MAX_NUMBER, MAX_DIGITS = Decimal(10) ** 12, 6

Value = bool | int | float | str | None

_YES = frozenset({"yes", "y", "true", "1", "on"})
_NO = frozenset({"no", "n", "false", "0", "off"})


class BadValue(ValueError):
    """A value that the field does not take; its text is one sentence for whoever sent it."""


def read_value(type_: str, choices: Sequence[str], raw: object) -> Value:
    """The value as it is kept; None empties the field, and so does a blank text.

    :raises BadValue: it is none of this type.
    """
    if isinstance(raw, str):
        raw = raw.strip()
    if raw is None or raw == "":
        return None
    match type_:
        case "yes_no":
            return _yes_no(raw)
        case "number":
            return _number(raw)
        case "choice":
            return _choice(raw, choices)
        case "date":
            return _date(raw)
    return _text(raw)


def _yes_no(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = raw.casefold() if isinstance(raw, str) else ""
    if word not in _YES | _NO:
        raise BadValue(N_("Write true or false."))
    return word in _YES


def _number(raw: object) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise BadValue(N_("Write a number."))
    try:
        number = Decimal(raw if isinstance(raw, str) else repr(raw))
    except InvalidOperation:
        raise BadValue(N_("Write a number, such as 12 or 12.5.")) from None
    if not number.is_finite() or abs(number) >= MAX_NUMBER:
        raise BadValue(N_("Write a number below %(max_number)s.", max_number=f"{MAX_NUMBER:,}"))
    if number != round(number, MAX_DIGITS):
        raise BadValue(N_("Write at most %(max_digits)s digits behind the point.", max_digits=MAX_DIGITS))
    return int(number) if number == int(number) else float(number)


def _choice(raw: object, choices: Sequence[str]) -> str:
    known = {fold(choice): choice for choice in choices}
    found = known.get(fold(raw)) if isinstance(raw, str) else None
    if found is None:
        raise BadValue(N_("Write one of %(choices)s.", choices=", ".join(choices)))
    return found


def _date(raw: object) -> str:
    try:
        if not isinstance(raw, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", raw, re.ASCII):
            raise ValueError
        return date.fromisoformat(raw).isoformat()
    except ValueError:
        raise BadValue(N_("Write a date like 2026-01-31.")) from None


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise BadValue(N_("Write a text."))
    if "\0" in raw:
        raise BadValue(N_("A text holds the character NUL, which no database keeps."))
    if len(raw) > MAX_TEXT:
        raise BadValue(N_("Write at most %(max_text)s characters.", max_text=f"{MAX_TEXT:,}"))
    return raw


def fold(text: str) -> str:
    """A text as it is compared: without case, and without differences that nobody sees."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def no_such_field(name: str, known: Iterable[str]) -> str:
    """What is said about a field that there is not, naming the nearest one."""
    names = {fold(item): item for item in known}
    near = difflib.get_close_matches(fold(name), list(names), n=1, cutoff=0)
    return N_("There is no field “%(name)s”.", name=name) + (
        N_(" The nearest is “%(near)s”.", near=names[near[0]]) if near else ""
    )


def opt_in_step(last: str | None, wanted: bool) -> str | None:
    """What an opt-in field that now says ``wanted`` writes into the consent ledger.

    :param last: the last action ("granted", "revoked") on marketing for this address; None: there is none.
    :returns: the action to write; None when it is the same news again.
    """
    if wanted:
        return None if last == "granted" else "granted"
    return "revoked" if last == "granted" else None
