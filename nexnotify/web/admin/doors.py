"""Ways in without a sign-in: an invitation's link, and a forgotten password."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user, login_user, url_for_security
from flask_security.recoverable import generate_reset_password_token, reset_password_token_status

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import Conflict, Invalid
from nexnotify.stores import guesses
from nexnotify.stores.models import Invitation, StaffUser
from nexnotify.stores.people import accept, accept_as, audit_person, find_invitation, find_person, set_password
from nexnotify.stores.service import audit, memberships_of
from nexnotify.stores.sessions import end_sessions
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.letters import in_background, public_address, real_sender, send_letter
from nexnotify.web.admin.lockout import come_back
from nexnotify.web.admin.people_forms import ROLE_NAMES, ForgotForm, NewPasswordForm
from nexnotify.web.admin.sign_in import csrf
from nexnotify.web.signups import network_of
from nexnotify.words import N_

log = logging.getLogger(__name__)

bp = Blueprint("doors", __name__)
bp.before_request(csrf.protect)


@bp.after_request
def unkept(answer: Response) -> Response:
    """For no cache to keep, and for no page behind it to learn: the address itself opens the door."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


# --- invitations ---------------------------------------------------------------------------------------------------


@bp.route("/join/<token>", methods=["GET", "POST"])
def join(token: str) -> ResponseReturnValue:
    """An invitation, opened. An account that exists is joined by its owner, signed in; else one is made."""
    if wait := _refused():
        return _dead_end(N_("Too many tries"), wait), 429
    invitation = find_invitation(token, utcnow())
    if invitation is None:
        _count_wrong()
        return _dead_end(
            N_("This invitation is over"), N_("It was used, withdrawn or is too old. Ask for another one.")
        ), 404
    if current_user.is_authenticated:
        return _join_as_oneself(token, invitation)
    if find_person(invitation.email):
        sign_in = url_for_security("login", next=url_for(".join", token=token))
        return _join_page(invitation, "sign_in", sign_in=sign_in)
    return _join_anew(token, invitation)


def _join_as_oneself(token: str, invitation: Invitation) -> ResponseReturnValue:
    if current_user != find_person(invitation.email):
        return _join_page(invitation, "other")
    if request.method == "GET":
        return _join_page(invitation, "confirm")
    now = utcnow()
    with transaction():
        locked = find_invitation(token, now, lock=True)
        if locked is not None:
            accept_as(db.session.get_one(StaffUser, current_user.id), locked, now)
    return redirect(url_for("admin.index"))


def _join_anew(token: str, invitation: Invitation) -> ResponseReturnValue:
    form = NewPasswordForm()
    if request.method == "GET" or not form.validate():
        return _join_page(invitation, "new", form), 200 if request.method == "GET" else 422
    now = utcnow()
    try:
        with transaction():
            locked = find_invitation(token, now, lock=True)
            user = accept(locked, form.password.data, now) if locked else None
    except Invalid as error:
        put_errors(form, error.fields)
        return _join_page(invitation, "new", form), 422
    if user is not None:
        login_user(user, authn_via=["password"])
    return redirect(url_for("admin.index"))


def _join_page(invitation: Invitation, how: str, form: NewPasswordForm | None = None, sign_in: str = "") -> str:
    return render_template(
        "security/join.html", invitation=invitation, how=how, form=form, sign_in=sign_in, roles=ROLE_NAMES
    )


# --- a forgotten password ------------------------------------------------------------------------------------------


@bp.route("/reset", methods=["GET", "POST"])
def forgot() -> ResponseReturnValue:
    """Ask for a link. The answer, and how long it takes, are the same whether there is such an account."""
    form = ForgotForm()
    if request.method == "GET" or not form.validate():
        return render_template("security/forgot.html", form=form), 200 if request.method == "GET" else 422
    now, email = utcnow(), form.email.data.strip()
    who = guesses.whose(find_person(email), email)
    with transaction():
        taken = guesses.take([("reset", who), ("address", network_of(request.remote_addr))], now)
    if taken.refused_until:
        form.form_errors = [come_back(taken.refused_until, now)]
        return render_template("security/forgot.html", form=form), 429
    here = public_address(url_for(".forgot"))
    in_background(lambda: _send_reset_link(email, here))
    return render_template("security/forgot.html", form=form, sent=True)


@bp.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> ResponseReturnValue:
    """A new password by link. It ends all sessions and unlocks the account; a second factor is still asked for."""
    if wait := _refused():
        return _dead_end(N_("Too many tries"), wait), 429
    expired, invalid, user = reset_password_token_status(token)
    if expired or invalid or user is None:
        _count_wrong()
        return _dead_end(N_("This link is over"), N_("It was used or is too old."), ask=url_for(".forgot")), 404
    form = NewPasswordForm()
    if request.method == "GET" or not form.validate():
        page = render_template("security/reset.html", form=form, user=user)
        return page, 200 if request.method == "GET" else 422
    now, door = utcnow(), user.fs_uniquifier
    try:
        with transaction():
            user = db.session.get_one(StaffUser, user.id, with_for_update=True, populate_existing=True)
            if user.fs_uniquifier != door:
                raise Conflict(N_("This link was used a moment ago."))
            set_password(user, form.password.data)
            end_sessions(user)
            guesses.forget("password", guesses.whose(user))
            audit_person(user, "password.reset", user.id, now)
    except Invalid as error:
        put_errors(form, error.fields)
        return render_template("security/reset.html", form=form, user=user), 422
    flash(N_("Your password is changed. Sign in with it."), "success")
    return redirect(url_for_security("login"))


def _send_reset_link(email: str, here: str) -> None:
    """Send the link, which stands under the address ``here``, through the first store of the person that has a real email gateway."""
    user = find_person(email)
    if user is None:
        return
    stores = [membership.store for membership in memberships_of(user.id)]
    link = f"{here}/{generate_reset_password_token(user)}"
    body = N_(
        "Somebody, hopefully you, asked for a new password of %(email)s.\n\nSet it here, within an hour:\n%(link)s\n\nIf it was not you, do nothing: your password stays as it is.",
        email=user.email,
        link=link,
    )
    for store, gateway in ((store, real_sender(store)) for store in stores):
        if gateway is None:
            continue
        problem = send_letter(gateway, user.email, N_("Your new password"), body)
        with transaction():
            audit(store, "password.link_failed" if problem else "password.link_sent", None, utcnow(), email=user.email)
        return
    log.warning("no store of the person has an email gateway; set the password with `nexnotify user password`")


# --- both ----------------------------------------------------------------------------------------------------------


def _refused() -> str:
    """When to come back, for an address with too many wrong links or passwords. Who is signed in never has to."""
    if current_user.is_authenticated:
        return ""
    now = utcnow()
    until = guesses.closed_until("address", network_of(request.remote_addr), now)
    return come_back(until, now) if until else ""


def _count_wrong() -> None:
    with transaction():
        guesses.take([("address", network_of(request.remote_addr))], utcnow())


def _dead_end(title: str, words: str, ask: str = "") -> str:
    return render_template("security/dead_end.html", title=title, words=words, ask=ask)
