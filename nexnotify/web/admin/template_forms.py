"""The forms in which templates are made and named."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from nexnotify.content.keeping import CHANNELS
from nexnotify.content.models import KINDS, NAME, TITLES
from nexnotify.reports.words import QUESTIONS
from nexnotify.stores.settings import Switches
from nexnotify.words import N_


def _kinds() -> list[SelectChoice]:
    """What can be chosen, in two groups."""
    offered = sorted((kind for kind in KINDS if kind in CHANNELS), key=_is_to_customer)
    return [
        SelectChoice(kind, TITLES[kind], optgroup=N_("To your customers") if _is_to_customer(kind) else N_("To you"))
        for kind in offered
    ]


def _is_to_customer(kind: str) -> bool:
    return not kind.startswith("merchant_")


class TemplateNameForm(FlaskForm):
    """What a template is called."""

    name = StringField(
        N_("Name"),
        [
            DataRequired(N_("Write a name.")),
            Length(max=NAME, message=N_("%(name)s characters is the most.", name=NAME)),
        ],
        filters=[lambda text: text.strip() if text else text],
    )


class NewTemplateForm(TemplateNameForm):
    """A name, and what the template is for."""

    kind = SelectField(
        N_("Template"),
        [InputRequired(N_("Choose what it is for."))],
        choices=_kinds(),
        default="custom",
        description=N_(
            "Customer: custom never goes out by itself. The others do, once they are switched on, in place of "
            "the one of their kind that is on now."
        ),
    )
    channel = RadioField(
        N_("Goes out by"),
        [InputRequired(N_("Choose one."))],
        choices=[
            SelectChoice("sms", N_("Text message")),
            SelectChoice("email", N_("Email")),
            SelectChoice("push", N_("Push")),
        ],
        default="sms",
    )
    product_status = SelectField(
        N_("Speaks of"),
        choices=[
            SelectChoice("", N_("Every product status without its own")),
            *(SelectChoice(status, QUESTIONS[status]) for status in Switches.model_fields),
        ],
        description=N_("What the product was when the customer asked."),
    )
