"""Tables as text that spreadsheets open: UTF-8, with a mark that says so, and no formula of a stranger's."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

from nexnotify.clock import to_local
from nexnotify.reports.xlsx import Sheet, is_formula_like

_CENT = Decimal("0.01")


def as_text(cell: str | None) -> str | None:
    """A cell as a spreadsheet shows it, and does not work out."""
    return f"'{cell}" if cell and is_formula_like(cell) else cell


def csv_of(sheet: Sheet, zone: str) -> tuple[bytes, int]:
    """A table as a file, and how many rows it has without its header. Numbers are written as programs read them.

    :param zone: that of the moments.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([as_text(str(column.title)) for column in sheet.columns])
    count = 0
    for count, row in enumerate(sheet.rows, 1):  # noqa: B007 - how many there were
        writer.writerow([_cell(cell, zone) for cell in row])
    # Without the mark, Excel takes the file for one in the machine's old code page.
    return file.getvalue().encode("utf-8-sig"), count


def _cell(cell: Any, zone: str) -> Any:
    if isinstance(cell, str):
        return as_text(str(cell))
    if isinstance(cell, datetime):
        return to_local(cell, zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, Decimal) and cell == cell.quantize(_CENT):
        return cell.quantize(_CENT)  # sums are kept to a hundredth of a cent
    return cell
