"""Sign-in by Flask-Security, the store a person works in, and what their role allows."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, g, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_security import RoleMixin, Security, SQLAlchemyUserDatastore, auth_required, current_user
from flask_wtf import CSRFProtect

from nexnotify.db import db
from nexnotify.errors import Forbidden
from nexnotify.stores.models import ROLES, Membership, StaffUser, Store
from nexnotify.stores.service import memberships_of

csrf = CSRFProtect()


class _NoRoles(RoleMixin):
    """Flask-Security asks for a class of global roles; ours belong to memberships."""


def init_access(app: Flask) -> None:
    """Set Flask-Security up: sign-in and sign-out only; people are added by staff."""
    app.config.update(
        # Argon2 salts by itself; a salt made from the secret keys would end with their rotation.
        SECURITY_PASSWORD_SINGLE_HASH=True,
        SECURITY_PASSWORD_SALT="not used",  # noqa: S106
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of a method
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_URL_PREFIX="/admin",
        SECURITY_POST_LOGIN_VIEW="/admin",
        SECURITY_POST_LOGOUT_VIEW="/admin/login",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_SEND_REGISTER_EMAIL=False,
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False, "test_environment": True},
        SECURITY_CSRF_PROTECT_MECHANISMS=["session", "basic"],
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
    )
    csrf.init_app(app)
    Security(app, SQLAlchemyUserDatastore(db, StaffUser, _NoRoles))


def staff_guard() -> ResponseReturnValue | None:
    """Signed in, and a member of the store they work in; puts store and membership into ``g``."""
    csrf.protect()
    answer: Any = auth_required("session")(lambda: None)()
    if answer is not None:
        return answer
    mine = memberships_of(current_user.id)
    if not mine:
        raise Forbidden("You do not belong to any store any more. Ask its owner to add you again.")
    chosen = session.get("store_id")
    membership = next((item for item in mine if item.store_id == chosen), mine[0])
    g.membership, g.memberships, g.store = membership, mine, membership.store
    return None


def the_membership() -> Membership:
    """The membership that the guard found."""
    membership: Membership = g.membership
    return membership


def may(role: str) -> bool:
    """Whether the person's role in this store is at least ``role``."""
    return ROLES.index(the_membership().role) <= ROLES.index(role)


def require(role: str) -> None:
    """Refuse a person whose role is weaker.

    :raises Forbidden: with what they would need.
    """
    if not may(role):
        raise Forbidden(f"Only people with the role {role} or higher can do that. Ask an owner of {g.store.name}.")


def switch_store(store_id: int) -> ResponseReturnValue:
    """Work in another of one's stores; 404 for a foreign one."""
    if not any(item.store_id == store_id for item in g.memberships):
        abort(404)
    session["store_id"] = store_id
    return redirect(url_for("admin.index"))  # the page they came from may show what this store does not have


def current_store() -> Store:
    """The store of this request."""
    store: Store = g.store
    return store
