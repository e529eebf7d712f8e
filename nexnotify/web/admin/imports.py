"""Import and export, Import: files of products, stock, customers, orders and requests.

A file is uploaded, tried by a worker, and taken in by one once a person has seen what would happen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from nexnotify.catalog.imports.cells import is_web_address
from nexnotify.clock import utcnow
from nexnotify.db import db, end_read, transaction
from nexnotify.imports import service
from nexnotify.imports.kinds import KINDS, Options
from nexnotify.imports.models import AT_WORK, STATUSES, ImportFault, ImportRun
from nexnotify.nudge import nudge
from nexnotify.reports.exports.table import BATCH
from nexnotify.reports.xlsx import Column, Sheet
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import current_store, requires, staff_guard
from nexnotify.web.admin.live import BUSY, live_page
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import keyset
from nexnotify.web.admin.workbooks import send_workbook
from nexnotify.words import N_

bp = Blueprint("admin_imports", __name__)

#: The largest file that is taken, in bytes; and the largest that is read at all, so that the answer can say so.
MAX_BYTES, MAX_BODY = 20_000_000, 100_000_000
#: Files of a store that may wait at once: they lie in the database until they are over.
MAX_WAITING = 5
#: Faults that the page shows; the report has all.
SHOWN = 20
#: Kind → its name in the form and the list.
NAMES = {
    "products": N_("Products"),
    "stock": N_("Stock"),
    "customers": N_("Customers"),
    "orders": N_("Orders"),
    "requests": N_("Requests"),
}
#: Status → its pill.
PILLS = {
    "checking": (N_("Reading"), "info"),
    "checked": (N_("Ready"), "warn"),
    "running": (N_("Importing"), "info"),
    "done": (N_("Done"), "ok"),
    "unreadable": (N_("Not readable"), "bad"),
    "failed": (N_("Stopped"), "bad"),
    "cancelled": (N_("Ended"), "neutral"),
}
_REPORT = (
    Column("Row", 8, "number"),
    Column("Column", 18),
    Column("What stands there", 40),
    Column("What is wrong, and what to do", 80),
)


@bp.before_request
def _let_files_in() -> None:
    """Files are larger than anything else that is sent; only somebody who is signed in may send one."""
    if request.endpoint == "admin_imports.index" and current_user.is_authenticated:
        request.max_content_length = MAX_BODY


bp.before_request(staff_guard)


class UploadForm(FlaskForm):
    """A file, and what it is."""

    kind = RadioField(
        N_("What is in the file"),
        [InputRequired(N_("Choose what is in the file."))],
        choices=[SelectChoice(name, NAMES[name]) for name in KINDS],
    )
    file = FileField(
        N_("File"),
        [FileRequired(N_("Choose a file."))],
        description=N_(
            "CSV with commas, best in UTF-8, or an Excel workbook (.xlsx), up to %(max_bytes)s MB.",
            max_bytes=MAX_BYTES // 1000000,
        ),
        render_kw={"accept": ".csv,.txt,.xlsx"},
    )
    shop_url = StringField(
        N_("Address of the shop"),
        [Optional(), Length(max=2000)],
        description=N_(
            "Of a Shopify export only: what the addresses of its products hang on, such as https://shop.example"
        ),
        filters=[lambda text: text.strip().rstrip("/") if text else text],
    )
    with_stock = BooleanField(
        N_("Take the quantities too"), description=N_("What comes back in stock by them is told to those who wait.")
    )

    def validate_shop_url(self, field: StringField) -> None:
        """An address of a page, or nothing."""
        if field.data and not is_web_address(field.data):
            raise ValueError(N_("Write a whole web address, beginning with https://."))


@bp.route("", methods=["GET", "POST"])
@requires("admin")
def index() -> ResponseReturnValue:
    """What was imported, and the form for the next file."""
    store, form = current_store(), UploadForm()
    if form.is_submitted():
        data = form.file.data.read(MAX_BYTES + 1) if form.validate() else b""
        if form.errors or _refuses(store, form, data):
            return _index(store, form), 422
        run_id = _keep(store, form, data)
        nudge("imports")
        return redirect(url_for(".show", import_run_id=run_id))
    if request.args.get("kind") in KINDS:
        form.kind.data = request.args["kind"]
    return _index(store, form)


def _index(store: Store, form: FlaskForm) -> str:
    page = keyset(sa.select(ImportRun), sa.select(ImportRun.id).where(ImportRun.store_id == store.id))
    return render_template("admin/imports/index.html", form=form, page=page, kinds=KINDS, names=NAMES, pills=PILLS)


def _refuses(store: Store, form: UploadForm, data: bytes) -> bool:
    """Put beside the field what is wrong with the file as a file; what is in it a worker says."""
    waiting = sa.select(sa.func.count()).where(
        ImportRun.store_id == store.id, ImportRun.status.in_((*AT_WORK, "checked"))
    )
    words = ""
    if not data:
        words = N_("The file is empty; export it again.")
    elif len(data) > MAX_BYTES:
        words = N_(
            "The file is larger than %(max_bytes)s MB; split it and import the parts.", max_bytes=MAX_BYTES // 1000000
        )
    elif (db.session.scalar(waiting) or 0) >= MAX_WAITING:
        words = N_("%(max_waiting)s files wait already. Import them or discard them first.", max_waiting=MAX_WAITING)
    if words:
        form.file.errors = [words]
    return bool(words)


def _keep(store: Store, form: UploadForm, data: bytes) -> int:
    name = re.sub(r"[\0-\x1f\x7f]", "", re.split(r"[\\/]", form.file.data.filename or "")[-1])[-255:] or "file"
    products = form.kind.data == "products"
    options = Options(form.shop_url.data or None, form.with_stock.data) if products else Options()
    now = utcnow()
    with transaction():
        run = service.upload(store, form.kind.data, name, data, options, current_user.id, now)
        audit(store, "import.uploaded", current_user.id, now, kind=run.kind, file=name)
    return run.id


@bp.get("/<int:import_run_id>")
@requires("admin")
def show(import_run_id: int) -> ResponseReturnValue:
    """One import: what would happen, how far it is, what came of it."""
    run = load(ImportRun, import_run_id)
    kind = KINDS[run.kind]
    return live_page(
        "admin/imports/show.html",
        "admin/imports/_run.html",
        BUSY if run.status in AT_WORK else None,
        run=run,
        kind=kind,
        pill=PILLS[run.status],
        meaning=STATUSES[run.status],
        doubt=service.doubt(run),
        faults=service.faults_of(run, SHOWN),
    )


@bp.post("/<int:import_run_id>/begin")
@requires("admin")
def begin(import_run_id: int) -> ResponseReturnValue:
    """Take the good rows in."""
    load(ImportRun, import_run_id)
    now = utcnow()
    with transaction():
        run = load(ImportRun, import_run_id, lock=True)
        rows = run.taken
        done = service.begin(run)
        if done:
            audit(current_store(), "import.begun", current_user.id, now, kind=run.kind, file=run.file_name, rows=rows)
    nudge("imports")
    return _back(import_run_id, done)


@bp.post("/<int:import_run_id>/cancel")
@requires("admin")
def cancel(import_run_id: int) -> ResponseReturnValue:
    """Discard a file, or stop in the middle of it."""
    load(ImportRun, import_run_id)
    now = utcnow()
    with transaction():
        run = load(ImportRun, import_run_id, lock=True)
        done = service.cancel(run, now)
        if done:
            audit(current_store(), "import.cancelled", current_user.id, now, kind=run.kind, file=run.file_name)
    return _back(import_run_id, done)


def _back(import_run_id: int, done: bool) -> ResponseReturnValue:
    if not done:
        flash(N_("It has changed meanwhile; nothing was done."), "warning")
    return redirect(url_for(".show", import_run_id=import_run_id))


@bp.get("/<int:import_run_id>/report.xlsx")
@requires("admin")
def report(import_run_id: int) -> ResponseReturnValue:
    """Every row that was refused, and what to do about it."""
    run = load(ImportRun, import_run_id)
    return send_workbook(current_store(), f"import-{run.id}-report", [Sheet("Rows", _REPORT, _faults(run))])


def _faults(run: ImportRun) -> Iterator[tuple[Any, ...]]:
    statement = (
        sa.select(ImportFault.line, ImportFault.column, ImportFault.value, ImportFault.reason)
        .where(ImportFault.store_id == run.store_id, ImportFault.import_run_id == run.id)
        .order_by(ImportFault.line, ImportFault.id)
        .limit(BATCH)
    )
    read = 0
    while rows := db.session.execute(statement.offset(read)).all():
        end_read()
        yield from (tuple(row) for row in rows)
        read += len(rows)
