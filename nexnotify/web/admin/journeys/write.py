"""A journey written, changed, switched on and off."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.clock import utcnow
from nexnotify.content.tokens import TOKENS
from nexnotify.db import transaction
from nexnotify.errors import Conflict, Invalid
from nexnotify.gateways.service import sender_of
from nexnotify.journeys import service
from nexnotify.journeys.beginnings import beginning
from nexnotify.journeys.models import Journey
from nexnotify.journeys.texts import KIND
from nexnotify.nudge import nudge
from nexnotify.stores.service import audit
from nexnotify.waitlist.activities import BACK_IN_STOCK, WAITING
from nexnotify.web.admin.access import current_store, requires
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.journeys.blueprint import bp
from nexnotify.web.admin.journeys.forms import JourneyForm, filled
from nexnotify.web.admin.loading import load
from nexnotify.words import N_


@bp.route("/new", methods=["GET", "POST"])
@requires("admin")
def new() -> ResponseReturnValue:
    """Another journey. It is switched off, so that it can be looked at first."""
    if request.method == "GET":
        trigger = WAITING if request.args.get("trigger") == WAITING else BACK_IN_STOCK
        return _page(JourneyForm(formdata=None, data={"trigger": trigger, **_beginning(trigger)}))
    form, now = JourneyForm(), utcnow()
    if not form.validate():
        return _page(form), 422
    try:
        with transaction():
            journey, _ = service.save(current_store(), None, form.plan, now)
            audit(current_store(), "journey.added", current_user.id, now, name=journey.name)
    except Invalid as error:
        _put(form, error)
        return _page(form), 422
    flash(N_("Saved. It is off: look at it, then switch it on."), "success")
    return redirect(url_for(".show", journey_id=journey.id))


@bp.route("/<int:journey_id>/edit", methods=["GET", "POST"])
@requires("admin")
def edit(journey_id: int) -> ResponseReturnValue:
    """Change it. People who wait in it follow."""
    journey = load(Journey, journey_id)
    if request.method == "GET":
        return _page(JourneyForm(formdata=None, data=filled(journey)), journey)
    form, now = JourneyForm(), utcnow()
    if not form.validate():
        return _page(form, journey), 422
    try:
        with transaction():
            journey, changed = service.save(current_store(), load(Journey, journey_id, lock=True), form.plan, now)
            if changed:
                audit(current_store(), "journey.changed", current_user.id, now, journey=journey.name, changed=changed)
    except Invalid as error:
        _put(form, error)
        return _page(form, load(Journey, journey_id)), 422
    nudge("journeys")  # a shorter delay may have been over for some
    flash(N_("Saved. Who waits in it gets the new words."), "success")
    return redirect(url_for(".show", journey_id=journey_id))


def _beginning(trigger: str) -> dict[str, str]:
    """Words to begin with, on the channels that the store has."""
    words = beginning(current_store(), trigger)
    return {name: text for name, text in words.items() if _pushes() or not name.startswith("push_")}


def _pushes() -> bool:
    return sender_of(current_store(), "push") is not None


def _put(form: JourneyForm, error: Invalid) -> None:
    put_errors(form, {form.field_of(name): words for name, words in error.fields.items()})


def _page(form: JourneyForm, journey: Journey | None = None) -> str:
    tokens = [token for token in TOKENS.values() if KIND in token.kinds]
    return render_template("admin/journeys/edit.html", form=form, journey=journey, tokens=tokens, pushes=_pushes())


@bp.post("/<int:journey_id>/on")
@requires("admin")
def switch_on(journey_id: int) -> ResponseReturnValue:
    """From now on, people enter."""
    now = utcnow()
    with transaction():
        journey = load(Journey, journey_id, lock=True)
        if service.switch_on(journey, now):
            audit(current_store(), "journey.switched_on", current_user.id, now, journey=journey.name)
    flash(N_("On. People enter from now on."), "success")
    return redirect(url_for(".show", journey_id=journey_id))


@bp.post("/<int:journey_id>/off")
@requires("admin")
def switch_off(journey_id: int) -> ResponseReturnValue:
    """Nobody enters any more, and nobody who waits in it is written to."""
    now, left = utcnow(), 0
    with transaction():
        journey = load(Journey, journey_id, lock=True)
        if journey.is_on:
            left = service.switch_off(journey, now)
            audit(current_store(), "journey.switched_off", current_user.id, now, journey=journey.name, people=left)
    flash(N_("Off. Nobody is written to any more; people who were inside: %(left)s.", left=left), "success")
    return redirect(url_for(".show", journey_id=journey_id))


@bp.post("/<int:journey_id>/delete")
@requires("admin")
def delete(journey_id: int) -> ResponseReturnValue:
    """Take one away that nobody was ever in."""
    now = utcnow()
    try:
        with transaction():
            journey = load(Journey, journey_id, lock=True)
            audit(current_store(), "journey.deleted", current_user.id, now, name=journey.name)
            service.delete(journey)
    except Conflict as error:
        flash(error.message, "warning")
        return redirect(url_for(".show", journey_id=journey_id))
    flash(N_("Deleted."), "success")
    return redirect(url_for(".index"))
