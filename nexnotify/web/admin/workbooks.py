"""Workbooks as downloads: written into a file of their own, and sent in pieces."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO

from flask import send_file
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.clock import to_local, utcnow
from nexnotify.db import transaction
from nexnotify.reports.csv_files import csv_of
from nexnotify.reports.xlsx import Sheet, write_book
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Up to this size a workbook is made in memory; above it in a file that has no name and goes with its last reader.
IN_MEMORY = 1_000_000


def audited_workbook(
    store: Store, name: str, sheets: Sequence[Sheet], action: str, wanted: Mapping[str, str]
) -> ResponseReturnValue:
    """A download that the audit trail tells of: ``action``, the rows of the first sheet, and the filter."""

    def write_down(counts: Sequence[int]) -> None:
        with transaction():
            audit(store, action, current_user.id, utcnow(), rows=counts[0], filter=dict(wanted))

    return send_workbook(store, name, sheets, write_down)


def audited_csv(store: Store, name: str, sheet: Sheet, action: str, wanted: Mapping[str, str]) -> ResponseReturnValue:
    """A table as text, for programs that read no workbooks; the audit trail tells of it as of a workbook."""
    data, count = csv_of(sheet, store.zone)
    with transaction():
        audit(store, action, current_user.id, utcnow(), rows=count, filter=dict(wanted))
    day = to_local(utcnow(), store.zone)
    answer = send_file(
        BytesIO(data),
        "text/csv; charset=utf-8",
        as_attachment=True,
        download_name=f"{name}-{day:%Y-%m-%d}.csv",
        max_age=0,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def send_workbook(
    store: Store, name: str, sheets: Sequence[Sheet], written: Callable[[Sequence[int]], None] = lambda counts: None
) -> ResponseReturnValue:
    """The download. Rows go from the database into it a batch at a time, and from there to the browser in pieces.

    :param name: of the file, before the day.
    :param written: told how many rows each table had, before anything is sent.
    """
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the answer closes it when it has been read
    try:
        written(write_book(file, sheets, store.zone))
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    day = to_local(utcnow(), store.zone)
    answer = send_file(file, XLSX, as_attachment=True, download_name=f"{name}-{day:%Y-%m-%d}.xlsx", max_age=0)
    answer.content_length = size
    answer.headers["Cache-Control"] = "no-store"
    return answer
