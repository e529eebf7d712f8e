"""Exports: the whole way from the database to the workbook, against the library writing the same rows from a list."""

from __future__ import annotations

import tempfile
import time

from openpyxl import Workbook

from bench.house import add_waiting, installation
from nexnotify.clock import to_local
from nexnotify.db import db
from nexnotify.reports.instock import COLUMNS, InstockFilter, instock_rows
from nexnotify.reports.xlsx import Sheet, write_book
from nexnotify.stores.models import Store


def export_vs_openpyxl(count: int = 100_000) -> float:
    """Rows a second of the "Instock Notification" export, divided by those of bare openpyxl in write-only mode.

    By processor time: both do nothing but reckon, and whatever else the machine does would be all that is seen.
    """
    with installation() as house:
        add_waiting(house.app, house.store_id, count)
        store = db.session.get_one(Store, house.store_id)
        rows = [
            [to_local(cell, store.zone).replace(tzinfo=None) if hasattr(cell, "tzinfo") else cell for cell in row]
            for row in instock_rows(store, InstockFilter())
        ]
        with tempfile.TemporaryFile() as file:
            begun = time.process_time()
            written = write_book(
                file, [Sheet("Instock Notification", COLUMNS, instock_rows(store, InstockFilter()))], "UTC"
            )[0]
            ours = time.process_time() - begun
        assert written == len(rows) == count
        return _bare(rows) / ours


def _bare(rows: list[list[object]]) -> float:
    """Seconds the library takes for rows that are there already."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Instock Notification")
    with tempfile.TemporaryFile() as file:
        begun = time.process_time()
        sheet.append([column.title for column in COLUMNS])
        for row in rows:
            sheet.append(row)
        book.save(file)
        return time.process_time() - begun
