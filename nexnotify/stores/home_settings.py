"""The part of a store's settings about where it is at home; they are columns of its row."""

from __future__ import annotations

import difflib
import re
from functools import cache
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

#: The columns.
AT_HOME = ("country", "zone", "locale", "currency")


class HomeSettings(BaseModel):
    """Where the store is, whose clock it follows, what it speaks and what it is paid in."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    country: str = "US"
    zone: str = "America/New_York"
    #: The language of new templates, and of the widget and hosted form where the page and the browser name none.
    locale: str = "en"
    #: Of prices that come without one, and of sums.
    currency: str = "USD"

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if not is_zone(zone):
            near = difflib.get_close_matches(zone, _zones(), n=1)
            raise ValueError(f"is not a time zone{f'; did you mean {near[0]}?' if near else '.'}")
        return zone

    @field_validator("country")
    @classmethod
    def _known_country(cls, country: str) -> str:
        import phonenumbers

        if country not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("must be a country code of two capital letters, such as US.")
        return country

    @field_validator("locale")
    @classmethod
    def _a_language(cls, locale: str, info: ValidationInfo) -> str:
        """What is stored must not stop the store, whatever it is."""
        if locale != _stored("locale", info) and not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}", locale):
            raise ValueError("must be a language code, such as en or de-AT.")
        return locale

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, currency: str, info: ValidationInfo) -> str:
        from babel.numbers import list_currencies

        if currency != _stored("currency", info) and currency not in list_currencies():
            raise ValueError("must be the three capital letters of a currency, such as USD.")
        return currency


def _stored(name: str, info: ValidationInfo) -> object:
    return (info.context or {}).get(name)


def is_zone(name: str) -> bool:
    """Whether the zone data know it."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    """All zone names; finding them walks the file system, so once is enough."""
    return frozenset(available_timezones())
