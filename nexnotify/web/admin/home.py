"""The start page, the lists that its numbers lead to, and the change of store."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.clock import to_local, utcnow
from nexnotify.customers.models import ConsentEntry, Contact
from nexnotify.db import db, transaction
from nexnotify.inventory.service import status_of
from nexnotify.reports.dashboard import figures
from nexnotify.reports.dashboard.days import Period, change_in_percent, period_until
from nexnotify.reports.dashboard.restocks import latest_restocks
from nexnotify.reports.dashboard.steps import first_steps
from nexnotify.reports.dashboard.trouble import Trouble, troubles
from nexnotify.reports.dashboard.wanted import most_wanted
from nexnotify.reports.storefront_code import recovered_of, views_since
from nexnotify.reports.widget import widget_seen
from nexnotify.stores.models import Membership
from nexnotify.stores.service import audit
from nexnotify.waitlist.models import AlertRequest
from nexnotify.web.admin.access import current_store, staff_guard, switch_store, the_membership
from nexnotify.web.admin.filters import since
from nexnotify.web.admin.paging import few, keyset
from nexnotify.web.admin.plots import plots
from nexnotify.words import N_

bp = Blueprint("admin", __name__)
bp.before_request(staff_guard)

#: Days that can be looked at; the first is what is shown unasked.
PERIODS = (30, 7, 90)
#: Rows of the two lists.
MOST_WANTED, LATEST = 6, 5

#: Where a trouble is mended: place → (words, endpoint, arguments).
_MEND: dict[str, tuple[str, str, dict[str, Any]]] = {
    "gateway": (N_("Look at the gateway"), "admin_gateways.edit", {}),
    "gateways": (N_("Add a gateway"), "admin_gateways.index", {}),
    "uncertain": (N_("See them"), "admin_messages.index", {"status": "uncertain"}),
    "failed": (N_("See them"), "admin_messages.index", {"status": "failed"}),
    "queue": (N_("See them"), "admin_messages.index", {"status": "queued"}),
    "settings": (N_("Settings"), "admin_settings.index", {}),
    "alerts": (N_("Alert subscriptions"), "admin_alerts.index", {}),
    "widget": (N_("Set it up"), "admin_widget.index", {}),
    "products": (N_("See your products"), "admin_products.index", {}),
    "restocks": (N_("See your restocks"), "admin_restocks.index", {}),
    "waitlist": (N_("See the waitlist"), "admin_waitlist.index", {}),
}
#: Where a first step is done: step → (words, endpoint).
_STEPS = {
    "products": (N_("Products"), "admin_products.index"),
    "stock": (N_("Products"), "admin_products.index"),
    "gateway": (N_("Gateways"), "admin_gateways.index"),
    "test": (N_("Gateways"), "admin_gateways.index"),
    "widget": (N_("Widget"), "admin_widget.index"),
    "pages": (N_("Settings"), "admin_settings.index"),
    "second_factor": (N_("Your sign-in"), "admin_account.second_factor"),
}


@bp.get("")
@bp.get("/")
def index() -> ResponseReturnValue:
    """How the store does: what needs somebody, how many wait, what went out, what comes next."""
    store, now = current_store(), utcnow()
    period = asked_period()
    sums = figures.sums(store.id, period)
    requests, messages, other = figures.requests(sums), figures.messages(sums), figures.opt_outs_and_restocks(sums)
    seen = widget_seen(store)
    steps = first_steps(store, current_user, seen)
    return render_template(
        "admin/home/index.html",
        today=to_local(now, store.zone),
        days=len(period.days),
        periods=sorted(PERIODS),
        troubles=[(trouble, _mend(trouble)) for trouble in troubles(store, messages, seen, now)],
        waiting=figures.waiting(store.id, period, sums.total.alerts),
        requests=requests,
        messages=messages,
        opt_outs=figures.opt_outs(sums),
        percent=change_in_percent,
        # A period in which nothing happened has nothing to plot; a new store's first steps then stand first.
        is_quiet=not (requests.asked.now or sum(messages.daily.totals.values()) or sum(other.totals.values())),
        total=sums.total,
        views=views_since(store, period.days[0].date),
        recovered=recovered_of(store, sums.total),
        plots=plots(requests.daily, messages.daily, other),
        wanted=most_wanted(store.id, MOST_WANTED),
        status_of=status_of,
        restocks=latest_restocks(store.id, LATEST),
        steps=[(step, *_step_link(step.key)) for step in steps],
        steps_done=sum(step.done for step in steps),
        steps_hidden=the_membership().steps_hidden_at is not None,
    )


def asked_period() -> Period:
    """The period that the address names, in the store's days."""
    days = request.args.get("days", PERIODS[0], type=int)
    return period_until(utcnow(), current_store().zone, days if days in PERIODS else PERIODS[0])


