"""The admin's forms. They check the shape of what was typed and never ask the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Form,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, Regexp

from nexnotify.content.service import MAX_EMAIL
from nexnotify.inventory.available import STATUSES
from nexnotify.reports.words import PRODUCT_STATUSES
from nexnotify.stores.settings import StoreSettings
from nexnotify.web.admin.link_forms import LinksForm
from nexnotify.words import N_, translated

MAX_COUNT = 10**9


class _MayBeEmpty(Optional):
    """``Optional`` without the word "optional" beside the label: another field decides whether it is."""

    def __init__(self) -> None:
        super().__init__()
        self.field_flags: dict[str, Any] = {}


def _stripped(text: str | None) -> str | None:
    return text.strip() if text else text


def _refuse(field: Any, words: str) -> bool:
    """Put a sentence beside a field. Cross-field rules use it, because ``Optional`` ends a field's own validators."""
    field.errors = [*field.errors, words]
    return False


def _unix_lines(text: str | None) -> str | None:
    """Browsers send line ends as CR LF; a text message counts every character."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if text else text


class StockForm(FlaskForm):
    """Stock on hand at one location, by hand."""

    location = SelectField(N_("Location"), [InputRequired(N_("Choose a location."))])
    on_hand = IntegerField(
        N_("On hand"),
        [
            _MayBeEmpty(),
            NumberRange(0, MAX_COUNT, N_("Write a number from 0 to %(max_count)s.", max_count=f"{MAX_COUNT:,}")),
        ],
    )
    unlimited = BooleanField(N_("Unlimited"), description=N_("It can always be bought, whatever the number says."))

    def validate(self, extra_validators: Any = None) -> bool:
        """An empty number must never be taken for "unlimited"."""
        fine: bool = super().validate(extra_validators)
        if self.on_hand.data is None and not self.on_hand.errors and not self.unlimited.data:
            return _refuse(self.on_hand, N_("Write how many there are, or choose Unlimited."))
        return fine


class UnavailableForm(FlaskForm):
    """What a variant counts as when it cannot be bought."""

    unavailable_as = RadioField(
        N_("When it cannot be bought, it is"),
        [InputRequired(N_("Choose one."))],
        choices=[SelectChoice(status, PRODUCT_STATUSES[status]) for status in STATUSES],
    )


class TemplateForm(FlaskForm):
    """A wording."""

    subject = StringField(
        N_("Subject"), [Length(max=300, message=N_("300 characters is the most."))], filters=[_stripped]
    )
    body = TextAreaField(N_("Text"), [Length(max=MAX_EMAIL)], filters=[_unix_lines])


class GatewayNameForm(FlaskForm):
    """What the house asks about any gateway, beside the plugin's own fields."""

    name = StringField(
        N_("Name"),
        [DataRequired(N_("Write a name.")), Length(max=100, message=N_("100 characters is the most."))],
        description=N_("Only your people see it."),
        filters=[_stripped],
    )


class TestForm(FlaskForm):
    """Where a test goes."""

    to = StringField(
        N_("Send a test to"), [DataRequired(N_("Write where to send it.")), Length(max=254)], filters=[_stripped]
    )


class KeyForm(FlaskForm):
    """A new API key."""

    name = StringField(
        N_("Name"),
        [DataRequired(N_("Write a name.")), Length(max=100, message=N_("100 characters is the most."))],
        description=N_("What uses it, such as Storefront or Warehouse."),
        filters=[_stripped],
    )


class SwitchesForm(FlaskForm):
    """Which channels are on for each product status."""

    sold_out_sms = BooleanField(N_("Sold Out, text message"))
    sold_out_email = BooleanField(N_("Sold Out, email"))
    backordered_sms = BooleanField(N_("Backordered, text message"))
    backordered_email = BooleanField(N_("Backordered, email"))
    preordered_sms = BooleanField(N_("Preordered, text message"))
    preordered_email = BooleanField(N_("Preordered, email"))


