"""A store's people: invited, joined, given a role, removed; and their passwords."""

from __future__ import annotations

import secrets as stdlib_secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_security import lookup_identity

from nexnotify.db import db
from nexnotify.errors import Conflict, Forbidden, Invalid
from nexnotify.secrets import token_hash
from nexnotify.stores.models import ROLES, Invitation, Membership, StaffUser, Store
from nexnotify.stores.service import audit, check_password, create_user, hashed, membership_of, memberships_of
from nexnotify.stores.sessions import end_sessions
from nexnotify.stores.views import forget_views
from nexnotify.words import N_

INVITED_FOR = timedelta(days=7)


# --- rules ---------------------------------------------------------------------------------------------------------


def roles_given_by(role: str) -> tuple[str, ...]:
    """The roles that somebody of ``role`` may give and take: an admin's end below owner."""
    return {"owner": ROLES, "admin": ROLES[1:]}.get(role, ())


def _check_may_change(actor: Membership, target: Membership, role: str | None) -> None:
    """Whether ``actor`` may give ``target`` another role, or with None remove them."""
    may = roles_given_by(actor.role)
    if target.role not in may or (role is not None and role not in may):
        raise Forbidden(N_("Only an owner can change, remove or make an owner."))
    if actor.id == target.id and role is not None and ROLES.index(role) < ROLES.index(actor.role):
        raise Forbidden(N_("Nobody can raise their own role."))


# --- people --------------------------------------------------------------------------------------------------------


def find_person(email: str) -> StaffUser | None:
    """The staff user with this email, however it is spelled: the one that signing in with it finds."""
    found = lookup_identity(email.strip())
    return found if isinstance(found, StaffUser) else None


def people_of(store: Store) -> Sequence[Membership]:
    """The store's people, strongest role first."""
    statement = sa.select(Membership).join(StaffUser).where(Membership.store_id == store.id)
    found = db.session.scalars(statement.order_by(StaffUser.email)).all()
    return sorted(found, key=lambda item: ROLES.index(item.role))


def audit_person(user: StaffUser, action: str, user_id: int | None, now: datetime, **detail: Any) -> None:
    """Write down what happened to a person's account, in each store they belong to."""
    whose = {} if user_id == user.id else {"email": user.email}
    for membership in memberships_of(user.id):
        audit(membership.store, action, user_id, now, **whose, **detail)


def set_password(user: StaffUser, password: str) -> None:
    """Give a person a new password. Links for setting one that are still around are dead from now on.

    :raises Invalid: it cannot be one.
    """
    check_password(password, user.email)
    user.password = hashed(password)
    user.fs_uniquifier = stdlib_secrets.token_hex(32)
    db.session.flush()


def switch_second_factor_off(user: StaffUser) -> None:
    """Let the password alone open the account again; recovery codes are dead."""
    user.tf_primary_method = user.tf_totp_secret = user.mf_recovery_codes = None
    db.session.flush()


def take_second_factor(actor: Membership, target: Membership) -> bool:
    """Switch another person's second factor off, by an owner, and end their sessions; whether they had one.

    :raises Conflict: it is the actor's own.
    :raises Forbidden: the person belongs to a store that the actor does not own: its door would be weaker too.
    """
    if actor.user_id == target.user_id:
        raise Conflict(N_("Your own second factor is switched off under Your account."))
    own = {item.store_id for item in memberships_of(actor.user_id) if item.role == "owner"}
    if not own.issuperset(item.store_id for item in memberships_of(target.user_id)):
        raise Forbidden(
            N_(
                "%(email)s also belongs to a store that you do not own. Whoever runs this installation can switch their second factor off, with `nexnotify user password --second-factor-off`.",
                email=target.user.email,
            )
        )
    user = db.session.get_one(StaffUser, target.user_id, with_for_update=True, populate_existing=True)
    if not user.has_second_factor:
        return False
    switch_second_factor_off(user)
    end_sessions(user)
    return True


def change_role(actor: Membership, target: Membership, role: str, now: datetime) -> str | None:
    """Give a person of the store another role; the one before, or None where nothing changed.

    :raises Forbidden: the actor may not.
    :raises Conflict: no owner would be left.
    """
    _lock_people(actor)
    _check_may_change(actor, target, role)
    before = target.role
    if before == role:
        return None
    _check_an_owner_stays(target)
    target.role = role
    if ROLES.index(role) > ROLES.index(before):
        _withdraw_all_by(target, now)
    db.session.flush()
    return before


def remove_person(actor: Membership, target: Membership, now: datetime) -> None:
    """End a person's membership. Their sessions open nothing of the store from now on, nor do links they gave out.

    :raises Forbidden: the actor may not.
    :raises Conflict: no owner would be left.
    """
    _lock_people(actor)
    _check_may_change(actor, target, None)
    _check_an_owner_stays(target)
    _withdraw_all_by(target, now)
    forget_views(target)
    user = target.user
    db.session.delete(target)
    db.session.flush()
    if not memberships_of(user.id):
        end_sessions(user)


