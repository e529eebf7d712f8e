"""The forms in which templates are made and named."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from nexnotify.content.keeping import CHANNELS
from nexnotify.content.models import KINDS, NAME, NOT_YET, TITLES
from nexnotify.reports.words import PRODUCT_STATUSES
from nexnotify.stores.settings import Switches


def _kinds() -> list[SelectChoice]:
    """What can be chosen, in two groups."""
    offered = sorted((kind for kind in KINDS if kind in CHANNELS and kind not in NOT_YET), key=_is_to_customer)
    return [
        SelectChoice(kind, TITLES[kind], optgroup="To your customers" if _is_to_customer(kind) else "To you")
        for kind in offered
    ]


def _is_to_customer(kind: str) -> bool:
    return not kind.startswith("merchant_")


class TemplateNameForm(FlaskForm):
    """What a template is called."""

    name = StringField(
        "Name",
        [DataRequired("Write a name."), Length(max=NAME, message=f"{NAME} characters is the most.")],
        filters=[lambda text: text.strip() if text else text],
    )


class NewTemplateForm(TemplateNameForm):
    """A name, and what the template is for."""

    kind = SelectField(
        "Template",
        [InputRequired("Choose what it is for.")],
        choices=_kinds(),
        default="custom",
        description="Customer: custom never goes out by itself. The others do, once they are switched on, in place of "
        "the one of their kind that is on now.",
    )
    channel = RadioField(
        "Goes out by",
        [InputRequired("Choose one.")],
        choices=[SelectChoice("sms", "Text message"), SelectChoice("email", "Email")],
        default="sms",
    )
    product_status = SelectField(
        "Speaks of",
        choices=[
            SelectChoice("", "Every product status without its own"),
            *(SelectChoice(status, PRODUCT_STATUSES[status]) for status in Switches.model_fields),
        ],
        description="What the product was when the customer asked.",
    )
