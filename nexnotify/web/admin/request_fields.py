"""The fields of the settings page that are about the life of a request."""

from __future__ import annotations

from wtforms import BooleanField, IntegerField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional

from nexnotify.words import N_

#: Each stands for the setting of its name.
REQUEST_FIELDS = (
    "double_opt_in",
    "confirm_hours",
    "request_days",
    "renewal_days",
    "reminders",
    "reminder_hours",
    "reconfirm_months",
)


class RequestFields:
    """A part of the form of the store's settings."""

    double_opt_in = BooleanField(
        N_("Double opt-in"),
        description=N_(
            "Who asks is first asked back, and waits only after a yes: by replying YES, or on a page behind a link. "
            "Nobody can then sign up somebody else’s number. Who has said yes once is not asked again."
        ),
    )
    confirm_hours = IntegerField(
        N_("Hours to confirm"),
        [InputRequired(N_("Write a number.")), NumberRange(1, 720, N_("Write a number from 1 to 720."))],
        description=N_("What nobody confirms in this time ends."),
    )
    request_days = IntegerField(
        N_("Days to keep requests"),
        [Optional(), NumberRange(2, 3650, N_("Write a number from 2 to 3,650."))],
        description=N_("Empty keeps them for ever. A change also counts for those who wait already."),
    )
    renewal_days = IntegerField(
        N_("Days before the end to ask"),
        [InputRequired(N_("Write a number.")), NumberRange(1, 60, N_("Write a number from 1 to 60."))],
        description=N_(
            "Shoppers are asked whether they still want it. A yes keeps the request for the whole time again."
        ),
    )
    reminders = SelectField(
        N_("Reminders"),
        choices=[SelectChoice("0", N_("None")), SelectChoice("1", N_("One")), SelectChoice("2", N_("Two"))],
        description=N_("To who was told and has not bought, while it is in stock. They count for the frequency cap."),
    )
    reminder_hours = IntegerField(
        N_("Hours before each reminder"),
        [InputRequired(N_("Write a number.")), NumberRange(1, 720, N_("Write a number from 1 to 720."))],
    )
    reconfirm_months = IntegerField(
        N_("Months after which a number confirms again"),
        [Optional(), NumberRange(1, 120, N_("Write a number from 1 to 120."))],
        description=N_(
            "Numbers come to other people. One of which nothing was heard for so long is asked before it is told "
            "anything. Empty: never."
        ),
    )
