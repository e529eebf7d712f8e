"""The store a person works in, what their role allows, and what their password is asked again for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import abort, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_security import auth_required, check_and_update_authn_fresh, current_user, url_for_security

from nexnotify.clock import utcnow
from nexnotify.errors import Forbidden
from nexnotify.stores.models import ROLES, Membership, Store
from nexnotify.stores.service import memberships_of
from nexnotify.web.admin.sign_in import FRESH, confirm_password, csrf
from nexnotify.web.languages import speak_of
from nexnotify.words import N_

View = Callable[..., ResponseReturnValue]

#: Weakest roles that may see whole addresses, and take them away. Both are written into the audit trail.
MAY_REVEAL, MAY_EXPORT = "staff", "admin"
#: Blueprints that stay open to those who still have to set a second factor up.
_SET_UP_IN = {"admin_account"}
#: The field of a password that is typed once more, beside the fields of the form it is asked for.
CONFIRMED = "nx-confirm-password"


def staff_guard() -> ResponseReturnValue | None:
    """Signed in, and a member of the store they work in; puts store and membership into ``g``."""
    csrf.protect()
    answer: Any = auth_required("session")(lambda: None)()
    if answer is not None:
        if "HX-Request" in request.headers:  # a part of a page cannot become the sign-in: the page has to
            return "", 401, {"HX-Redirect": url_for_security("login")}
        return answer
    mine = memberships_of(current_user.id)
    if not mine:
        raise Forbidden(N_("You do not belong to any store any more. Ask its owner to add you again."))
    chosen = session.get("store_id")
    membership = next((item for item in mine if item.store_id == chosen), mine[0])
    g.membership, g.memberships = membership, mine
    speak_of(membership.store)
    if lacks_second_factor() and request.blueprint not in _SET_UP_IN and request.endpoint != "admin.change_store":
        flash(N_("%(name)s asks its people for a second factor. Set yours up to go on.", name=g.store.name), "warning")
        return redirect(url_for("admin_account.second_factor"))
    return None


def lacks_second_factor() -> bool:
    """Whether the store asks for a second factor that the person does not have yet."""
    return bool(current_store().second_factor_required and not current_user.has_second_factor)


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
        raise Forbidden(
            N_(
                "Only people with the role %(role)s or higher can do that. Ask an owner of %(name)s.",
                role=role,
                name=g.store.name,
            )
        )


def requires(role: str, *, fresh: bool = False) -> Callable[[View], View]:
    """A view for people of ``role`` or a stronger one; ``fresh`` adds :func:`fresh_required`."""

    def decorate(view: View) -> View:
        inner = fresh_required(view) if fresh else view

        @wraps(inner)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            require(role)
            return inner(*args, **kwargs)

        guarded.required_role = role  # type: ignore[attr-defined]
        return guarded

    return decorate


def fresh_required(view: View) -> View:
    """A view before which the password is asked again, unless it was typed in the last 15 minutes.

    Put it below the route, in a blueprint that ``staff_guard`` guards; where a role is asked for, say
    ``@requires("admin", fresh=True)`` instead.

    A page (GET) is shown after the password was typed. A form (POST) comes back as a page that asks for the password
    and carries what was filled in along: with the right one it is done, in one go. Files are not carried, so guard the
    page with such a form too. Guard the page before a download too, so that the password is asked there.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if check_and_update_authn_fresh(FRESH, FRESH):
            return view(*args, **kwargs)
        if request.method in ("GET", "HEAD"):
            return redirect(url_for_security("verify", next=request.full_path.rstrip("?")))
        typed = request.form.get(CONFIRMED)
        verdict = confirm_password(current_user, typed) if typed else None
        if verdict and verdict.right:
            session["fs_paa"] = utcnow().timestamp()
            return view(*args, **kwargs)
        wrong = verdict.wait or N_("That is not your password.") if verdict else ""
        return _ask_password(wrong)

    guarded.fresh = True  # type: ignore[attr-defined]
    return guarded


def _ask_password(wrong: str) -> ResponseReturnValue:
    """The page between a form that was sent and what it does."""
    carried = [item for item in request.form.items(multi=True) if item[0] not in (CONFIRMED, "csrf_token")]
    page = render_template("security/confirm.html", carried=carried, wrong=wrong, name=CONFIRMED)
    answer = make_response(page, 401)
    answer.headers["Cache-Control"] = "no-store"  # it holds what was typed
    return answer


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
