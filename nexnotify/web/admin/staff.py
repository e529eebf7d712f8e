"""The store's people: who they are, who is invited, and what signing in needs."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import Conflict, Invalid
from nexnotify.stores import guesses
from nexnotify.stores.models import Invitation, Membership, Store
from nexnotify.stores.people import (
    audit_person,
    change_role,
    invite,
    invite_again,
    open_invitations,
    people_of,
    remove_person,
    roles_given_by,
    take_second_factor,
    withdraw,
)
from nexnotify.stores.service import audit
from nexnotify.stores.sessions import end_sessions, sessions_of
from nexnotify.web.admin.access import current_store, requires, staff_guard, the_membership
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.letters import public_address, real_sender, send_letter
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.people_forms import ROLE_NAMES, InviteForm, RoleForm, role_choices
from nexnotify.web.admin.sign_in import idle_time
from nexnotify.words import N_

bp = Blueprint("admin_staff", __name__)
bp.before_request(staff_guard)


@bp.get("")
@requires("admin")
def index() -> ResponseReturnValue:
    """Who belongs to the store, and who is invited."""
    form = InviteForm(formdata=None)
    form.role.choices = role_choices(roles_given_by(the_membership().role))
    return _page(form)


def _page(form: InviteForm) -> str:
    now = utcnow()
    return render_template(
        "admin/staff/index.html",
        people=people_of(current_store()),
        invitations=open_invitations(current_store()),
        form=form,
        roles=ROLE_NAMES,
        mine=the_membership(),
        may_give=roles_given_by(the_membership().role),
        now=now,
    )


# --- invitations ---------------------------------------------------------------------------------------------------


@bp.post("/invitations")
@requires("admin", fresh=True)
def add() -> ResponseReturnValue:
    """Invite somebody. The answer shows the link, this once: only its hash is kept."""
    form = InviteForm()
    form.role.choices = role_choices(roles_given_by(the_membership().role))
    if not form.validate():
        return _page(form), 422
    now = utcnow()
    try:
        with transaction():
            invitation, token = invite(the_membership(), form.email.data, form.role.data, now)
            audit(
                current_store(), "invitation.made", current_user.id, now, email=invitation.email, role=invitation.role
            )
    except Invalid as error:
        put_errors(form, error.fields)
        return _page(form), 422
    return _link_page(invitation, token)


@bp.post("/invitations/<int:invitation_id>/resend")
@requires("admin", fresh=True)
def resend(invitation_id: int) -> ResponseReturnValue:
    """A new link in the place of the one before."""
    load(Invitation, invitation_id)
    now = utcnow()
    with transaction():
        invitation = load(Invitation, invitation_id, lock=True)
        token = invite_again(the_membership(), invitation, now)
        audit(current_store(), "invitation.sent_again", current_user.id, now, email=invitation.email)
    return _link_page(invitation, token)


@bp.post("/invitations/<int:invitation_id>/withdraw")
@requires("admin", fresh=True)
def take_back(invitation_id: int) -> ResponseReturnValue:
    """End an invitation; its link is dead."""
    load(Invitation, invitation_id)
    now = utcnow()
    with transaction():
        invitation = load(Invitation, invitation_id, lock=True)
        withdraw(the_membership(), invitation, now)
        audit(current_store(), "invitation.withdrawn", current_user.id, now, email=invitation.email)
    flash(N_("The invitation of %(email)s is withdrawn; its link opens nothing.", email=invitation.email), "success")
    return redirect(url_for(".index"))


def _link_page(invitation: Invitation, token: str) -> ResponseReturnValue:
    store, link = current_store(), public_address(url_for("doors.join", token=token))
    gateway, problem = real_sender(store), ""
    if gateway is not None:
        body = N_(
            "%(email)s invites you to work on %(name)s.\n\nOpen this link within seven days:\n%(link)s\n\nIt is for %(email2)s and works once. If you expected nothing of the kind, do nothing.",
            email=current_user.email,
            name=store.name,
            link=link,
            email2=invitation.email,
        )
        problem = send_letter(gateway, invitation.email, N_("Join %(name)s", name=store.name), body)
    page = render_template(
        "admin/staff/invited.html",
        invitation=invitation,
        link=link,
        sent=gateway is not None and not problem,
        problem=problem,
        roles=ROLE_NAMES,
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return answer


# --- people --------------------------------------------------------------------------------------------------------


@bp.get("/<int:membership_id>")
@requires("admin")
def person(membership_id: int) -> ResponseReturnValue:
    """One person, and what can be done about them."""
    return _person_page(load(Membership, membership_id), None)


def _person_page(target: Membership, form: RoleForm | None) -> str:
    now, may_give = utcnow(), roles_given_by(the_membership().role)
    if form is None:
        form = RoleForm(formdata=None, data={"role": target.role})
        form.role.choices = role_choices(may_give)
    locked = [until for kind, who in guesses.doors_of(target.user) if (until := guesses.closed_until(kind, who, now))]
    return render_template(
        "admin/staff/person.html",
        target=target,
        form=form,
        may_change=target.role in may_give,
        mine=the_membership(),
        sessions=len(sessions_of(target.user, idle_time(current_app), now)),
        locked_until=max(locked, default=None),
        roles=ROLE_NAMES,
    )


@bp.post("/<int:membership_id>/role")
@requires("admin", fresh=True)
def set_role(membership_id: int) -> ResponseReturnValue:
    """Another role, from their next click on."""
    target = load(Membership, membership_id)
    form = RoleForm()
    form.role.choices = role_choices(roles_given_by(the_membership().role))
    if not form.validate():
        return _person_page(target, form), 422
    now = utcnow()
    with transaction():
        target = load(Membership, membership_id, lock=True)
        before = change_role(the_membership(), target, form.role.data, now)
        if before:
            changed = {"role": [before, target.role]}
            audit(
                current_store(), "person.role_changed", current_user.id, now, email=target.user.email, changed=changed
            )
    flash(
        N_("%(email)s is %(role)s now.", email=target.user.email, role=ROLE_NAMES[target.role].lower())
        if before
        else N_("Nothing changed."),
        "success",
    )
    return redirect(url_for(".index" if target.id != the_membership().id else "admin.index"))


@bp.post("/<int:membership_id>/remove")
@requires("admin", fresh=True)
def remove(membership_id: int) -> ResponseReturnValue:
    """End somebody's access to the store, at once."""
    load(Membership, membership_id)
    now = utcnow()
    with transaction():
        target = load(Membership, membership_id, lock=True)
        email, role = target.user.email, target.role
        remove_person(the_membership(), target, now)
        audit(current_store(), "person.removed", current_user.id, now, email=email, role=role)
    flash(N_("%(email)s does not belong to %(name)s any more.", email=email, name=current_store().name), "success")
    return redirect(url_for(".index" if membership_id != the_membership().id else "admin.index"))


