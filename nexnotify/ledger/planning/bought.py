"""Who has bought meanwhile what they wait for, or something that does as well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.substitutes import stand_ins
from nexnotify.customers.models import Customer
from nexnotify.db import IdIn, db
from nexnotify.orders.models import UNDONE, Order, OrderLine
from nexnotify.waitlist.models import AlertRequest

_request, _customer, _order, _line = (
    AlertRequest.__table__,
    Customer.__table__,
    Order.__table__,
    OrderLine.__table__,
)
_SOLD = sa.select(sa.exists().select_from(_line).where(IdIn(_line.c.variant_id, "b_variants")))


def _bought_by(column: sa.Column[int]) -> sa.Select[tuple[int, int]]:
    """(request, variant) of what was ordered with an address of this column, of the order's or of its customer's.

    From the requests on, one table after the other: where the store stood as a value, or the variants as a column, SQLite
    would begin with all that the store ever sold.
    """
    theirs = sa.and_(column.table.c.store_id == _request.c.store_id + 0, column == _request.c.contact_id)
    if column.table is _order:
        found = _request.join(_order, theirs)
    else:
        ordered = sa.and_(_order.c.store_id == _customer.c.store_id + 0, _order.c.customer_id == _customer.c.id)
        found = _request.join(_customer, theirs).join(_order, ordered)
    of_order = sa.and_(_line.c.store_id == _order.c.store_id + 0, _line.c.order_id == _order.c.id)
    return (
        sa.select(_request.c.id, _line.c.variant_id)
        .select_from(found.join(_line, of_order))
        .where(
            IdIn(_request.c.id),
            _request.c.store_id + 0 == sa.bindparam("b_store"),
            IdIn(_line.c.variant_id + 0, "b_variants"),
            (_order.c.status + "").not_in(UNDONE),
            sa.or_(_order.c.placed_at >= _request.c.created_at, _order.c.placed_at >= sa.bindparam("b_since")),
        )
    )


_sibling = _request.alias("sibling")
# Not the bare column: SQLite would read the index of all who ever asked on several channels. No group is 0.
_group = sa.func.coalesce(_request.c.asked_with, 0)
_ASKED_WITH = (
    sa.select(_request.c.id, _sibling.c.id)
    .join(
        _sibling,
        sa.and_(
            _sibling.c.store_id == _request.c.store_id,
            _sibling.c.asked_with == _group,
            _sibling.c.id != _request.c.id,
        ),
    )
    .where(IdIn(_request.c.id))
)
_BOUGHT = sa.union_all(
    *(_bought_by(table.c[name]) for table in (_order, _customer) for name in ("sms_contact_id", "email_contact_id"))
)


def have_bought(store_id: int, asked: Mapping[int, int], days: int | None, now: datetime) -> set[int]:
    """Those of these requests (id → variant) whose person has ordered it since asking, or in so many days before.

    A substitute of the product counts like itself, and an order by an address with which they asked on another channel
    in the same form. Two statements, or four where the product has ever been ordered.

    :param days: None switches the rule off.
    """
    if days is None or not asked:
        return set()
    counts = stand_ins(store_id, list(set(asked.values())))
    variants = list({other for others in counts.values() for other in others})
    connection = db.session.connection()
    if not connection.scalar(_SOLD, {"b_variants": variants}):
        return set()
    theirs = {id: {id} for id in asked}
    for own, sibling in connection.execute(_ASKED_WITH, {"b_ids": list(asked)}):
        theirs.setdefault(sibling, set()).add(own)
    values = {"b_store": store_id, "b_ids": list(theirs), "b_variants": variants, "b_since": now - timedelta(days=days)}
    rows: Any = connection.execute(_BOUGHT, values)
    return {own for id, variant_id in rows for own in theirs[id] if variant_id in counts[asked[own]]}