class SettingsForm(SwitchesForm, LinksForm):
    """The store's switches and policy."""

    threshold = IntegerField(
        N_("Available to sell before people are told"),
        [InputRequired(N_("Write a number.")), NumberRange(1, 1_000_000, N_("Write a number from 1 to 1,000,000."))],
        description=N_("A product is back in stock when this many can be sold again."),
    )
    quiet = BooleanField(N_("Quiet hours"), description=N_("Alerts that would go in these hours wait until they end."))
    quiet_from = TimeField(N_("From"), [_MayBeEmpty()])
    quiet_to = TimeField(lazy_pgettext("until", "To"), [_MayBeEmpty()])
    cap = BooleanField(
        N_("Frequency cap"), description=N_("Alerts above it wait. Confirmations and answers do not count.")
    )
    cap_texts = IntegerField(
        N_("Alerts at most"), [_MayBeEmpty(), NumberRange(1, 1000, N_("Write a number from 1 to 1,000."))]
    )
    cap_hours = IntegerField(
        N_("In hours"), [_MayBeEmpty(), NumberRange(1, 8784, N_("Write a number from 1 to 8,784."))]
    )
    confirmations = BooleanField(
        N_("Confirm each sign-up"), description=N_("A message at once, so that shoppers know they were heard.")
    )
    send_undo_seconds = IntegerField(
        N_("Seconds to take a text to many back"),
        [
            InputRequired(N_("Write a number; 0 sends at once.")),
            NumberRange(0, 600, N_("Write a number from 0 to 600.")),
        ],
        description=N_("A text that you send to several people is held for so long before any of it goes."),
    )
    resend_uncertain = BooleanField(
        N_("Rather twice than never"),
        description=N_(
            "Now and then the line breaks while a message is handed over, and nobody can say whether it went. "
            "Off: it is not sent again, so that nobody gets it twice; you decide about each. "
            "On: when the gateway cannot tell either, it is sent again, and a few shoppers may get it twice."
        ),
    )
    domains = TextAreaField(
        N_("Domains of your shop"),
        [Length(max=10_000)],
        description=N_(
            "One a line, such as https://shop.example. Only pages of these may sign shoppers up. "
            "Empty allows every page."
        ),
        filters=[_unix_lines],
    )
    country = StringField(
        N_("Country"),
        [Regexp(r"^[A-Z]{2}$", message=N_("Write two letters, such as US."))],
        description=N_("Two letters. Numbers typed without a country code are read as numbers of this country."),
        filters=[lambda text: text.strip().upper() if text else text],
    )
    zone = SelectField(
        N_("Time zone"),
        choices=sorted(available_timezones()),
        description=N_("For quiet hours and for the times on these pages."),
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """What is on needs its numbers."""
        fine: bool = super().validate(extra_validators)
        if self.quiet.data and not (self.quiet_from.errors or self.quiet_to.errors):
            if self.quiet_from.data is None or self.quiet_to.data is None:
                fine = _refuse(self.quiet_from, N_("Write both hours, such as 20:00 and 09:00."))
        if self.cap.data and not (self.cap_texts.errors or self.cap_hours.errors):
            if self.cap_texts.data is None or self.cap_hours.data is None:
                fine = _refuse(self.cap_texts, N_("Write how many alerts, and in how many hours."))
        return fine

    @classmethod
    def of(cls, settings: StoreSettings) -> SettingsForm:
        """The form, filled with what is set; values of what is off are those it would begin with."""
        quiet = settings.quiet_hours or StoreSettings.model_validate({}).quiet_hours
        cap = settings.frequency_cap or StoreSettings.model_validate({}).frequency_cap
        assert quiet is not None
        assert cap is not None
        data: dict[str, Any] = {
            f"{status}_{channel}": getattr(getattr(settings.switches, status), channel)
            for status in STATUSES
            for channel in ("sms", "email")
        }
        data |= {
            name: getattr(settings, name)
            for name in ("threshold", "confirmations", "send_undo_seconds", "resend_uncertain")
        }
        data |= {"country": settings.country, "zone": settings.zone, "domains": "\n".join(settings.domains)}
        data |= {"quiet": settings.quiet_hours is not None, "quiet_from": quiet.times[0], "quiet_to": quiet.times[1]}
        data |= {"cap": settings.frequency_cap is not None, "cap_texts": cap.texts, "cap_hours": cap.hours}
        return cls(data=data | cls.link_data(settings))

    def changes(self, settings: StoreSettings) -> dict[str, Any]:
        """What was typed, as :func:`nexnotify.stores.settings.merge_settings` takes it."""
        switches = {
            status: {
                "sms": self[f"{status}_sms"].data,
                "email": self[f"{status}_email"].data,
                "push": getattr(settings.switches, status).push,
            }
            for status in STATUSES
        }
        quiet, cap = None, None
        if self.quiet.data:
            quiet = {"from": f"{self.quiet_from.data:%H:%M}", "to": f"{self.quiet_to.data:%H:%M}"}
        if self.cap.data:
            cap = {"texts": self.cap_texts.data, "hours": self.cap_hours.data}
        return {
            "switches": switches,
            "threshold": self.threshold.data,
            "quiet_hours": quiet,
            "frequency_cap": cap,
            "confirmations": self.confirmations.data,
            "send_undo_seconds": self.send_undo_seconds.data,
            "resend_uncertain": self.resend_uncertain.data,
            "domains": [line.strip() for line in (self.domains.data or "").split("\n") if line.strip()],
            "country": self.country.data,
            "zone": self.zone.data,
            **self.link_changes(),
        }


#: Setting → the field that stands for it, where the two have different names.
_FIELD_OF = {"quiet_hours": "quiet_from", "frequency_cap": "cap_texts", "switches": "sold_out_sms"}


def put_errors(form: Form, problems: Mapping[str, str]) -> None:
    """Put what a verb refused beside the fields it is about; what has no field stands at the top."""
    for path, words in problems.items():
        name = path.partition(".")[0]
        field = form._fields.get(_FIELD_OF.get(name, name))
        if field is None:
            form.form_errors.append(words)
        else:
            words = translated(words)
            _refuse(field, words[:1].upper() + words[1:])
