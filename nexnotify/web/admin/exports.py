"""Products / Export Traffic Tools: tables to take away, as Excel workbooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nexnotify.reports.instock import COLUMNS, InstockFilter, instock_count, instock_rows
from nexnotify.reports.xlsx import Sheet
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import STATUSES
from nexnotify.web.admin.access import MAY_EXPORT, current_store, fresh_required, require, staff_guard
from nexnotify.web.admin.workbooks import audited_workbook
from nexnotify.words import N_

bp = Blueprint("admin_exports", __name__)
bp.before_request(staff_guard)

CHANNELS = ("sms", "email")


@bp.get("")
@fresh_required
def index() -> ResponseReturnValue:
    """What can be exported, with its filters. The password is asked here, not in the download's place."""
    require(MAY_EXPORT)
    wanted, typed, problem = _wanted(request.args, current_store())
    return render_template(
        "admin/exports/index.html",
        typed=typed,
        problem=problem,
        statuses=list(STATUSES),
        count=0 if problem else instock_count(current_store(), wanted),
        columns=COLUMNS,
        excel=url_for(".instock") + (f"?{urlencode(typed)}" if typed else ""),
    )


@bp.get("/instock-notification.xlsx")
@fresh_required
def instock() -> ResponseReturnValue:
    """The workbook. Rows go from the database into it a batch at a time, and from there to the browser in pieces."""
    require(MAY_EXPORT)
    store = current_store()
    wanted, typed, problem = _wanted(request.args, store)
    if problem:
        return Response(problem, 422, content_type="text/plain; charset=utf-8")
    sheet = Sheet(N_("Instock Notification"), COLUMNS, instock_rows(store, wanted))
    return audited_workbook(store, "instock-notification", [sheet], "instock_notification.exported", typed)


def _wanted(given: Mapping[str, str], store: Store) -> tuple[InstockFilter, dict[str, str], str]:
    """The filter that the address names, what of it is used, and what is wrong with it."""
    typed = {name: given.get(name, "").strip()[:200] for name in ("q", "channel", "status", "from", "to")}
    if typed["channel"] not in CHANNELS:
        typed["channel"] = ""
    if typed["status"] not in STATUSES:
        typed["status"] = ""
    typed = {name: text for name, text in typed.items() if text}
    try:
        begin, end = _midnight(typed.get("from"), store.zone), _midnight(typed.get("to"), store.zone, days=1)
    except ValueError:
        return InstockFilter(), typed, N_("A date is written like 2026-01-31.")
    wanted = InstockFilter(typed.get("q", ""), typed.get("channel", ""), typed.get("status", ""), begin, end)
    if begin and end and begin >= end:
        return wanted, typed, N_("The first day comes after the last one.")
    return wanted, typed, ""


def _midnight(text: str | None, zone: str, days: int = 0) -> datetime | None:
    """The moment at which a day of the store begins, or ``days`` after."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
    except OverflowError:
        raise ValueError(text) from None
