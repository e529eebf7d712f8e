"""What came back into stock: the plan, what becomes of it, and what staff do with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from sqlalchemy.orm import joinedload

from nexnotify.campaigns.corrections import can_correct, correction_of
from nexnotify.catalog.models import Variant
from nexnotify.catalog.queries import ids_matching
from nexnotify.catalog.regions import place_names, places_of
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.ledger.planning.preview import Preview
from nexnotify.nudge import nudge
from nexnotify.reports.dashboard.restocks import found_by_check
from nexnotify.reports.holds import holds_of
from nexnotify.reports.lift import compared_at, on_page
from nexnotify.reports.outcomes import outcomes_of
from nexnotify.reports.plan import count_told, plan_summary, simulated, state_words, still_to_come, told_sheet
from nexnotify.restock import steering
from nexnotify.restock.models import BEFORE, OVER, RestockEvent
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import MAY_EXPORT, current_store, fresh_required, may, require, requires, staff_guard
from nexnotify.web.admin.filters import asked
from nexnotify.web.admin.live import BUSY, IDLE, live_page
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import few, keyset
from nexnotify.web.admin.restock_forms import CapForm, SimulationForm
from nexnotify.web.admin.workbooks import audited_workbook
from nexnotify.words import N_

bp = Blueprint("admin_restocks", __name__)
bp.before_request(staff_guard)

#: For how long restocks that no event told of are counted.
COUNTED_FOR = timedelta(days=30)
#: Weakest roles that may steer a restock, as for texts to many, and see some of its people.
MAY_STEER, MAY_SEE = "admin", "staff"
#: The page asks again and again, so it decides about fewer people than the API, and seldom.
MOST_LOOKED, SLOW = 4000, 10
_Verb = Callable[[RestockEvent, datetime], bool]
#: Button → (verb, entry of the audit trail, what is said when it is done).
DEEDS: dict[str, tuple[_Verb, str, str]] = {
    "now": (steering.send_now, "restock.sent_now", N_("It goes on at once.")),
    "hold": (steering.hold, "restock.held", N_("On hold: nobody more is told. What is queued already still goes.")),
    "go-on": (steering.go_on, "restock.went_on", N_("It goes on.")),
    "cancel": (
        steering.cancel,
        "restock.cancelled",
        N_("Cancelled: nobody was told, and everybody keeps their place."),
    ),
    "recall": (
        steering.recall,
        "restock.recalled",
        N_("Recalled: nothing more of it leaves. Below is how many had been told by then."),
    ),
}


@bp.get("")
def index() -> ResponseReturnValue:
    """Restocks, of a product where the address says so."""
    store, search = current_store(), asked("q")
    shown: Any = (
        sa.select(RestockEvent, Variant)
        .options(joinedload(Variant.product))
        .join(Variant, sa.and_(Variant.store_id == RestockEvent.store_id, Variant.id == RestockEvent.variant_id))
    )
    way = sa.select(RestockEvent.id).where(RestockEvent.store_id == store.id)
    if search:
        named = list(db.session.scalars(ids_matching(store, search)))
        way = few(RestockEvent, way.where(RestockEvent.variant_id.in_(named)))
    missed = found_by_check(store.id, utcnow() - COUNTED_FOR)
    page = keyset(shown, way)
    places = place_names(store.id, {event.region_id for event, _ in page.rows})
    return render_template("admin/restocks/index.html", page=page, places=places, q=search, missed=missed)


@bp.get("/<int:restock_id>")
def plan(restock_id: int) -> ResponseReturnValue:
    """One restock: who is told, in which waves, who is held back or left out, and why."""
    event = load(RestockEvent, restock_id)
    return _plan_page(event, CapForm(formdata=None, data={"most": event.most}))


def _plan_page(event: RestockEvent, form: CapForm) -> ResponseReturnValue:
    now, summary = utcnow(), plan_summary(event)
    to_come = still_to_come(event, now, MOST_LOOKED)
    seconds = int((event.work_at - now).total_seconds()) + 1 if event.work_at and event.work_at > now else 0
    pace = IDLE if event.state == "watching" else BUSY if 0 < seconds < 60 or not to_come else SLOW
    return live_page(
        "admin/restocks/plan.html",
        "admin/restocks/_plan.html",
        None if event.state in OVER else pace,
        event=event,
        place=place_names(event.store_id, {event.region_id}).get(event.region_id or 0),
        variant=load(Variant, event.variant_id, joinedload(Variant.product)),
        plan=summary,
        holds=holds_of(event),
        waves=[wave | {"at": datetime.fromisoformat(wave["at"])} for wave in summary["waves"]],
        words=state_words(event),
        seconds=seconds,
        is_before=event.state in BEFORE,
        is_over=event.state in OVER,
        can_recall=event.state in ("telling", "watching", *OVER)
        and event.told + event.held
        and event.reason != "recalled",
        gone=count_told(event) if event.reason == "recalled" else 0,
        correction=correction_of(event) if can_correct(event) else None,
        to_come=to_come,
        people=_people(to_come) if to_come and may(MAY_SEE) else [],
        form=form,
        may_export=may(MAY_EXPORT),
        outcome=outcomes_of(current_store(), [event])[event.id],
        **on_page(current_store(), compared_at(event)),
    )


def _people(preview: Preview) -> list[tuple[int, str | None, str]]:
    """(request, first name, address) of some who would be told; addresses are masked on the page."""
    wanted = {one.contact_id for one in preview.sample}
    rows = db.session.execute(
        sa.select(Contact.id, Contact.address).where(Contact.store_id == current_store().id, Contact.id.in_(wanted))
    ).all()
    found = {row.id: row.address for row in rows}
    return [(one.request_id, one.first_name, found[one.contact_id]) for one in preview.sample]


@bp.post("/<int:restock_id>/cap")
@requires(MAY_STEER)
def cap(restock_id: int) -> ResponseReturnValue:
    """Tell at most so many people."""
    event, form, now = load(RestockEvent, restock_id), CapForm(), utcnow()
    if not form.validate():
        return make_response(_plan_page(event, form), 422)
    with transaction():
        done = steering.cap(load(RestockEvent, restock_id), form.most.data)
        if done:
            audit(current_store(), "restock.capped", current_user.id, now, restock=restock_id, most=form.most.data)
    _say(done, N_("Saved.") if form.most.data is None else N_("Saved: no more people than that are told."))
    return redirect(url_for("admin_restocks.plan", restock_id=restock_id))


@bp.post("/<int:restock_id>/<deed>")
@requires(MAY_STEER)
def steer(restock_id: int, deed: str) -> ResponseReturnValue:
    """Send now, hold, go on, cancel, recall."""
    if deed not in DEEDS:
        abort(404)
    verb, action, words = DEEDS[deed]
    load(RestockEvent, restock_id)
    now = utcnow()
    with transaction():
        done = verb(load(RestockEvent, restock_id, lock=True), now)
        if done:
            audit(current_store(), action, current_user.id, now, restock=restock_id)
    nudge("restock")
    _say(done, words)
    return redirect(url_for("admin_restocks.plan", restock_id=restock_id))


def _say(done: bool, words: str) -> None:
    if done:
        flash(words, "success")
    else:
        flash(N_("It has moved on meanwhile, so nothing was changed. Look at where it stands now."), "warning")


@bp.get("/<int:restock_id>/export-told")
@fresh_required
def export_told(restock_id: int) -> ResponseReturnValue:
    """Who was told, to take away."""
    require(MAY_EXPORT)
    event = load(RestockEvent, restock_id)
    return audited_workbook(
        current_store(), "told", [told_sheet(event)], "restock.told_exported", {"restock": str(restock_id)}
    )


@bp.get("/simulate/<int:variant_id>")
def simulation(variant_id: int) -> ResponseReturnValue:
    """What would happen if so many came in; nothing is written."""
    variant = load(Variant, variant_id, joinedload(Variant.product))
    store, form, found = current_store(), SimulationForm(request.args, meta={"csrf": False}), None
    form.offer(places_of(store))
    if "units" in request.args and form.validate():
        at = form.moment(store.zone) or utcnow()
        found = simulated(store, variant, form.units.data, at, form.region_id())
    return render_template(
        "admin/restocks/simulate.html",
        variant=variant,
        form=form,
        to_come=found,
        people=_people(found) if found and may(MAY_SEE) else [],
    )
