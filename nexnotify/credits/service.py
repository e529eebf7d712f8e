"""Moving credits: every movement is an entry of the ledger, and the balance follows in the same transaction.

Entries are written at once. The balance is moved when the transaction ends, by one UPDATE for each store: so its row,
which all of a store's texts share, is the last thing that is locked, and two who lock contacts in their own order never
wait for each other through it. Who must not spend what another is spending (:func:`affordable`) locks it earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.credits.models import CreditBalance, CreditEntry
from nexnotify.credits.rules import how_many_fit, is_crossing, needed
from nexnotify.db import IdIn, at_the_end, db, insert_new, insert_tuples, reserve_ids, waiting_for_the_end
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement that is to be booked."""

    store_id: int
    kind: str
    #: Added to the balance, and to what is reserved.
    credits: int
    reserved: int = 0
    message_id: int | None = None
    purchase_id: int | None = None
    user_id: int | None = None
    note: str | None = None


_balance, _entry = CreditBalance.__table__, CreditEntry.__table__
_STANDING = sa.select(_balance.c.balance).where(_balance.c.store_id == sa.bindparam("b_store"))
_LOCKED = _STANDING.with_for_update()
_PENDING = sa.select(sa.func.coalesce(sa.func.sum(_entry.c.credits), 0)).where(
    _entry.c.store_id == sa.bindparam("b_store"), IdIn(_entry.c.id)
)
_BY_STORE = (
    sa.select(_entry.c.store_id, sa.func.sum(_entry.c.credits), sa.func.sum(_entry.c.reserved))
    .where(IdIn(_entry.c.id))
    .group_by(_entry.c.store_id)
    .order_by(_entry.c.store_id)
)
_MOVE = (
    sa.update(_balance)
    .where(_balance.c.store_id == sa.bindparam("b_store"))
    .values(
        balance=_balance.c.balance + sa.bindparam("b_credits"),
        reserved=_balance.c.reserved + sa.bindparam("b_reserved"),
    )
    .returning(_balance.c.balance, _balance.c.low_at)
)


def balance(store_id: int) -> int:
    """What a store may spend, with what this transaction has booked so far."""
    return _available(store_id, _STANDING)


def reserved(store_id: int) -> int:
    """What a store has put aside for texts that have not gone."""
    found = db.session.scalar(sa.select(_balance.c.reserved).where(_balance.c.store_id == store_id))
    return int(found or 0)


def can_send(store: Store) -> bool:
    """Whether the store can send texts: it pays its gateway itself, or has credits for one segment at least."""
    settings = store_settings(store)
    return not settings.credits or balance(store.id) >= needed(1, settings.credits_per_segment)


def affordable(store_id: int, amounts: Sequence[int]) -> int:
    """How many of the first amounts the balance pays. It is held until the transaction ends: nobody else spends it."""
    return how_many_fit(amounts, _available(store_id, _LOCKED)) if amounts else 0


def reserve_many(store_id: int, messages: Mapping[int, int] | Iterable[tuple[int, int]], now: datetime) -> None:
    """Put credits aside: message id → credits. Whether they are there is for the caller to ask (:func:`affordable`)."""
    pairs = messages.items() if isinstance(messages, Mapping) else messages
    book([Entry(store_id, "reserve", -credits, credits, message_id=message_id) for message_id, credits in pairs], now)


_COLUMNS = "id store_id kind credits reserved message_id purchase_id at user_id note".split()


def book(entries: Sequence[Entry], now: datetime) -> None:
    """Write movements down. The balance takes them in when the transaction ends."""
    if not entries:
        return
    ids = reserve_ids(CreditEntry, len(entries))
    rows = [
        (id, e.store_id, e.kind, e.credits, e.reserved, e.message_id, e.purchase_id, now, e.user_id, e.note)
        for id, e in zip(ids, entries, strict=True)
    ]
    insert_tuples(CreditEntry, _COLUMNS, rows)
    at_the_end(_move_balances, ((id, now) for id in ids))


def grant(store: Store, kind: str, credits: int, now: datetime, *, purchase_id: int | None = None, **by: Any) -> None:
    """Add credits that were bought, granted, or put right (less than 0 takes them away).

    :param by: ``user_id`` and ``note``.
    """
    book([Entry(store.id, kind, credits, purchase_id=purchase_id, **by)], now)
    look_at_threshold(store)


def look_at_threshold(store: Store) -> None:
    """After a top-up, or when the threshold was changed: above it, the next crossing is told of again."""
    if not is_low(store):
        _mark(store.id, None)


def is_low(store: Store) -> bool:
    """Whether the balance is below the merchant's threshold."""
    settings = store_settings(store)
    return settings.credits and balance(store.id) < settings.low_credit_below


def _available(store_id: int, statement: sa.Select[Any]) -> int:
    found = db.session.connection().scalar(statement, {"b_store": store_id})
    return int(found or 0) + _pending(store_id)


def _pending(store_id: int) -> int:
    """What this transaction has booked and the balance does not know yet; less what a savepoint took back."""
    ids = [id for id, _ in waiting_for_the_end(_move_balances)]
    return int(db.session.connection().scalar(_PENDING, {"b_store": store_id, "b_ids": ids}) or 0) if ids else 0


def _move_balances(booked: Sequence[tuple[int, datetime]]) -> None:
    """The last act of a transaction: the balances take in its entries. Those that a savepoint took back are not there."""
    connection = db.session.connection()
    ids, now = sorted({id for id, _ in booked}), max(at for _, at in booked)
    for store_id, credits, put_aside in connection.execute(_BY_STORE, {"b_ids": ids}).all():
        step = {"b_store": store_id, "b_credits": credits, "b_reserved": put_aside}
        moved = connection.execute(_MOVE, step).first()
        if moved is None:
            insert_new(CreditBalance, {"store_id": store_id, "balance": 0, "reserved": 0})
            moved = connection.execute(_MOVE, step).one()
        if moved.low_at is None and credits < 0:
            settings = store_settings(db.session.get_one(Store, store_id))
            if settings.credits and is_crossing(moved.balance - credits, moved.balance, settings.low_credit_below):
                _mark(store_id, now)


def _mark(store_id: int, low_at: datetime | None) -> None:
    db.session.execute(
        sa.update(CreditBalance)
        .where(CreditBalance.store_id == store_id)
        .values(low_at=low_at, low_told_at=None)
        .execution_options(synchronize_session=False)
    )