def _mend(trouble: Trouble) -> tuple[str, str]:
    words, endpoint, arguments = _MEND[trouble.place]
    if trouble.gateway_id is not None:
        return words, url_for(endpoint, gateway_id=trouble.gateway_id)
    return words, url_for(endpoint, **arguments)


def _step_link(key: str) -> tuple[str, str]:
    words, endpoint = _STEPS[key]
    return words, url_for(endpoint)


# --- first steps ---------------------------------------------------------------------------------------------------


@bp.post("/first-steps/hide")
def hide_steps() -> ResponseReturnValue:
    """Put the first steps away, for this person."""
    return _set_steps(hidden=True)


@bp.post("/first-steps/show")
def show_steps() -> ResponseReturnValue:
    """Bring them back."""
    return _set_steps(hidden=False)


def _set_steps(*, hidden: bool) -> ResponseReturnValue:
    now = utcnow()
    with transaction():
        membership = db.session.get_one(Membership, the_membership().id, with_for_update=True, populate_existing=True)
        if hidden != (membership.steps_hidden_at is not None):
            membership.steps_hidden_at = now if hidden else None
            audit(current_store(), f"first_steps.{'hidden' if hidden else 'shown'}", current_user.id, now)
    return redirect(url_for("admin.index") + ("" if hidden else "#first-steps"))


# --- what the numbers lead to --------------------------------------------------------------------------------------


@bp.get("/requests", endpoint="requests")
def asked() -> ResponseReturnValue:
    """Who asked in the period, newest first."""
    store, period = current_store(), asked_period()
    shown: Any = (
        sa.select(AlertRequest, Contact, Variant)
        .options(joinedload(Variant.product))
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
    )
    recent = since(AlertRequest, AlertRequest.created_at, period.since)
    page = keyset(shown, sa.select(AlertRequest.id).where(AlertRequest.store_id == store.id, *recent))
    return render_template("admin/home/requests.html", page=page, days=len(period.days), periods=sorted(PERIODS))


@bp.get("/opt-outs", endpoint="opt_outs")
def opted_out() -> ResponseReturnValue:
    """Who said STOP in the period, each with the last time they did."""
    store, period = current_store(), asked_period()
    last = (
        sa.select(sa.func.max(ConsentEntry.id))
        .where(ConsentEntry.store_id == store.id, figures.REVOKED, ConsentEntry.at >= period.since)
        .group_by(ConsentEntry.contact_id)
    )
    shown: Any = sa.select(ConsentEntry, Contact).join(
        Contact, sa.and_(Contact.store_id == ConsentEntry.store_id, Contact.id == ConsentEntry.contact_id)
    )
    page = keyset(shown, few(ConsentEntry, last))
    return render_template("admin/home/opt_outs.html", page=page, days=len(period.days), periods=sorted(PERIODS))


@bp.post("/store/<int:store_id>")
def change_store(store_id: int) -> ResponseReturnValue:
    """Work in another of one's stores."""
    return switch_store(store_id)
