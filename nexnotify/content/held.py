"""What ``[[held_until]]`` says where a unit is kept for the person, in the language of the store's templates."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

_WORDS: Final = {"en": "It is held for you until %s.", "de": "Es ist bis %s für Sie zurückgelegt."}


def held_words(locale: str, until: datetime, now: datetime, zone: str, *, is_own_zone: bool) -> str:
    """Until when, on the person's own clock or else on one that is named.

    :param zone: IANA name. :param is_own_zone: it is the person's; else the text says which clock it means.
    """
    language = locale.partition("-")[0].partition("_")[0]
    language = language if language in _WORDS else "en"
    local, today = until.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    clock = {"en": "h:mm a", "de": "HH:mm 'Uhr'"}[language]
    pattern = clock if local.date() == today else f"EEE {clock}"
    # Of GSM's letters alone: a narrow space would make a text of one part one of two.
    moment = format_datetime(local, pattern, locale=language).replace("\u202f", " ").replace("\xa0", " ")
    return _WORDS[language] % (moment if is_own_zone else f"{moment} {local:%Z}")
