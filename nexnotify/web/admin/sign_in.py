"""Sign-in by Flask-Security: its forms with our counting of wrong guesses, its sessions with a row for each browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, abort, current_app, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_login import user_logged_out
from flask_security import (
    LoginForm,
    MfRecoveryForm,
    RoleMixin,
    Security,
    SQLAlchemyUserDatastore,
    TwoFactorRescueForm,
    TwoFactorVerifyCodeForm,
    VerifyForm,
    current_user,
    user_authenticated,
)
from flask_security.utils import validate_redirect_url
from flask_wtf import CSRFProtect
from wtforms import Field, RadioField

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.stores.guesses import whose
from nexnotify.stores.models import StaffSession, StaffUser
from nexnotify.stores.people import audit_person, find_person
from nexnotify.stores.service import one_spelling
from nexnotify.stores.sessions import end_session, open_session, seen_is_stale, session_of, was_seen
from nexnotify.web.admin.lockout import Verdict, one_guess
from nexnotify.web.admin.second_factor import HouseRecoveryCodes, HouseTotp
from nexnotify.words import N_

csrf = CSRFProtect()

#: How long a typed password counts for what asks it again; each such act begins the time anew.
FRESH = timedelta(minutes=15)
#: What a browser's cookie calls its session.
TOKEN = "staff_session"  # noqa: S105 - a name
#: The way to sign in again that a session was renewed by: not worth a line in the audit trail.
RENEWED = "renewed"

#: Pages of Flask-Security that we have of our own, or not at all.
_NOT_OURS = {"two_factor_setup", "two_factor_setup_validate", "two_factor_rescue", "tf_select", "mf_recovery_codes"}


#: How Flask-Security is set. Signing in and out, the second step and the password once more are its; the rest is ours.
_CONFIG: dict[str, Any] = {
    # Argon2 salts by itself; a salt made from the secret keys would end with their rotation.
    "SECURITY_PASSWORD_SINGLE_HASH": True,
    "SECURITY_PASSWORD_SALT": "not used",
    "SECURITY_PASSWORD_HASH": "argon2",
    "SECURITY_JOIN_USER_ROLES": False,
    "SECURITY_URL_PREFIX": "/admin",
    "SECURITY_POST_LOGIN_VIEW": "/admin",
    "SECURITY_POST_LOGOUT_VIEW": "/admin/login",
    "SECURITY_POST_VERIFY_VIEW": "/admin",
    "SECURITY_LOGOUT_METHODS": ["POST"],
    "SECURITY_API_ENABLED_METHODS": ["session"],
    "SECURITY_SEND_REGISTER_EMAIL": False,
    "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False, "test_environment": True},
    "SECURITY_CSRF_PROTECT_MECHANISMS": ["session", "basic"],
    "SECURITY_FRESHNESS": FRESH,
    "SECURITY_FRESHNESS_GRACE_PERIOD": FRESH,
    "SECURITY_RESET_PASSWORD_WITHIN": timedelta(hours=1),
    "SECURITY_TWO_FACTOR": True,
    "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
    "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,
    "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
    "SECURITY_TOTP_SECRETS": {"1": "not used"},  # HouseTotp leaves encryption to the column
    "SECURITY_TOTP_ISSUER": "NexNotify",
    "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
    "SECURITY_MSG_UNAUTHENTICATED": (N_("Sign in to see that page."), "info"),
    "SECURITY_MSG_REAUTHENTICATION_REQUIRED": (N_("Type your password once more to go on."), "info"),
    "SECURITY_MSG_REAUTHENTICATION_SUCCESSFUL": (N_("Thank you."), "success"),
    "SECURITY_MSG_TWO_FACTOR_LOGIN_SUCCESSFUL": (N_("You are signed in."), "success"),
    "SECURITY_MSG_TWO_FACTOR_PERMISSION_DENIED": (N_("That took too long. Sign in again."), "info"),
    "WTF_CSRF_CHECK_DEFAULT": False,
    "WTF_CSRF_TIME_LIMIT": None,
}


class _NoRoles(RoleMixin):
    """Flask-Security asks for a class of global roles; ours belong to memberships."""


class _HouseNext:
    """Where a form leads when it is done: an address that is not ours is dropped, so it leads to the start page."""

    def validate_next(self, field: Field) -> None:
        """Never a reason to refuse a form, nor to count a wrong guess."""
        if field.data and not validate_redirect_url(field.data):
            field.data = ""


class _SignInForm(_HouseNext, LoginForm):
    """Email and password. What is wrong with them is never said, only that they do not fit."""

    remember = None  # a session ends when it is not used; there is none beside it

    def validate(self, **kwargs: Any) -> bool:
        self.email.data = email = (self.email.data or "").strip()
        if not email or not self.password.data or not self._was_sent_from_here():
            return bool(super().validate(**kwargs))
        check, person = super().validate, find_person(email)
        verdict = one_guess("password", whose(person, email), lambda: check(**kwargs), person)
        if not verdict.right:
            self.email.errors, self.password.errors = [], []
            self.form_errors = [verdict.wait or N_("The email and the password do not fit.")]
        return verdict.right

    def _was_sent_from_here(self) -> bool:
        """Whether the page's CSRF token is right. Without it no password is looked at, so none is counted either."""
        token = self._fields.get("csrf_token")
        return token is None or token.validate(self)


