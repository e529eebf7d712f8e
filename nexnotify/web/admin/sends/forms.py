"""What is typed about a send."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from nexnotify.campaigns.models import Send
from nexnotify.clock import from_local, to_local
from nexnotify.content.service import MAX_EMAIL
from nexnotify.words import N_

NOW, LATER = "now", "later"
#: Formats of a browser's own field, and of a person without one.
_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]


def _unix_lines(text: str | None) -> str | None:
    return text.replace("\r\n", "\n") if text else text


def _stripped(text: str | None) -> str | None:
    return text.strip() if text else text


def _number(typed: object) -> int:
    return int(typed) if isinstance(typed, int | str) and str(typed).isdecimal() else 0


class WriteForm(FlaskForm):
    """The words, and when they go."""

    template = SelectField(N_("Template"), choices=[], validate_choice=False, coerce=_number)
    subject = StringField(
        N_("Subject"), [Optional(), Length(max=300, message=N_("300 characters is the most."))], filters=[_stripped]
    )
    body = TextAreaField(
        N_("Message"),
        [Length(max=MAX_EMAIL * 2, message=N_("%(max_sms)s characters is the most.", max_sms=MAX_EMAIL))],
        filters=[_unix_lines],
    )
    when = RadioField(N_("When"), choices=[SelectChoice(NOW, N_("Now")), SelectChoice(LATER, N_("Later"))], default=NOW)
    scheduled_for = DateTimeLocalField(N_("Day and time"), [Optional()], format=_FORMATS)

    def moment(self, zone: str) -> datetime | None:
        """When it is to begin, if later was chosen and a time typed."""
        typed = self.scheduled_for.data
        if self.when.data != LATER or typed is None:
            return None
        try:
            return from_local(typed, zone)
        except OverflowError:  # the last day of the year 9999, say
            return datetime.max.replace(tzinfo=UTC)

    def validate(self, extra_validators: object = None) -> bool:
        """Later needs a time."""
        fine: bool = super().validate(extra_validators)
        if fine and self.when.data == LATER and self.scheduled_for.data is None:
            self.scheduled_for.errors = [N_("Choose a day and a time.")]
            return False
        return fine


def filled(send: Send, zone: str) -> WriteForm:
    """The form with what a draft holds."""
    wall = to_local(send.scheduled_for, zone).replace(tzinfo=None) if send.scheduled_for else None
    data = {"body": send.body, "when": LATER if wall else NOW, "scheduled_for": wall}
    return WriteForm(formdata=None, data=data | {"subject": send.words.get(send.by, {}).get("subject")})


class TextTestForm(FlaskForm):
    """Where a test of a text goes."""

    to = StringField(
        N_("Your own number"),
        [Length(max=60, message=N_("60 characters is the most."))],
        filters=[_stripped],
        render_kw={"inputmode": "tel", "autocomplete": "tel"},
    )


class EmailTestForm(FlaskForm):
    """Where a test of an email goes."""

    to = StringField(
        N_("Your own email address"),
        [Length(max=320, message=N_("320 characters is the most."))],
        filters=[_stripped],
        render_kw={"inputmode": "email", "autocomplete": "email"},
    )


TestForm = TextTestForm | EmailTestForm


def trial_form(channel: str, to: str | None = None) -> TestForm:
    """Filled with what was posted, or with an address to begin with."""
    kind = EmailTestForm if channel == "email" else TextTestForm
    return kind() if to is None else kind(formdata=None, data={"to": to})
