"""Bulk calls: many rows in one body, each saved or named as wrong, in transactions that let others in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError, OperationalError

from nexnotify.db import db, transaction
from nexnotify.errors import Invalid, NexnotifyError
from nexnotify.stores.settings import field_errors
from nexnotify.turns import let_others_write
from nexnotify.web.payloads import read_json

#: Rows of one bulk request.
MAX_ROWS = 5000
#: A transaction ends after so many rows or seconds: on SQLite nobody else writes meanwhile.
ROWS_PER_TRANSACTION = 100
SECONDS_PER_TRANSACTION = 0.2
#: PostgreSQL's deadlock and serialization failure: nothing was saved, and the same again will do.
AGAIN = ("40P01", "40001")

Row = TypeVar("Row", bound=BaseModel)
Saved = TypeVar("Saved")


def bulk(
    name: str, model: type[Row], save: Callable[[Row], Saved], lock_order: Callable[[Row], tuple[str, ...]]
) -> tuple[dict[str, Any], list[tuple[int, Saved]]]:
    """Read ``{name: [rows]}`` and save each good row; a bad one is reported and does not spoil the others.

    :returns: the bulk answer: ``accepted`` and ``errors`` with index, code and message; and by index what ``save``
        returned. It may run twice for a row, so it does nothing that a rollback does not undo.
    """
    rows = _read_rows(name)
    errors: list[dict[str, Any]] = []
    good: list[tuple[int, Row]] = []
    for index, row in enumerate(rows):
        try:
            good.append((index, model.model_validate(row)))
        except ValidationError as error:
            fields = field_errors(error)
            message = " ".join(f"{field}: {words}" for field, words in fields.items())
            errors.append({"index": index, "code": "invalid", "message": message, "fields": fields})
    # Rows are locked in one order, so that two such calls at once wait for each other instead of locking up.
    good.sort(key=lambda item: lock_order(item[1]))
    saved: list[tuple[int, Saved]] = []
    done = 0
    while done < len(good):
        if done:
            let_others_write()
        some_saved, some_errors = _save_some(good[done : done + ROWS_PER_TRANSACTION], save)
        saved += some_saved
        errors += some_errors
        done += len(some_saved) + len(some_errors)
    errors.sort(key=lambda error: error["index"])
    saved.sort(key=lambda item: item[0])
    return {"accepted": len(rows) - len(errors), "errors": errors}, saved


def _read_rows(name: str) -> list[Any]:
    body = read_json()
    if not isinstance(body, dict) or not isinstance(body.get(name), list):
        raise Invalid(f'The body must look like {{"{name}": [ … ]}}.', fields={name: "a list is missing"})
    if unknown := [field for field in body if field != name]:
        raise Invalid("There are unknown fields.", fields=dict.fromkeys(unknown, "There is no such field."))
    rows: list[Any] = body[name]
    if len(rows) > MAX_ROWS:
        raise Invalid(f"{len(rows)} rows are too many; send at most {MAX_ROWS} at a time.", fields={name: "too long"})
    return rows


Outcome = tuple[list[tuple[int, Saved]], list[dict[str, Any]]]


def _save_some(rows: Sequence[tuple[int, Row]], save: Callable[[Row], Saved]) -> Outcome[Saved]:
    """Save as many of the rows as one transaction may, from the first on; once more when others stood in the way."""
    try:
        return _transact(rows, save)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) not in AGAIN:
            raise
    let_others_write()
    return _transact(rows, save)


def _transact(rows: Sequence[tuple[int, Row]], save: Callable[[Row], Saved]) -> Outcome[Saved]:
    saved: list[tuple[int, Saved]] = []
    errors: list[dict[str, Any]] = []
    with transaction():
        ends = time.monotonic() + SECONDS_PER_TRANSACTION
        for index, row in rows:
            try:
                with db.session.begin_nested():
                    value = save(row)
            except NexnotifyError as error:
                errors.append({"index": index, "code": error.code, "message": error.message, "fields": error.fields})
            except IntegrityError:
                message = "Somebody else changed the same thing at the same moment; send this row again."
                errors.append({"index": index, "code": "conflict", "message": message, "fields": {}})
            else:
                saved.append((index, value))
            if time.monotonic() >= ends:
                break
    return saved, errors
