"""Import and export, Export: tables to take away. The Export buttons of the lists lead here with their filter."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from nexnotify.errors import NotFound
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.reports.exports import EXPORTS
from nexnotify.reports.exports.table import Export
from nexnotify.web.admin.access import MAY_EXPORT, current_store, requires, staff_guard
from nexnotify.web.admin.workbooks import audited_workbook
from nexnotify.words import N_

bp = Blueprint("admin_tables", __name__)
bp.before_request(staff_guard)


@bp.get("")
@requires(MAY_EXPORT)
def index() -> ResponseReturnValue:
    """What can be taken away."""
    return render_template("admin/tables/index.html", exports=EXPORTS.values())


@bp.get("/<name>")
@requires(MAY_EXPORT, fresh=True)
def table(name: str) -> ResponseReturnValue:
    """What one export would hold. The password is asked here, not in the download's place."""
    export, store = _find(name), current_store()
    wanted = _wanted(export, request.args)
    count, problem = 0, ""
    try:
        count = export.count(store, wanted)
        columns = [(sheet.title, sheet.columns) for sheet in export.book(store, wanted)]
    except (InvalidPhone, InvalidEmail) as error:
        problem, columns = str(error), []
    return render_template(
        "admin/tables/table.html",
        export=export,
        wanted=wanted,
        count=count,
        problem=problem,
        columns=columns,
        excel=_address("admin_tables.excel", name, wanted),
        without=_address("admin_tables.table", name, {}),
    )


@bp.get("/<name>.xlsx")
@requires(MAY_EXPORT, fresh=True)
def excel(name: str) -> ResponseReturnValue:
    """The workbook."""
    export, store = _find(name), current_store()
    wanted = _wanted(export, request.args)
    try:
        sheets = export.book(store, wanted)
    except (InvalidPhone, InvalidEmail) as error:
        return Response(str(error), 422, content_type="text/plain; charset=utf-8")
    return audited_workbook(store, export.name, sheets, f"{export.name}.exported", wanted)


def _find(name: str) -> Export:
    try:
        return EXPORTS[name]
    except KeyError:
        raise NotFound(N_("There is no such export.")) from None


def _wanted(export: Export, given: Mapping[str, str]) -> dict[str, str]:
    """What of the list's filter the address names; what the list does not offer it passes over, and so does the list."""
    typed = {name: given.get(name, "").strip()[:254] for name in export.filters}
    offered = {name: export.filters[name].offered for name in typed}
    return {name: text for name, text in typed.items() if text and text in (offered[name] or (text,))}


def _address(endpoint: str, name: str, wanted: Mapping[str, str]) -> str:
    query = urlencode(wanted)
    return url_for(endpoint, name=name) + (f"?{query}" if query else "")
