"""The forms of the widget's page."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional, Regexp, ValidationError

from nexnotify.stores.origins import read_origin
from nexnotify.stores.widget_look import WidgetLook
from nexnotify.words import N_


def _colour_of(text: str | None) -> str | None:
    """As typed, with the # that people leave away; None for nothing."""
    text = (text or "").strip()
    return f"#{text}" if text and not text.startswith("#") else text or None


def _colour(label: str, words: str) -> StringField:
    return StringField(
        label,
        [Optional(), Regexp(r"^#[0-9a-fA-F]{6}$", message=N_("Write # and six digits, such as #0b6a7c."))],
        description=words,
        filters=[_colour_of],
    )


class LookForm(FlaskForm):
    """The widget's colours. What is empty stays as the shop has it."""

    accent = _colour(N_("Buttons"), N_("And the ring around the field that has the focus."))
    on_accent = _colour(N_("Words on buttons"), "")
    background = _colour(N_("Form"), N_("The ground of the form and its fields."))
    text = _colour(N_("Words of the form"), "")
    border = _colour(N_("Edges"), N_("Of the form and its fields."))
    error = _colour(N_("Errors"), "")
    radius = IntegerField(
        N_("Corners"),
        [Optional(), NumberRange(0, 32, N_("Write a number from 0 to 32."))],
        description=N_("In pixels, 0 to 32."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self:
            field.flags.optional = False  # all of them are; saying so seven times helps nobody

    @classmethod
    def of(cls, look: WidgetLook) -> LookForm:
        """The form, filled with what is set."""
        return cls(formdata=None, data=look.model_dump())

    def look(self) -> dict[str, Any]:
        """What was typed, as the settings take it."""
        return {name: self[name].data for name in WidgetLook.model_fields}


class CheckForm(FlaskForm):
    """The page to look at."""

    page = StringField(
        N_("Address of a product page"),
        [
            DataRequired(N_("Write the address of a page.")),
            Length(max=2000, message=N_("2,000 characters is the most.")),
        ],
        filters=[lambda text: text.strip() if text else text],
    )


class DomainForm(FlaskForm):
    """An origin to add."""

    origin = StringField(N_("Origin"), [DataRequired(), Length(max=300)])

    def validate_origin(self, field: StringField) -> None:
        """It is one, and then as browsers send it."""
        try:
            field.data = read_origin(field.data)
        except ValueError as error:
            raise ValidationError(str(error)) from None