@bp.post("/<int:membership_id>/end-sessions")
@requires("owner", fresh=True)
def end_all_sessions(membership_id: int) -> ResponseReturnValue:
    """Sign somebody out everywhere."""
    target = load(Membership, membership_id)
    now = utcnow()
    with transaction():
        count = end_sessions(target.user)
        audit_person(target.user, "session.all_ended", current_user.id, now, count=count)
    flash(N_("%(email)s is signed out everywhere.", email=target.user.email), "success")
    return redirect(url_for(".person", membership_id=membership_id))


@bp.post("/<int:membership_id>/second-factor/off")
@requires("owner", fresh=True)
def second_factor_off(membership_id: int) -> ResponseReturnValue:
    """Let somebody in by password alone who has lost phone and recovery codes. It signs them out everywhere."""
    target = load(Membership, membership_id)
    now = utcnow()
    with transaction():
        done = take_second_factor(the_membership(), target)
        if done:
            audit_person(target.user, "second_factor.switched_off", current_user.id, now)
    email = target.user.email
    said = (
        N_("%(email)s is signed out everywhere, and has no second factor any more.", email=email)
        if done
        else N_("%(email)s has no second factor.", email=email)
    )
    flash(said, "success")
    return redirect(url_for(".person", membership_id=membership_id))


@bp.post("/<int:membership_id>/unlock")
@requires("owner", fresh=True)
def unlock(membership_id: int) -> ResponseReturnValue:
    """Let somebody try again who typed too many wrong passwords or codes."""
    target = load(Membership, membership_id)
    now = utcnow()
    with transaction():
        done = [guesses.forget(kind, who) for kind, who in guesses.doors_of(target.user)]
        if any(done):
            audit_person(target.user, "sign_in.unlocked", current_user.id, now)
    flash(N_("%(email)s can sign in again.", email=target.user.email), "success")
    return redirect(url_for(".person", membership_id=membership_id))


# --- what signing in needs -----------------------------------------------------------------------------------------


@bp.post("/second-factor")
@requires("owner", fresh=True)
def require_second_factor() -> ResponseReturnValue:
    """Ask everybody of the store for a second factor, or not any more."""
    wanted = request.form.get("required") == "on"
    if wanted and not current_user.has_second_factor:
        raise Conflict(N_("Set your own second factor up first, under Your account: or this would shut you out too."))
    now = utcnow()
    with transaction():
        store = db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)
        if store.second_factor_required != wanted:
            changed = {"second_factor_required": [store.second_factor_required, wanted]}
            store.second_factor_required = wanted
            audit(store, "settings.changed", current_user.id, now, changed=changed)
    flash(
        N_("Everybody needs a second factor now.") if wanted else N_("A second factor is everybody's own choice."),
        "success",
    )
    return redirect(url_for(".index"))
