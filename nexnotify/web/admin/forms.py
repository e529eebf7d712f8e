"""The admin's forms. They check the shape of what was typed and never ask the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Form,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from nexnotify.content.service import MAX_EMAIL
from nexnotify.inventory.available import STATUSES
from nexnotify.reports.words import PRODUCT_STATUSES
from nexnotify.words import N_, translated

MAX_COUNT = 10**9


class MayBeEmpty(Optional):
    """``Optional`` without the word "optional" beside the label: another field decides whether it is."""

    def __init__(self) -> None:
        super().__init__()
        self.field_flags: dict[str, Any] = {}


def _stripped(text: str | None) -> str | None:
    return text.strip() if text else text


def refuse(field: Any, words: str) -> bool:
    """Put a sentence beside a field. Cross-field rules use it, because ``Optional`` ends a field's own validators."""
    field.errors = [*field.errors, words]
    return False


def unix_lines(text: str | None) -> str | None:
    """Browsers send line ends as CR LF; a text message counts every character."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if text else text


class StockForm(FlaskForm):
    """Stock on hand at one location, by hand."""

    location = SelectField(N_("Location"), [InputRequired(N_("Choose a location."))])
    on_hand = IntegerField(
        N_("On hand"),
        [
            MayBeEmpty(),
            NumberRange(0, MAX_COUNT, N_("Write a number from 0 to %(max_count)s.", max_count=f"{MAX_COUNT:,}")),
        ],
    )
    unlimited = BooleanField(N_("Unlimited"), description=N_("It can always be bought, whatever the number says."))

    def validate(self, extra_validators: Any = None) -> bool:
        """An empty number must never be taken for "unlimited"."""
        fine: bool = super().validate(extra_validators)
        if self.on_hand.data is None and not self.on_hand.errors and not self.unlimited.data:
            return refuse(self.on_hand, N_("Write how many there are, or choose Unlimited."))
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
    body = TextAreaField(N_("Text"), [Length(max=MAX_EMAIL)], filters=[unix_lines])


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
            refuse(field, words[:1].upper() + words[1:])
