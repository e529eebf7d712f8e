"""What is typed about a journey."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional

from nexnotify.content.service import MAX_EMAIL, MAX_SMS
from nexnotify.journeys.conditions import Where
from nexnotify.journeys.models import TRIGGERS, Journey
from nexnotify.journeys.service import NAME, Plan
from nexnotify.waitlist.activities import BACK_IN_STOCK, NAMES
from nexnotify.web.admin.forms import unix_lines
from nexnotify.web.admin.journeys.blueprint import CONDITIONS, UNITS, in_units
from nexnotify.words import N_

_MOST = N_("2,000 characters is the most.")


class JourneyForm(FlaskForm):
    """A journey. What stands against it is said by the verbs."""

    name = StringField(N_("Name"), [Length(max=NAME)], render_kw={"maxlength": NAME})
    trigger = RadioField(
        N_("People enter when"),
        choices=[SelectChoice(name, N_("%(activity)s occurs", activity=NAMES[name])) for name in reversed(TRIGGERS)],
        default=BACK_IN_STOCK,
    )
    skus = StringField(CONDITIONS["skus"], [Optional(), Length(max=2000, message=_MOST)])
    products = StringField(
        CONDITIONS["products"],
        [Optional(), Length(max=2000, message=_MOST)],
        description=N_("The id that your shop gives it."),
    )
    tags = StringField(
        CONDITIONS["tags"], [Optional(), Length(max=2000, message=_MOST)], description=N_("As your shop tells it.")
    )
    sources = StringField(
        CONDITIONS["sources"],
        [Optional(), Length(max=2000, message=_MOST)],
        description=N_("Where they asked: widget, api, or what your shop calls it."),
    )
    locations = StringField(
        CONDITIONS["locations"],
        [Optional(), Length(max=2000, message=_MOST)],
        description=N_("Whose stock came in. Not for those who wait."),
    )
    delay = IntegerField(
        N_("Delay"), [Optional(), NumberRange(0, 43_200, N_("Write a number, 0 for none."))], default=0
    )
    unit = SelectField(
        N_("Unit"),
        choices=[
            SelectChoice("minutes", N_("minutes")),
            SelectChoice("hours", N_("hours")),
            SelectChoice("days", N_("days")),
        ],
        default="minutes",
    )
    sms_body = TextAreaField(
        N_("Text message"), [Optional(), Length(max=MAX_SMS * 2)], filters=[unix_lines], render_kw={"rows": 4}
    )
    email_subject = StringField(N_("Subject of the email"), [Optional(), Length(max=300)])
    email_body = TextAreaField(
        N_("Email"), [Optional(), Length(max=MAX_EMAIL * 2)], filters=[unix_lines], render_kw={"rows": 8}
    )

    @property
    def plan(self) -> Plan:
        """What was typed."""
        where = Where(**{name: _listed(self[name].data) for name in CONDITIONS})
        return Plan(
            name=(self.name.data or "").strip(),
            trigger=self.trigger.data or "",
            where=where,
            delay_minutes=(self.delay.data or 0) * UNITS[self.unit.data],
            sms_body=(self.sms_body.data or "").strip() or None,
            email_subject=(self.email_subject.data or "").strip() or None,
            email_body=(self.email_body.data or "").strip() or None,
        )

    @staticmethod
    def field_of(problem: str) -> str:
        """The field beside which a problem stands."""
        return "delay" if problem == "delay_minutes" else problem


def _listed(typed: str | None) -> tuple[str, ...]:
    """ "a, b" as values, each once."""
    return tuple(dict.fromkeys(part for part in (piece.strip() for piece in (typed or "").split(",")) if part))


def filled(journey: Journey) -> dict[str, Any]:
    """What a journey's form begins with."""
    delay, unit = in_units(journey.delay_minutes) if journey.delay_minutes else (0, "minutes")
    typed = {name: ", ".join(values) for name, values in journey.where.stored().items()}
    plain = ("name", "trigger", "sms_body", "email_subject", "email_body")
    return typed | {name: getattr(journey, name) for name in plain} | {"delay": delay, "unit": unit}
