"""Forms about customers and their fields. The boxes of a customer's fields are made as the merchant defined them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_wtf import FlaskForm
from wtforms import Field, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional
from wtforms.widgets import Input

from nexnotify.customers.custom_fields import MAX_NAME
from nexnotify.customers.field_values import MAX_TEXT, TYPES, Value
from nexnotify.customers.models import CustomField
from nexnotify.words import N_


class FieldForm(FlaskForm):
    """A field's name, and what can be chosen. What is wrong with them is said by the verbs."""

    name = StringField(
        N_("Name"), description=N_("As your storefront and your files write it."), render_kw={"maxlength": MAX_NAME}
    )
    choices = TextAreaField(
        N_("Choices"),
        [Optional()],
        description=N_("One on each line. Only for a field of the type Choice."),
        render_kw={"rows": 4},
    )

    @property
    def lines(self) -> list[str]:
        """The choices that were typed."""
        return (self.choices.data or "").splitlines()


class NewFieldForm(FieldForm):
    """A field that is to be added; its type is chosen once."""

    type = SelectField(N_("Type"), choices=[SelectChoice(key, word) for key, word in TYPES.items()], default="text")


class TypedNameForm(FlaskForm):
    """What is destroyed is named, letter by letter."""

    typed = StringField(N_("Type it here"), render_kw={"autocomplete": "off", "spellcheck": "false"})

    def matches(self, name: str) -> bool:
        """Whether the form was sent with this name."""
        if not self.validate():
            return False
        right = " ".join((self.typed.data or "").split()) == name
        if not right:
            self.typed.errors = [N_("This is not the same. Nothing was deleted.")]
        return right


def input_name(item: CustomField) -> str:
    """The name of a field's box."""
    return f"field-{item.id}"


def shown(value: Value) -> str:
    """A value as its box shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def values_form(fields: Sequence[CustomField], values: Mapping[int, Value]) -> FlaskForm:
    """A form with a box for each field, filled with what the customer has."""
    boxes = {input_name(item): _box(item, shown(values.get(item.id))) for item in fields}
    form: FlaskForm = type("ValuesForm", (FlaskForm,), boxes)(
        data={input_name(item): shown(values.get(item.id)) for item in fields}
    )
    return form


def _box(item: CustomField, now: str) -> Field:
    match item.type:
        case "yes_no":
            return _select(item.name, [("", N_("Not said")), ("yes", N_("Yes")), ("no", N_("No"))])
        case "choice":
            offered = [*item.choices, *([now] if now and now not in item.choices else [])]
            return _select(item.name, [("", "None"), *((choice, choice) for choice in offered)])
        case "date":
            return StringField(item.name, widget=Input("date"))
        case "number":
            return StringField(item.name, render_kw={"inputmode": "decimal"})
    return StringField(item.name, render_kw={"maxlength": MAX_TEXT})


def _select(label: str, options: Sequence[tuple[str, str]]) -> SelectField:
    return SelectField(label, choices=[SelectChoice(value, word) for value, word in options])