def _lock_people(actor: Membership) -> None:
    """One change of a store's people at a time, or two owners who remove each other would both succeed.

    :raises Forbidden: the actor was removed a moment ago.
    """
    db.session.get_one(Store, actor.store_id, with_for_update=True)
    mine = sa.select(Membership).where(Membership.store_id == actor.store_id)
    people = db.session.scalars(mine.execution_options(populate_existing=True)).all()
    if actor not in people:
        raise Forbidden(N_("You do not belong to this store any more."))


def _check_an_owner_stays(target: Membership) -> None:
    others = sa.select(Membership.id).where(
        Membership.store_id == target.store_id, Membership.role == "owner", Membership.id != target.id
    )
    if target.role == "owner" and db.session.scalar(others.limit(1)) is None:
        raise Conflict(N_("A store needs an owner. Make somebody else an owner first."))


# --- invitations ---------------------------------------------------------------------------------------------------


def invite(actor: Membership, email: str, role: str, now: datetime) -> tuple[Invitation, str]:
    """Offer an email address a role in the actor's store.

    :returns: the row, and the token of its link, which is kept nowhere.
    :raises Forbidden: the actor may not give that role.
    :raises Invalid: they belong to the store, or are invited.
    """
    if role not in roles_given_by(actor.role):
        raise Forbidden(N_("Only an owner can invite an owner."))
    _lock_people(actor)
    person = find_person(email)
    if person and membership_of(person.id, actor.store_id):
        raise Invalid("", fields={"email": N_("%(email)s belongs to this store already.", email=email)})
    if any(item.email == email for item in open_invitations(actor.store)):
        raise Invalid(
            "", fields={"email": N_("%(email)s is invited already. Send that invitation again.", email=email)}
        )
    token = stdlib_secrets.token_urlsafe(32)
    invitation = Invitation(
        store_id=actor.store_id,
        email=email,
        role=role,
        hash=token_hash(token),
        invited_by=actor.user_id,
        created_at=now,
        expires_at=now + INVITED_FOR,
    )
    db.session.add(invitation)
    db.session.flush()
    return invitation, token


def invite_again(actor: Membership, invitation: Invitation, now: datetime) -> str:
    """A new link for an invitation; the one before is dead. Answers the link's token."""
    _check_may_touch(actor, invitation)
    token = stdlib_secrets.token_urlsafe(32)
    invitation.hash, invitation.expires_at = token_hash(token), now + INVITED_FOR
    invitation.invited_by = actor.user_id
    db.session.flush()
    return token


def withdraw(actor: Membership, invitation: Invitation, now: datetime) -> None:
    """End an invitation; its link is dead."""
    _check_may_touch(actor, invitation)
    invitation.ended_at = now
    db.session.flush()


def _check_may_touch(actor: Membership, invitation: Invitation) -> None:
    if invitation.role not in roles_given_by(actor.role):
        raise Forbidden(N_("Only an owner can do that with an owner's invitation."))
    if invitation.ended_at is not None:
        raise Conflict(N_("That invitation was accepted or withdrawn meanwhile."))


def open_invitations(store: Store) -> Sequence[Invitation]:
    """What is offered and not yet accepted or withdrawn, oldest first; late ones too, for they can be sent again."""
    statement = sa.select(Invitation).where(Invitation.store_id == store.id, Invitation.ended_at.is_(None))
    return db.session.scalars(statement.order_by(Invitation.id)).all()


def find_invitation(token: str, now: datetime, *, lock: bool = False) -> Invitation | None:
    """The invitation behind a link that still counts."""
    statement = sa.select(Invitation).where(
        Invitation.hash == token_hash(token), Invitation.ended_at.is_(None), Invitation.expires_at > now
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(statement)


def accept(invitation: Invitation, password: str, now: datetime) -> StaffUser:
    """Join the store with a new account; the link is dead from now on.

    :param invitation: locked, see :func:`find_invitation`.
    :raises Invalid: it cannot be a password.
    :raises Conflict: the email has an account: whoever holds the link must sign in to it first.
    """
    if find_person(invitation.email):
        raise Conflict(
            N_("%(email)s has an account already. Sign in to it and open the invitation again.", email=invitation.email)
        )
    return _join(invitation, password, now)


def accept_as(user: StaffUser, invitation: Invitation, now: datetime) -> None:
    """Join the store as somebody who has an account and is signed in; the link is dead from now on.

    :param invitation: locked, see :func:`find_invitation`.
    :raises Forbidden: it is for another email.
    :raises Conflict: they belong to the store already.
    """
    if user != find_person(invitation.email):
        raise Forbidden(N_("This invitation is for %(email)s.", email=invitation.email))
    _join(invitation, "", now)


def _join(invitation: Invitation, password: str, now: datetime) -> StaffUser:
    user = create_user(invitation.store, invitation.email, password, invitation.role, now)
    invitation.ended_at = now
    audit(invitation.store, "person.joined", user.id, now, role=invitation.role)
    db.session.flush()
    return user


def _withdraw_all_by(target: Membership, now: datetime) -> None:
    """Whoever leaves or is given a weaker role must not stay, or come back, through links they gave out."""
    mine = (Invitation.store_id == target.store_id, Invitation.invited_by == target.user_id)
    db.session.execute(sa.update(Invitation).where(*mine, Invitation.ended_at.is_(None)).values(ended_at=now))
