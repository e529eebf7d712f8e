"""One's own account: password, second factor, recovery codes, sessions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, refresh
from flask_security import current_user, login_user

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import Conflict, Invalid, NotFound
from nexnotify.secrets import Cipher
from nexnotify.stores.models import StaffUser
from nexnotify.stores.people import audit_person, set_password, switch_second_factor_off
from nexnotify.stores.service import memberships_of
from nexnotify.stores.sessions import browser_words, end_session, end_sessions, sessions_of
from nexnotify.web.admin.access import fresh_required, staff_guard
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.people_forms import ROLE_NAMES, ChangePasswordForm, CodeForm, LanguageForm
from nexnotify.web.admin.second_factor import new_recovery_codes
from nexnotify.web.admin.sign_in import RENEWED, confirm_password, idle_time, this_session
from nexnotify.words import N_

bp = Blueprint("admin_account", __name__)
bp.before_request(staff_guard)

#: Where the secret waits, encrypted, until the app has shown a code of it.
_NEW_SECRET = "new_second_factor"  # noqa: S105 - a name


@bp.get("")
def index() -> ResponseReturnValue:
    """What there is about one's own account."""
    own = this_session()
    return render_template(
        "admin/account/index.html",
        sessions=sessions_of(current_user, idle_time(current_app), utcnow()),
        own_id=own.id if own else None,
        codes_left=len(current_user.mf_recovery_codes or []),
        asked_by=_asked_by(),
        roles=ROLE_NAMES,
        browser_words=browser_words,
        language_form=LanguageForm(data={"language": current_user.language or ""}),
    )


@bp.post("/language")
def language() -> ResponseReturnValue:
    """The language of the admin's pages for this person; the sign-in in this browser keeps it, too."""
    form = LanguageForm()
    if not form.validate():
        raise Invalid(N_("That is no language we have."))
    with transaction():
        user = _me()
        user.language = form.language.data or None
        audit_person(user, "language.changed", user.id, utcnow(), language=user.language or "")
    session["language"] = user.language
    refresh()
    flash(gettext("Your language is saved."), "success")
    return redirect(url_for(".index"))


# --- password ------------------------------------------------------------------------------------------------------


