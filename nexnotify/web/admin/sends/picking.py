"""Ticking rows of a list and texting them; the selection lives on the server, so it outlasts pages and needs no script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.campaigns.audience import MODELS, belonging, count_matching
from nexnotify.campaigns.models import Send
from nexnotify.campaigns.service import draft_to_all, draft_to_one, draft_to_picked, pick, picked_by
from nexnotify.campaigns.summary import Summary, summarise
from nexnotify.clock import utcnow
from nexnotify.db import transaction
from nexnotify.errors import Invalid, NexnotifyError
from nexnotify.web.admin.access import current_store, requires
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import MAX_ID, MOST_COUNTED
from nexnotify.web.admin.sends.blueprint import SOURCES, TO_MANY, TO_ONE, bp, counted, may_text
from nexnotify.web.languages import number as write_number
from nexnotify.words import N_

#: Sources whose rows have a page with a button to write to that one person.
ALONE = ("customers", "orders", "tickets")
#: Filters of each list that an audience keeps.
FILTERS = {"customers": ("q", "opt_in"), "orders": ("q", "status", "placed_from")}


@dataclass(frozen=True, slots=True)
class Picking:
    """What the bar below a list needs."""

    source: str
    picked: frozenset[int]
    #: Ids of the rows on this page.
    shown: tuple[int, ...]
    filter: dict[str, str]
    #: Rows that match the filter, at most one more than :data:`MOST_COUNTED`.
    matching: int
    #: What would become of those that are ticked; None: none is.
    summary: Summary | None

    @property
    def words(self) -> str:
        """ "4 orders selected" """
        return N_("%(source)s selected", source=counted(len(self.picked), self.source))

    @property
    def all_words(self) -> str:
        """ "all 286 orders" """
        many = SOURCES[self.source][1]
        if self.matching > MOST_COUNTED:
            return N_("all %(many)s, more than %(most_counted)s", many=many, most_counted=write_number(MOST_COUNTED))
        return (
            N_("all %(source)s", source=counted(self.matching, self.source))
            if self.matching != 1
            else N_("the one %(source)s", source=SOURCES[self.source][0])
        )


def picking(source: str, shown: list[int], filter_: dict[str, str], matching: int | None) -> Picking | None:
    """The bar of a list of which so many rows match the filter; None for those who may not text many."""
    if not shown or not may_text(TO_MANY):
        return None
    given = {name: value for name, value in filter_.items() if value}
    return _picking(source, picked_by(current_store(), current_user.id, source), shown, given, matching)


def _picking(
    source: str, picked: list[int], shown: list[int], filter_: dict[str, str], matching: int | None = None
) -> Picking:
    store = current_store()
    summary = None
    if picked:
        trial = Send(
            store_id=store.id, source=source, purpose="marketing", picked=picked, filter={}, body="", up_to=None
        )
        summary = summarise(store, trial, utcnow())
    if matching is None:
        matching = count_matching(store, source, filter_, MOST_COUNTED + 1)
    return Picking(source, frozenset(picked), tuple(shown), filter_, matching, summary)


@bp.post("/select")
@requires(TO_MANY)
def select() -> ResponseReturnValue:
    """Keep what is ticked, and go on to where the pressed button leads."""
    source, ticked, shown, filter_ = _read()
    problem = None
    try:
        with transaction():
            picked = _keep(source, ticked, shown)
    except NexnotifyError as error:
        problem, picked = error.message, picked_by(current_store(), current_user.id, source)
    if "HX-Request" in request.headers:
        bar = _picking(source, picked, shown, filter_)
        return render_template("admin/sends/_bar.html", picking=bar, problem=problem)
    if problem:
        flash(problem, "warning")
    return redirect(_list_address(source, request.form.get("go") or request.form.get("back") or ""))


@bp.post("/bulk")
@requires(TO_MANY)
def bulk() -> ResponseReturnValue:
    """With selected, Send text message: a draft to those who are ticked, or to all that match."""
    source, ticked, shown, filter_ = _read()
    now, store = utcnow(), current_store()
    try:
        with transaction():
            if request.form.get("all"):
                send = draft_to_all(store, source, filter_, current_user.id, now)
            else:
                send = draft_to_picked(store, source, _keep(source, ticked, shown), current_user.id, now)
                pick(store, current_user.id, source, [], [], none=True)
    except Invalid as error:
        flash(error.message, "warning")
        return redirect(_list_address(source, request.form.get("back", "")))
    return redirect(url_for("admin_sends.write", send_id=send.id))


@bp.post("/one")
@requires(TO_ONE)
def one() -> ResponseReturnValue:
    """Send text message, on the page of an order, a ticket or a customer."""
    source, row_id = request.form.get("source", ""), request.form.get("id", type=int)
    if source not in ALONE or row_id is None or not 0 <= row_id <= MAX_ID:
        abort(404)
    row: Any = load(MODELS[source], row_id)
    with transaction():
        send = draft_to_one(current_store(), source, row.id, current_user.id, utcnow())
    return redirect(url_for("admin_sends.write", send_id=send.id))


def _read() -> tuple[str, list[int], list[int], dict[str, str]]:
    """Source, ticked rows, rows of the page, and the list's filter."""
    source = request.form.get("source", "")
    if source not in FILTERS:
        abort(404)
    ticked, shown = (
        [number for number in request.form.getlist(name, type=int) if 0 < number <= MAX_ID]
        for name in ("tick", "shown")
    )
    filter_ = {name: request.form.get(name, "").strip()[:254] for name in FILTERS[source]}
    return source, ticked, shown, {name: value for name, value in filter_.items() if value}


def _keep(source: str, ticked: list[int], shown: list[int]) -> list[int]:
    store = current_store()
    none = "clear" in request.form
    return pick(store, current_user.id, source, [] if none else belonging(store, source, ticked), shown, none=none)


def _list_address(source: str, wanted: str) -> str:
    """An address of the list; nobody is sent anywhere else."""
    own = url_for(SOURCES[source][2])
    return wanted if wanted == own or wanted.startswith(f"{own}?") else own
