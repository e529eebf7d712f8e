"""An audience as rows of the database: whom a send is for, before and while it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.campaigns.models import Send
from nexnotify.campaigns.told import of_told, told_by
from nexnotify.campaigns.waitlist import of_requests, requests_meeting
from nexnotify.customers.models import Customer
from nexnotify.customers.search import OPT_INS, found_by
from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Alert
from nexnotify.orders.models import ORDER_STATUSES, Order, Ticket
from nexnotify.orders.search import matches
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest

#: Most rows that are ticked one by one, or kept by their ids.
MOST_PICKED = 5000
MODELS: Mapping[str, Any] = {
    "customers": Customer,
    "orders": Order,
    "tickets": Ticket,
    "waitlist": AlertRequest,
    "told": Alert,
}
_NOBODY = sa.cast(sa.null(), sa.BigInteger)


@dataclass(frozen=True, slots=True)
class Audience:
    """Rows of one source: those picked, or all that match a filter."""

    source: str
    picked: Sequence[int] | None
    filter: Mapping[str, Any]
    #: Rows with greater ids came later and are not meant.
    up_to: int | None = None

    def values(self, name: str = "b_picked") -> dict[str, Any]:
        """What a statement over :meth:`rows` is executed with."""
        return {} if self.picked is None else {name: list(self.picked)}

    def rows(self, store: Store, name: str = "b_picked") -> sa.Select[Any]:
        """Columns ``id`` (of the source), ``customer_id``, ``order_id``, ``ticket_id``, ``request_id``, ``contact_id``
        (null: no number), ``first_name`` and ``last_name``.

        :param name: of the parameter that the ids are; two audiences in one statement need two.
        """
        model = MODELS[self.source]
        by = str(self.filter.get("by") or "sms")
        statement = of_requests(by) if self.source == "waitlist" else _WAYS[self.source]()
        statement = statement.where(model.store_id == store.id)
        if self.up_to is not None:
            statement = statement.where(model.id <= self.up_to)
        if self.picked is not None:
            return statement.where(IdIn(model.__table__.c.id, name))
        return statement.where(*_conditions(store, self.source, self.filter))


def audience_of(send: Send) -> Audience:
    """A send's."""
    return Audience(send.source, send.picked, send.filter, send.up_to)


def newest(store: Store, source: str) -> int:
    """The greatest id that a source has."""
    model = MODELS[source]
    return db.session.scalar(sa.select(sa.func.max(model.id)).where(model.store_id == store.id)) or 0


def ids_matching(store: Store, source: str, filter_: Mapping[str, Any], most: int) -> list[int]:
    """At most ``most`` ids of rows that match a filter."""
    model = MODELS[source]
    statement = sa.select(model.id).where(model.store_id == store.id, *_conditions(store, source, filter_))
    return list(db.session.scalars(statement.limit(most)))


def count_matching(store: Store, source: str, filter_: Mapping[str, str], most: int) -> int:
    """How many rows match a filter, counted up to ``most``."""
    model = MODELS[source]
    statement = sa.select(model.id).where(model.store_id == store.id, *_conditions(store, source, filter_)).limit(most)
    return db.session.scalar(sa.select(sa.func.count()).select_from(statement.subquery())) or 0


def belonging(store: Store, source: str, ids: Sequence[int]) -> list[int]:
    """Those of the ids that are rows of this store, in order."""
    model = MODELS[source]
    if not ids:
        return []
    statement = sa.select(model.id).where(model.store_id == store.id, IdIn(model.__table__.c.id)).order_by(model.id)
    return list(db.session.connection().scalars(statement, {"b_ids": list(ids)}))


def _conditions(store: Store, source: str, filter_: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """The filter of a list, as the list itself applies it."""
    if source == "waitlist":
        return requests_meeting(store, filter_)
    if source == "told":
        return told_by(filter_)
    search = str(filter_.get("q", ""))
    found: list[sa.ColumnElement[bool]] = []
    if source == "customers":
        found.append(Customer.erased_at.is_(None))
        if filter_.get("opt_in") in OPT_INS:
            found.append(Customer.sms_opt_in.is_(OPT_INS[filter_["opt_in"]]))
        if search:
            try:
                found.append(found_by(store, search))
            except (InvalidPhone, InvalidEmail):
                found.append(sa.false())
        return found
    if filter_.get("status") in ORDER_STATUSES:
        found.append(Order.status == filter_["status"])
    if filter_.get("placed_from"):
        found.append(_placed_from(str(filter_["placed_from"])))
    return [*found, matches(store, search)] if search else found


def _placed_from(moment: str) -> sa.ColumnElement[bool]:
    """Orders placed since; none at all where it is no moment, rather than too many."""
    try:
        return Order.placed_at >= datetime.fromisoformat(moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return sa.false()


def _of_customers() -> sa.Select[Any]:
    columns: tuple[Any, ...] = (
        Customer.id,
        Customer.id.label("customer_id"),
        _NOBODY.label("order_id"),
        _NOBODY.label("ticket_id"),
        _NOBODY.label("request_id"),
        Customer.sms_contact_id.label("contact_id"),
        Customer.first_name,
        Customer.last_name,
    )
    return sa.select(*columns)


def _of_records(model: Any) -> sa.Select[Any]:
    """Orders or tickets: what came with them goes before what the customer has, as in ``orders.people``."""
    known, named = sa.orm.aliased(Customer), sa.orm.aliased(Customer)

    def told(column: str) -> Any:
        ways = (getattr(source, column) for source in (model, known, named))
        return sa.func.coalesce(*ways).label(column)

    return (
        sa.select(
            model.id,
            sa.func.coalesce(known.id, named.id).label("customer_id"),
            (model.id if model is Order else _NOBODY).label("order_id"),
            (model.id if model is Ticket else _NOBODY).label("ticket_id"),
            _NOBODY.label("request_id"),
            told("sms_contact_id").label("contact_id"),
            told("first_name"),
            told("last_name"),
        )
        .outerjoin(known, sa.and_(known.store_id == model.store_id, known.id == model.customer_id))
        .outerjoin(
            named,
            sa.and_(
                named.store_id == model.store_id,
                named.external_id == model.customer_ref,
                model.customer_id.is_(None),
            ),
        )
    )


#: Source → its rows.
_WAYS: Mapping[str, Callable[[], sa.Select[Any]]] = {
    "customers": _of_customers,
    "orders": lambda: _of_records(Order),
    "tickets": lambda: _of_records(Ticket),
    "told": of_told,
}
