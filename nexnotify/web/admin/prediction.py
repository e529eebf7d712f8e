"""What is expected of people: the switches, what there is to learn from, and the model in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid
from nexnotify.ledger.models import Prediction
from nexnotify.ledger.planning.likelihood import FEATURES, NEEDED_TOLD, NEEDED_YES
from nexnotify.outcomes.training import data_of
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import merge_settings, store_settings
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.settings import settings_tabs
from nexnotify.words import N_

bp = Blueprint("admin_prediction", __name__)
bp.before_request(staff_guard)

_FIELDS = ("likely_first", "best_hour", "scarcity_units")


class PredictionForm(FlaskForm):
    """What the store expects of people."""

    likely_first = BooleanField(
        N_("Within a wave, who is likelier to buy goes first"),
        description=N_(
            "Who is told, and in which wave, stays as it is: who has waited longest. Only the order in which the texts of "
            "one wave leave changes."
        ),
    )
    best_hour = BooleanField(
        N_("Tell people at the hours at which they open messages"),
        description=N_(
            "Only while there are two units for each person who waits or was told, only for who opened four alerts at "
            "about the same hours, and for eight hours at the most. When stock runs low, all go at once."
        ),
    )
    scarcity_units = IntegerField(
        N_("So many units are few"),
        [
            InputRequired(N_("Write a number; 0 leaves it to how many wait.")),
            NumberRange(0, 1_000_000, N_("Write a number from 0 to 1,000,000.")),
        ],
        description=N_(
            "For [[scarcity]] in a template. It says that few are left when there are no more than these, or no more than "
            "people who wait or were told in the last day. Otherwise it says nothing."
        ),
    )


@dataclass(frozen=True, slots=True)
class Weight:
    """A feature and what it does, for a person."""

    words: str
    #: By how much one more of it changes the odds, in percent.
    percent: int


@bp.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """The switches and the model."""
    if request.method == "GET":
        settings = store_settings(current_store())
        return _page(PredictionForm(data={name: getattr(settings, name) for name in _FIELDS}))
    require("admin")
    form = PredictionForm()
    if form.validate() and _save(form):
        return redirect(url_for("admin_prediction.index"))
    return _page(form), 422


def _save(form: PredictionForm) -> bool:
    now = utcnow()
    try:
        with transaction():
            store = db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)
            changed = merge_settings(store, {name: form[name].data for name in _FIELDS})
            if changed:
                audit(store, "settings.changed", current_user.id, now, changed=changed)
    except Invalid as error:
        put_errors(form, error.fields)
        return False
    flash(N_("Settings saved.") if changed else N_("Nothing was different, so nothing was changed."), "success")
    return True


def _page(form: PredictionForm) -> str:
    store, now = current_store(), utcnow()
    settings = store_settings(store)
    model = db.session.scalar(sa.select(Prediction).where(Prediction.store_id == store.id))
    return render_template(
        "admin/prediction/index.html",
        form=form,
        tabs=settings_tabs("admin_prediction.index"),
        data=data_of(store, now),
        needed_told=NEEDED_TOLD,
        needed_yes=NEEDED_YES,
        days=settings.attribution_days,
        is_on=settings.likely_first,
        model=model if model is not None and model.goal else None,
        tried=model is not None,
        weights=_weights(model) if model is not None and model.goal else [],
        figures=_figures(model.figures) if model is not None and model.goal else {},
    )


def _weights(model: Prediction) -> list[Weight]:
    """What moves people most first."""
    found = [
        Weight(feature.words, round(100 * (exp(model.weights[name]) - 1)))
        for name, feature in FEATURES.items()
        if name in model.weights
    ]
    return sorted(found, key=lambda weight: -abs(weight.percent))


def _figures(figures: dict[str, Any]) -> dict[str, Any]:
    """As a page writes them: of a hundred pairs, and the scores with three digits."""
    return {
        **figures,
        "pairs": round(100 * figures["auc"]),
        "pairs_plain": round(100 * figures["auc_plain"]),
        "give_or_take": round(200 * figures["auc_error"]),
        "brier": f"{figures['brier']:.3f}",
        "brier_same": f"{figures['brier_same']:.3f}",
    }
