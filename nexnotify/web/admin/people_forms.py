"""The forms about people: invitations, roles, passwords and codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from nexnotify.phone import InvalidEmail, normalise_email
from nexnotify.stores.service import LONGEST_PASSWORD, SHORTEST_PASSWORD
from nexnotify.web.languages import LANGUAGES
from nexnotify.words import N_

#: Role → what it may do, in a line.
ROLE_WORDS = {
    "owner": N_("Owner: everything, also making owners and what signing in needs"),
    "admin": N_("Admin: settings, gateways, keys, exports and people below owner"),
    "staff": N_("Staff: waitlist, products and stock, customers and their fields"),
    "viewer": N_("Viewer: sees, changes nothing"),
}
#: The name of a role in a table.
ROLE_NAMES = {"owner": N_("Owner"), "admin": N_("Admin"), "staff": N_("Staff"), "viewer": N_("Viewer")}


def role_choices(roles: Sequence[str]) -> list[SelectChoice]:
    """Choices of a role field."""
    return [SelectChoice(role, ROLE_WORDS[role]) for role in roles]


class InviteForm(FlaskForm):
    """Whom to invite, and as what."""

    email = EmailField(
        N_("Email"),
        [DataRequired(N_("Write an email address.")), Length(max=254, message=N_("254 characters is the most."))],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    role = SelectField(N_("Role"), [InputRequired(N_("Choose a role."))], default="staff")

    def validate_email(self, field: EmailField) -> None:
        """Kept in its one spelling."""
        try:
            field.data = normalise_email(field.data)
        except InvalidEmail as error:
            raise ValidationError(str(error)) from None


class RoleForm(FlaskForm):
    """Another role for somebody."""

    role = SelectField(N_("Role"), [InputRequired(N_("Choose a role."))])


def _new_password() -> PasswordField:
    return PasswordField(
        N_("New password"),
        [DataRequired(N_("Write a password.")), Length(max=1000)],
        description=N_(
            "%(shortest_password)s to %(longest_password)s characters. A few words that you can remember are good.",
            shortest_password=SHORTEST_PASSWORD,
            longest_password=LONGEST_PASSWORD,
        ),
        render_kw={"autocomplete": "new-password"},
    )


class NewPasswordForm(FlaskForm):
    """A new password, for whoever holds a link."""

    password = _new_password()


class ChangePasswordForm(FlaskForm):
    """A new password, for whoever knows the present one."""

    current = PasswordField(
        N_("Present password"),
        [DataRequired(N_("Write your present password."))],
        render_kw={"autocomplete": "current-password"},
    )
    password = _new_password()


class ForgotForm(FlaskForm):
    """Whose password was forgotten."""

    email = EmailField(
        N_("Email"),
        [DataRequired(N_("Write your email address.")), Length(max=254, message=N_("254 characters is the most."))],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )


class LanguageForm(FlaskForm):
    """The language of the admin for one person."""

    language = SelectField(
        N_("Language"),
        choices=[SelectChoice("", N_("As the store")), *(SelectChoice(*item) for item in LANGUAGES.items())],
    )


def _digits(text: Any) -> Any:
    return "".join(text.split()) if isinstance(text, str) else text


class CodeForm(FlaskForm):
    """The code that the authenticator app shows."""

    code = StringField(
        N_("Code from the app"),
        [DataRequired(N_("Type the six digits that the app shows."))],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "9"},
        filters=[_digits],
    )
