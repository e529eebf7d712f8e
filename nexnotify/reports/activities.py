"""Activities of contacts: on a customer's page, in their file, in the API and to take away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.clock import isoformat, utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.inventory.models import StockChange
from nexnotify.reports.happening import Happening
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.activities import (
    BACK_IN_STOCK,
    NAMES,
    Activity,
    back_in_stock,
    came_back_for,
    kept_since,
    waiting_on_stock,
)
from nexnotify.waitlist.models import AlertRequest
from nexnotify.words import N_

#: Times that something came back that the story of a request tells of: the latest.
MOST_TIMES = 50
#: "Back in stock" has no id of its own: its place in a list is that of the change of stock, then that of the request.
_PLACES = 2**31


class Occurred(NamedTuple):
    """An activity of a contact."""

    activity: Activity
    #: Its place in the list: the next page goes on behind it.
    place: int
    request: AlertRequest
    contact: Contact
    variant: Variant
    #: What brought it back; None for those who wait.
    change: StockChange | None


def activities(
    store: Store, activity: Activity, variant_ids: Sequence[int] | None, after: int | None, most: int
) -> list[Occurred]:
    """Activities that the store still keeps, newest first.

    :param after: the place of the last one seen.
    """
    since = kept_since(store_settings(store), utcnow())
    back = activity == BACK_IN_STOCK
    statement: Any = back_in_stock(store, since) if back else waiting_on_stock(store, since)
    statement = statement.join(
        Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id)
    ).add_columns(Contact)
    if variant_ids is not None:
        statement = statement.where(Variant.id.in_(list(variant_ids)))
    order = (StockChange.id, AlertRequest.id) if back else (AlertRequest.id,)
    if after is not None:
        place = divmod(after, _PLACES) if back else (after,)
        statement = statement.where(sa.tuple_(*order) < sa.tuple_(*place))
    rows = db.session.execute(
        statement.options(joinedload(Variant.product)).order_by(*(column.desc() for column in order)).limit(most)
    ).all()
    return [_occurred(activity, *row) for row in rows]


def _occurred(activity: Activity, request: AlertRequest, variant: Variant, *rest: Any) -> Occurred:
    *changes, contact = rest
    change: StockChange | None = changes[0] if changes else None
    place = request.id if change is None else change.id * _PLACES + request.id
    return Occurred(activity, place, request, contact, variant, change)


def back_in_stock_lines(store_id: int, contact_ids: Sequence[int], most: int) -> list[Happening]:
    """What came back for these contacts, for their page."""
    return [
        Happening(change.at, NAMES[BACK_IN_STOCK], "ok", f"{item_name(variant)}.", "", ("request", request.id))
        for request, variant, change in _came_back(store_id, contact_ids, most)
    ]


def came_back_lines(request: AlertRequest) -> list[dict[str, Any]]:
    """What came back for one request, for its story."""
    store = db.session.get_one(Store, request.store_id)
    since = kept_since(store_settings(store), utcnow())
    mine = (AlertRequest.id == request.id, AlertRequest.contact_id == request.contact_id)
    rows = db.session.execute(
        back_in_stock(store, since)
        .options(joinedload(Variant.product))
        .where(*mine)
        .order_by(StockChange.id.desc())
        .limit(MOST_TIMES)
    ).all()
    return [
        {
            "at": change.at,
            "what": BACK_IN_STOCK,
            "words": N_("%(name)s was back in stock.", name=item_name(variant)),
        }
        for _, variant, change in reversed(rows)
    ]


def back_in_stock_file(store_id: int, contact_id: int) -> list[dict[str, Any]]:
    """The same for the person's own file."""
    return [
        {"at": isoformat(change.at), "product": f"{variant.product.title} {variant.name}".strip()}
        for _, variant, change in _came_back(store_id, [contact_id], None)
    ]


def _came_back(store_id: int, contact_ids: Sequence[int], most: int | None) -> Sequence[Any]:
    store = db.session.get_one(Store, store_id)
    return came_back_for(store, contact_ids, kept_since(store_settings(store), utcnow()), most)


def item_name(variant: Variant) -> str:
    """ "Tee, M / blue" """
    return ", ".join(filter(None, (variant.product.title, variant.name)))
