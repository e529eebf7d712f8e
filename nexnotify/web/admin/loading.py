"""The one loader of the admin: found, and of this store, or 404."""

from __future__ import annotations

from typing import Any, TypeVar

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.errors import NotFound
from nexnotify.web.admin.access import current_store

T = TypeVar("T")


def load(model: type[T], row_id: int, *options: Any, lock: bool = False) -> T:
    """The row of a tenant table with this id; ``lock`` reads it afresh and keeps it for the transaction.

    :raises NotFound: no such row in this store.
    """
    table: Any = model
    statement = sa.select(table).options(*options).where(table.store_id == current_store().id, table.id == row_id)
    if lock:
        statement = statement.with_for_update(of=table).execution_options(populate_existing=True)
    found: T | None = db.session.scalar(statement)
    if found is None:
        raise NotFound()
    return found
