"""The part of the settings' form about where the shop is at home."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from flask_babel import get_locale
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import Regexp

from nexnotify.content.widget_texts import LANGUAGES
from nexnotify.stores.home_settings import AT_HOME, HomeSettings
from nexnotify.words import N_


def _capitals(text: str | None) -> str | None:
    return text.strip().upper() if text else text


class HomeForm(FlaskForm):
    """Country, time zone, language and currency."""

    country = StringField(
        N_("Country"),
        [Regexp(r"^[A-Z]{2}$", message=N_("Write two letters, such as US."))],
        description=N_("Two letters. Numbers typed without a country code are read as numbers of this country."),
        filters=[_capitals],
    )
    zone = SelectField(
        N_("Time zone"),
        choices=sorted(available_timezones()),
        description=N_("For quiet hours and for the times on these pages."),
    )
    locale = SelectField(
        N_("Language of your shop"),
        description=N_(
            "New templates begin in it, and the widget speaks it where neither page nor browser names a language. "
            "Templates that are there stay as they are."
        ),
    )
    currency = StringField(
        N_("Currency"),
        [Regexp(r"^[A-Z]{3}$", message=N_("Write three letters, such as USD."))],
        description=N_(
            "Three letters. Prices that come without a currency are in it, and sums on these pages are of orders in it."
        ),
        filters=[_capitals],
    )

    def speak(self, stored: str) -> None:
        """Offer the languages there are, and the one that is stored, whichever it is."""
        ours = {code: Locale.parse(code).get_display_name(get_locale()) or code for code in LANGUAGES}
        self.locale.choices = list(({stored: stored} | ours).items())

    def home_changes(self) -> dict[str, Any]:
        """What was typed."""
        return {name: self[name].data for name in AT_HOME}

    @staticmethod
    def home_data(settings: HomeSettings) -> dict[str, Any]:
        """What is set, as the fields take it."""
        return {name: getattr(settings, name) for name in AT_HOME}
