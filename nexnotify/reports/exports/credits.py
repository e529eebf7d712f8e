"""The credits ledger: every credit that came or went, so that its sum is the balance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from nexnotify.credits.models import CreditEntry
from nexnotify.credits.rules import NAMES
from nexnotify.reports.exports.table import Export, Filter, in_batches
from nexnotify.reports.xlsx import Column, Sheet
from nexnotify.stores.models import StaffUser, Store
from nexnotify.words import N_

_COLUMNS = (
    Column("Movement", 10, "number"),
    Column("At", 19, "moment"),
    Column("What", 14),
    Column("Credits", 10, "number"),
    Column("Put aside", 10, "number"),
    Column("Message", 10, "number"),
    Column("Purchase", 10, "number"),
    Column("By", 30),
    Column("Note", 40),
)


def _chosen(store: Store, wanted: Mapping[str, str]) -> sa.Select[Any]:
    statement = sa.select(CreditEntry.id).where(CreditEntry.store_id == store.id)
    if wanted.get("kind") in NAMES:
        statement = statement.where(CreditEntry.kind == wanted["kind"])
    return statement


def _sheets(store: Store, chosen: sa.Select[Any]) -> list[Sheet]:
    return [Sheet("Credits", _COLUMNS, _rows(chosen))]


def _rows(chosen: sa.Select[Any]) -> Iterator[tuple[Any, ...]]:
    statement = chosen.with_only_columns(
        CreditEntry.id,
        CreditEntry.at,
        CreditEntry.kind,
        CreditEntry.credits,
        CreditEntry.reserved,
        CreditEntry.message_id,
        CreditEntry.purchase_id,
        StaffUser.email,
        CreditEntry.note,
    ).outerjoin(StaffUser, StaffUser.id == CreditEntry.user_id)
    for batch in in_batches(statement, CreditEntry.id):
        for number, at, kind, *rest in batch:
            yield (number, at, NAMES.get(kind, kind), *rest)


CREDITS = Export(
    "credits",
    N_("Credits"),
    N_("Every credit that came or went: what was bought, put aside, spent and given back, and for which message."),
    (N_("movement"), N_("movements")),
    {"kind": Filter(N_("Kind"), NAMES)},
    _chosen,
    CreditEntry.id,
    _sheets,
)
