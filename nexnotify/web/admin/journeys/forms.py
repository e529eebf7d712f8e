"""What is typed about a journey."""

from __future__ import annotations

from typing import Any

from wtforms import IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional

from nexnotify.content.service import MAX_EMAIL, MAX_SMS
from nexnotify.journeys.models import TRIGGERS, Journey
from nexnotify.journeys.service import NAME, Plan
from nexnotify.waitlist.activities import BACK_IN_STOCK, NAMES
from nexnotify.web.admin.conditions import ConditionsForm
from nexnotify.web.admin.forms import unix_lines
from nexnotify.web.admin.journeys.blueprint import UNITS, in_units
from nexnotify.words import N_


class JourneyForm(ConditionsForm):
    """A journey. What stands against it is said by the verbs."""

    name = StringField(N_("Name"), [Length(max=NAME)], render_kw={"maxlength": NAME})
    trigger = RadioField(
        N_("People enter when"),
        choices=[SelectChoice(name, N_("%(activity)s occurs", activity=NAMES[name])) for name in reversed(TRIGGERS)],
        default=BACK_IN_STOCK,
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
    push_subject = StringField(N_("Title of the push"), [Optional(), Length(max=300)])
    push_body = TextAreaField(
        N_("Push"), [Optional(), Length(max=MAX_SMS * 2)], filters=[unix_lines], render_kw={"rows": 3}
    )

    @property
    def plan(self) -> Plan:
        """What was typed."""
        return Plan(
            name=(self.name.data or "").strip(),
            trigger=self.trigger.data or "",
            where=self.where,
            delay_minutes=(self.delay.data or 0) * UNITS[self.unit.data],
            sms_body=(self.sms_body.data or "").strip() or None,
            email_subject=(self.email_subject.data or "").strip() or None,
            email_body=(self.email_body.data or "").strip() or None,
            push_subject=(self.push_subject.data or "").strip() or None,
            push_body=(self.push_body.data or "").strip() or None,
        )

    @staticmethod
    def field_of(problem: str) -> str:
        """The field beside which a problem stands."""
        return "delay" if problem == "delay_minutes" else problem


def filled(journey: Journey) -> dict[str, Any]:
    """What a journey's form begins with."""
    delay, unit = in_units(journey.delay_minutes) if journey.delay_minutes else (0, "minutes")
    typed = {name: ", ".join(values) for name, values in journey.where.stored().items()}
    plain = ("name", "trigger", "sms_body", "email_subject", "email_body", "push_subject", "push_body")
    return typed | {name: getattr(journey, name) for name in plain} | {"delay": delay, "unit": unit}