@bp.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Another password; all other sessions end."""
    form = ChangePasswordForm()
    if request.method == "GET":
        return render_template("admin/account/password.html", form=form)
    if form.validate() and _knows_password(form) and _change_password(form):
        flash(N_("Your password is changed. All your other sessions are ended."), "success")
        return redirect(url_for(".index"))
    return render_template("admin/account/password.html", form=form), 422


def _knows_password(form: ChangePasswordForm) -> bool:
    verdict = confirm_password(current_user, form.current.data)
    if not verdict.right:
        form.current.errors = [verdict.wait or N_("That is not your password.")]
    return verdict.right


def _change_password(form: ChangePasswordForm) -> bool:
    now = utcnow()
    try:
        with transaction():
            user = _me()
            set_password(user, form.password.data)
            end_sessions(user)
            audit_person(user, "password.changed", user.id, now)
    except Invalid as error:
        put_errors(form, error.fields)
        return False
    login_user(user, authn_via=[RENEWED])
    return True


# --- second factor -------------------------------------------------------------------------------------------------


@bp.route("/second-factor", methods=["GET", "POST"])
@fresh_required
def second_factor() -> ResponseReturnValue:
    """Connect an authenticator app. It counts once the app has shown a code that is right."""
    form = CodeForm(formdata=None if request.method == "GET" else request.form)
    secret = _waiting_secret()
    if request.method == "GET":
        return _set_up_page(form, secret)
    if not form.validate():
        return _set_up_page(form, secret, 422)
    if not _totp().verify_totp(form.code.data, secret, _me(), window=30):
        form.code.errors = [N_("That code is not right, or not any more. Type the one the app shows now.")]
        return _set_up_page(form, secret, 422)
    now, own = utcnow(), this_session()
    with transaction():
        user = _me()
        user.tf_primary_method, user.tf_totp_secret = "authenticator", secret
        codes = new_recovery_codes(user)
        end_sessions(user, but=own.id if own else None)
        audit_person(user, "second_factor.set_up", user.id, now)
    session.pop(_NEW_SECRET, None)
    return _codes_page(codes, first=True)


def _waiting_secret() -> str:
    """The secret that is being set up in this browser, made when there is none."""
    cipher: Cipher = current_app.extensions["nexnotify"].cipher
    if kept := session.get(_NEW_SECRET):
        return cipher.decrypt(kept)
    secret: str = _totp().generate_totp_secret()
    session[_NEW_SECRET] = cipher.encrypt(secret)
    return secret


def _set_up_page(form: CodeForm, secret: str, status: int = 200) -> ResponseReturnValue:
    values = _totp().fetch_setup_values(secret, current_user)
    return _unkept(render_template("admin/account/second_factor.html", form=form, values=values), status)


@bp.post("/second-factor/off")
@fresh_required
def second_factor_off() -> ResponseReturnValue:
    """Do without, unless a store asks for it."""
    if stores := _asked_by():
        raise Conflict(
            N_("%(stores)s asks its people for a second factor, so yours has to stay.", stores=", ".join(stores))
        )
    now, own = utcnow(), this_session()
    with transaction():
        user = _me()
        switch_second_factor_off(user)
        end_sessions(user, but=own.id if own else None)
        audit_person(user, "second_factor.switched_off", user.id, now)
    flash(N_("Your second factor is off. Forget its entry in the app: it fits no more."), "success")
    return redirect(url_for(".index"))


@bp.post("/recovery-codes")
@fresh_required
def recovery_codes() -> ResponseReturnValue:
    """New codes in the place of the old ones. The answer shows them, this once."""
    if not current_user.has_second_factor:
        raise Conflict(N_("Recovery codes stand in for a second factor. Set one up first."))
    now = utcnow()
    with transaction():
        user = _me()
        codes = new_recovery_codes(user)
        audit_person(user, "recovery_code.all_renewed", user.id, now, count=len(codes))
    return _codes_page(codes, first=False)


def _codes_page(codes: list[str], first: bool) -> ResponseReturnValue:
    return _unkept(render_template("admin/account/recovery_codes.html", codes=codes, first=first))


# --- sessions ------------------------------------------------------------------------------------------------------


@bp.post("/sessions/<int:session_id>/end")
def end_one(session_id: int) -> ResponseReturnValue:
    """End one session, such as that of a lost phone."""
    now = utcnow()
    with transaction():
        if not end_session(_me(), session_id):
            raise NotFound(N_("That session has ended already."))
        audit_person(_me(), "session.ended", current_user.id, now)
    flash(N_("That session is ended."), "success")
    return redirect(url_for(".index"))


@bp.post("/sessions/end-others")
def end_others() -> ResponseReturnValue:
    """End all sessions but this one."""
    now, own = utcnow(), this_session()
    with transaction():
        count = end_sessions(_me(), but=own.id if own else None)
        audit_person(_me(), "session.all_others_ended", current_user.id, now, count=count)
    flash(N_("You are signed out everywhere else."), "success")
    return redirect(url_for(".index"))


# --- helpers -------------------------------------------------------------------------------------------------------


def _me() -> StaffUser:
    """The person, for the transaction."""
    return db.session.get_one(StaffUser, current_user.id, with_for_update=True, populate_existing=True)


def _totp() -> Any:
    return current_app.extensions["security"].totp_factory


def _asked_by() -> list[str]:
    """The names of the person's stores that ask for a second factor."""
    return [item.store.name for item in memberships_of(current_user.id) if item.store.second_factor_required]


def _unkept(page: str, status: int = 200) -> ResponseReturnValue:
    """A page with a secret, for no cache to keep."""
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