class _ConfirmForm(_HouseNext, VerifyForm):
    """The password once more."""

    user: Any

    def validate(self, **kwargs: Any) -> bool:
        if not self.password.data:
            return bool(super().validate(**kwargs))
        verdict = confirm_password(self.user, self.password.data)
        if not verdict.right:
            self.password.errors = [verdict.wait or N_("That is not your password.")]
        return verdict.right


class _CodeForm(TwoFactorVerifyCodeForm):
    """The code of the authenticator app."""

    user: Any

    def validate(self, **kwargs: Any) -> bool:
        self.code.data = "".join((self.code.data or "").split())
        if not self.code.data:
            return bool(super().validate(**kwargs))
        check = super().validate
        verdict = one_guess("code", whose(self.user), lambda: check(**kwargs), self.user)
        if not verdict.right:
            self.code.errors = [
                verdict.wait or N_("That code is not right, or not any more. Type the one you see now.")
            ]
        return verdict.right


class _NoRescueForm(TwoFactorRescueForm):
    """Flask-Security makes this form beside the code's; its page is closed, and its choices are of a form on its way out."""

    help_setup = RadioField(choices=[])


class _RecoveryForm(MfRecoveryForm):
    """A recovery code in the app's place."""

    user: Any

    def validate(self, **kwargs: Any) -> bool:
        if not self.code.data:
            return bool(super().validate(**kwargs))
        check = super().validate
        verdict = one_guess("code", whose(self.user), lambda: check(**kwargs), self.user)
        if not verdict.right:
            self.code.errors = [verdict.wait or N_("That is none of your recovery codes, or it was used.")]
        return verdict.right


def confirm_password(user: StaffUser, typed: str) -> Verdict:
    """One guess at the password of somebody who is signed in."""
    return one_guess("confirm", whose(user), lambda: user.verify_and_update_password(one_spelling(typed)), user)


def init_sign_in(app: Flask) -> None:
    """Set Flask-Security up: signing in and out, the second step, the password once more. The rest is ours."""
    app.config.update(_CONFIG, PERMANENT_SESSION_LIFETIME=idle_time(app))
    csrf.init_app(app)
    security = Security(
        app,
        SQLAlchemyUserDatastore(db, StaffUser, _NoRoles),
        login_form=_SignInForm,
        verify_form=_ConfirmForm,
        two_factor_verify_code_form=_CodeForm,
        two_factor_rescue_form=_NoRescueForm,
        mf_recovery_form=_RecoveryForm,
        totp_cls=HouseTotp,
        mf_recovery_codes_util_cls=HouseRecoveryCodes,
    )
    security.want_json(lambda _request: False)  # people sign in on pages; programs have keys
    app.login_manager.user_loader(_with_session(app.login_manager._user_callback))  # type: ignore[attr-defined]
    app.before_request(_watch_library_pages)
    user_authenticated.connect(_signed_in, app)
    user_logged_out.connect(_signed_out, app)


def idle_time(app: Flask) -> timedelta:
    """How long a session lives that nobody uses."""
    return timedelta(minutes=app.extensions["nexnotify"].settings.session_minutes)


def this_session() -> StaffSession | None:
    """The row of this browser's session."""
    token = session.get(TOKEN)
    return session_of(token, idle_time(current_app), utcnow()) if token else None


def _with_session(load: Any) -> Any:
    """Flask-Security's loader, for browsers whose session was not ended."""

    def loader(user_id: str) -> StaffUser | None:
        user: StaffUser | None = load(user_id)
        row = this_session()
        if user is None or row is None or row.user_id != user.id:
            return None
        now = utcnow()
        # A page that asks for news by itself does not show that anybody is there.
        if seen_is_stale(row, now) and "HX-Request" not in request.headers:
            with transaction():
                was_seen(row, now)
        return user

    return loader


def _signed_in(_app: Flask, user: StaffUser, authn_via: list[str] | None = None, **_more: Any) -> None:
    now, old = utcnow(), this_session()
    with transaction():
        if old is not None:
            db.session.delete(old)
        agent, address = request.headers.get("User-Agent", ""), request.remote_addr or ""
        session[TOKEN] = open_session(user, agent, address, idle_time(current_app), now)
        if authn_via != [RENEWED]:
            audit_person(user, "sign_in.done", user.id, now)
    session.permanent = True


def _signed_out(_app: Flask, user: StaffUser, **_more: Any) -> None:
    row = this_session()
    session.pop(TOKEN, None)
    if row is not None:
        with transaction():
            end_session(user, row.id)


def _watch_library_pages() -> ResponseReturnValue | None:
    blueprint, _, name = (request.endpoint or "").partition(".")
    if blueprint == "security" and name in _NOT_OURS:
        abort(404)
    if request.endpoint == "security.logout" and current_user.is_authenticated:
        csrf.protect()  # Flask-Security would sign out whoever any page sends here
    if request.endpoint == "security.two_factor_token_validation" and current_user.is_authenticated:
        return redirect("/admin")  # Flask-Security would sign them out: any link to it could do that to anybody
    return None
