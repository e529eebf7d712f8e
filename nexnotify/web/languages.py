"""Which language a page speaks, and how it writes moments, numbers and money in it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal
from flask import Flask, g, request, session
from flask_babel import Babel, get_locale, gettext, refresh
from flask_security import current_user

from nexnotify.clock import to_local
from nexnotify.settings import ROOT
from nexnotify.stores.models import Store
from nexnotify.words import N_, set_catalogue, translated

#: Code → its own name. The first is the one the sources are written in.
LANGUAGES = {"en": "English", "de": "Deutsch"}
ENGLISH = "en"
#: Blueprints whose pages shoppers read.
_SHOPPERS = ("shopper", "hosted_form", "short_links")
CATALOGUES = ROOT / "nexnotify" / "translations"


def init_languages(app: Flask) -> None:
    """Flask-Babel with our catalogues, and the filters that write values."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(CATALOGUES)
    Babel(app, locale_selector=choose_locale)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    set_catalogue(gettext)
    app.before_request(refresh)
    for write in (local, day, number, money, translated, in_sentence):
        app.add_template_filter(write)
    app.add_template_global(N_, "N_")
    app.context_processor(lambda: {"page_language": get_locale(), "LANGUAGES": LANGUAGES})


def choose_locale() -> str:
    """The locale of this request: the person's, else the store's, else the browser's; English where we lack it."""
    if not request:
        return ENGLISH
    store = getattr(g.get("store"), "locale", None)
    browser = list(request.accept_languages.values())
    if request.blueprint in _SHOPPERS or request.path.startswith(("/s/", "/l/")):
        return first_known(request.args.get("lang"), *browser, store)
    if "membership" in g:
        return first_known(current_user.language, store)
    return first_known(session.get("language"), *browser)


def speak_of(store: Store) -> None:
    """From here on the request is about this store: its locale and zone count where the reader's are not known."""
    g.store = store
    refresh()


def first_known(*wishes: str | None) -> str:
    """The first wish that we have a catalogue for, as a locale Babel knows; English is the last resort."""
    for wish in wishes:
        try:
            locale = Locale.parse(wish, sep="-" if wish and "-" in wish else "_") if wish else None
        except (UnknownLocaleError, ValueError):
            locale = None
        if locale is not None and locale.language in LANGUAGES:
            return ENGLISH if locale.language == ENGLISH else str(locale)
    return ENGLISH


def language() -> str:
    """The language of the page, such as "de"."""
    return _locale().language


def _locale() -> Locale:
    return get_locale() or Locale(ENGLISH)


def local(moment: datetime, zone: str | None = None, *, full: bool = False) -> str:
    """ "22 Nov 2026, 10:08" (German: "22.11.2026, 10:08") in the given zone, else in that of the request's store;
    ``full`` adds seconds and zone."""
    name = zone or getattr(g.get("store"), "zone", None) or "UTC"
    there = to_local(moment, name)
    clock = format_datetime(there, "HH:mm:ss" if full else "HH:mm", locale=_locale())
    return f"{day(there)}, {clock} {name}" if full else f"{day(there)}, {clock}"


def day(there: date, pattern: str | None = None) -> str:
    """A day: "22 Nov 2026", "22.11.2026". ``pattern`` is one of Babel's, such as "EEEE d MMMM"."""
    locale = _locale()
    return format_date(there, pattern or ("d MMM y" if locale.language == ENGLISH else "medium"), locale=locale)


def number(value: int | float | Decimal, places: int | None = None) -> str:
    """ "1,234" (German: "1.234"), with as many decimals as asked for."""
    pattern = None if places is None else f"#,##0.{'0' * places}"
    return format_decimal(value, format=pattern, locale=_locale())


def money(amount: Decimal | float | None, currency: str) -> str:
    """ "1,234.50 USD" in English, in other languages as they write it: "1.234,50 €". A dash for none."""
    if amount is None:
        return "–"
    locale = _locale()
    if locale.language == ENGLISH:
        return f"{format_decimal(amount, '#,##0.00', locale=locale)} {currency}"
    return format_currency(amount, currency, locale=locale)


def in_sentence(text: str) -> str:
    """A label within a sentence: English writes it small there; languages with capital nouns leave it as it is."""
    words = translated(text)
    return words.lower() if _locale().language == ENGLISH else words
