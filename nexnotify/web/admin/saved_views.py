"""Saved views of lists: tabs above each, and the pages on which they are named, shared and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Length

from nexnotify.clock import utcnow
from nexnotify.db import transaction
from nexnotify.errors import Conflict, Invalid
from nexnotify.stores.models import SavedView
from nexnotify.stores.service import audit
from nexnotify.stores.views import LONGEST_NAME, change_view, delete_view, save_view, views_of
from nexnotify.web.admin.access import current_store, may, requires, staff_guard
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.loading import load
from nexnotify.words import N_

bp = Blueprint("admin_views", __name__)
bp.before_request(staff_guard)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that has views."""

    title: str
    endpoint: str
    #: Parts of its address that a view keeps. What was searched for in lists of people may be somebody's address: never.
    kept: tuple[str, ...]


LISTS: Mapping[str, Listed] = {
    "customers": Listed(N_("Customers"), "admin_customers.index", ("opt_in", "sort")),
    "orders": Listed(N_("Orders"), "admin_orders.index", ("status", "placed", "sort")),
    "tickets": Listed(N_("Tickets"), "admin_tickets.index", ("opened", "sort")),
    "messages": Listed(N_("Messages"), "admin_messages.index", ("status", "kind", "made")),
    "sends": Listed(N_("Sends"), "admin_sends.index", ("state",)),
    "waitlist": Listed(N_("Waitlist"), "admin_waitlist.index", ("q",)),
    "restocks": Listed(N_("Restocks"), "admin_restocks.index", ("q",)),
    "products": Listed(N_("Products"), "admin_products.index", ("q",)),
    "audit": Listed(N_("Audit trail"), "admin_settings.audit_trail", ("kind", "person", "made")),
}


class ViewForm(FlaskForm):
    """A view's name, and whose it is."""

    name = StringField(
        N_("Name"),
        [
            InputRequired(N_("Give it a name.")),
            Length(max=LONGEST_NAME, message=N_("%(longest_name)s characters is the most.", longest_name=LONGEST_NAME)),
        ],
    )
    shared = BooleanField(N_("Share it with everybody of the store"))


@dataclass(frozen=True, slots=True)
class Tab:
    """A view above its list."""

    label: str
    url: str
    current: bool
    view: SavedView | None


@dataclass(frozen=True, slots=True)
class Tabs:
    """The views of a list as it is looked at."""

    tabs: list[Tab]
    #: Where the filter that is looked at is saved; None: it is one of the views, or there is nothing to keep.
    save_url: str | None
    #: Where the view that is looked at is changed, by those who may.
    change_url: str | None


def view_tabs(name: str) -> Tabs:
    """What stands above the list of this name."""
    here = _kept(name, request.args)
    shown = [
        Tab(view.name, _address(name, view.query), _kept(name, view.query) == here, view)
        for view in views_of(current_store().id, current_user.id, name)
    ]
    current = next((tab.view for tab in shown if tab.current and tab.view), None)
    everything = Tab(N_("All"), url_for(LISTS[name].endpoint), not here, None)
    save = here and current is None and may("staff")
    return Tabs(
        [everything, *shown],
        _url("admin_views.new", {"list_name": name, **here}) if save else None,
        url_for("admin_views.view", saved_view_id=current.id) if current and may("staff") else None,
    )


def _kept(name: str, given: Mapping[str, Any]) -> dict[str, str]:
    found = {key: str(given.get(key, "")).strip()[:254] for key in LISTS[name].kept}
    return {key: value for key, value in found.items() if value}


def _address(name: str, query: Mapping[str, Any]) -> str:
    return _url(LISTS[name].endpoint, _kept(name, query))


def _url(endpoint: str, values: Mapping[str, Any]) -> str:
    return url_for(endpoint, **values)


@bp.route("/new/<list_name>", methods=["GET", "POST"])
@requires("staff")
def new(list_name: str) -> ResponseReturnValue:
    """Name the filter that the address tells."""
    if list_name not in LISTS:
        abort(404)
    query, form, now = _kept(list_name, request.args), ViewForm(), utcnow()
    back = _address(list_name, query)
    if request.method == "GET":
        return _page(form, list_name, back)
    if not query:
        flash(N_("There was no filter to save."), "warning")
        return redirect(back)
    if not form.validate():
        return _page(form, list_name, back), 422
    try:
        with transaction():
            view = save_view(current_store(), current_user.id, list_name, form.name.data, query, form.shared.data, now)
            audit(current_store(), "view.saved", current_user.id, now, **_told(view))
    except (Invalid, Conflict) as error:
        return _refused(form, list_name, back, error)
    flash(N_("Saved: %(name)s.", name=view.name), "success")
    return redirect(back)


@bp.route("/<int:saved_view_id>", methods=["GET", "POST"])
@requires("staff")
def view(saved_view_id: int) -> ResponseReturnValue:
    """Rename a view, share it or take it back."""
    item, now = _load(saved_view_id), utcnow()
    form, back = ViewForm(data={"name": item.name, "shared": item.shared}), _address(item.list, item.query)
    if request.method == "GET":
        return _page(form, item.list, back, item)
    if not form.validate():
        return _page(form, item.list, back, item), 422
    try:
        with transaction():
            item = _load(saved_view_id, lock=True)
            changed = change_view(item, form.name.data, form.shared.data)
            if changed:
                audit(current_store(), "view.changed", current_user.id, now, **_told(item), changed=changed)
    except Invalid as error:
        return _refused(form, item.list, back, error, _load(saved_view_id))
    flash(N_("Saved: %(name)s.", name=item.name) if changed else N_("Nothing was different."), "success")
    return redirect(back)


@bp.post("/<int:saved_view_id>/delete")
@requires("staff")
def delete(saved_view_id: int) -> ResponseReturnValue:
    """Delete a view; the rows it showed stay."""
    item, now = _load(saved_view_id), utcnow()
    with transaction():
        item = _load(saved_view_id, lock=True)
        audit(current_store(), "view.deleted", current_user.id, now, **_told(item))
        delete_view(item)
    flash(N_("Deleted: %(name)s.", name=item.name), "success")
    return redirect(url_for(LISTS[item.list].endpoint))


def _load(saved_view_id: int, *, lock: bool = False) -> SavedView:
    item = load(SavedView, saved_view_id, lock=lock)
    if item.user_id != current_user.id and not item.shared:
        abort(404)  # another person's own
    return item


def _told(item: SavedView) -> dict[str, Any]:
    return {"name": item.name, "list": LISTS[item.list].title, "shared": item.shared}


def _refused(
    form: ViewForm, list_name: str, back: str, error: Invalid | Conflict, item: SavedView | None = None
) -> ResponseReturnValue:
    if isinstance(error, Invalid):
        put_errors(form, error.fields)
    else:
        form.form_errors = [error.message]
    return _page(form, list_name, back, item), error.status


def _page(form: ViewForm, list_name: str, back: str, item: SavedView | None = None) -> str:
    return render_template("admin/views/view.html", form=form, listed=LISTS[list_name], back=back, view=item)
