"""The two activities of a contact: it waits on stock, and what it waited for is back in stock.

Neither has a table of its own. An alert request *is* "Waiting on stock", and "Back in stock" is a change of stock from 0
to at least 1 joined with the requests that waited at that moment; both are written down already, each once. A row for
each person and restock would say the same again a million times, could disagree with them, and would have to be erased
and aged beside them. They are kept as long as the store keeps requests (``request_days``): who would age out is asked
before, and the merchant is warned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.inventory.models import StockChange
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings
from nexnotify.waitlist.models import AlertRequest, WantedVariant
from nexnotify.words import N_

Activity = Literal["waiting_on_stock", "back_in_stock"]
WAITING: Activity = "waiting_on_stock"
BACK_IN_STOCK: Activity = "back_in_stock"
#: Activity → what a merchant calls it.
NAMES: dict[str, str] = {WAITING: N_("Waiting on stock"), BACK_IN_STOCK: N_("Back in stock")}

#: Literally, as in the partial index of these changes: from nothing to sell to something, whatever the store's minimum.
CAME_BACK = sa.text(
    "stock_change.applied AND stock_change.available_before <= 0"
    " AND (stock_change.available_after >= 1 OR stock_change.available_after IS NULL)"
)


def kept_since(settings: StoreSettings, now: datetime) -> datetime | None:
    """Activities before this moment have aged out; None: none ever does."""
    return None if settings.request_days is None else now - timedelta(days=settings.request_days)


def waiting_on_stock(store: Store, since: datetime | None) -> sa.Select[Any]:
    """Requests whose shopper waits or waited: (request, its variant). One that still waits has not aged out."""
    statement: Any = (
        sa.select(AlertRequest, Variant)
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
        .where(AlertRequest.store_id == store.id)
    )
    if since is None:
        return statement
    kept_from = sa.func.coalesce(AlertRequest.renewed_at, AlertRequest.created_at)
    return statement.where(sa.or_(kept_from >= since, AlertRequest.status == "waiting"))


def back_in_stock(store: Store, since: datetime | None) -> sa.Select[Any]:
    """What came back for those who waited for it then: (request, the variant that came back, the change of stock)."""
    statement: Any = (
        sa.select(AlertRequest, Variant, StockChange)
        .select_from(StockChange)
        .join(Variant, sa.and_(Variant.store_id == StockChange.store_id, Variant.id == StockChange.variant_id))
        .join(AlertRequest, sa.and_(AlertRequest.store_id == StockChange.store_id, _is_about()))
        .where(StockChange.store_id == store.id, CAME_BACK, *_waited())
    )
    return statement if since is None else statement.where(StockChange.at >= since)


def _is_about() -> Any:
    """The request is about the variant that changed, at its place: it alone, any of its product, or one of several."""
    asked = sa.orm.aliased(Variant)
    of_product = sa.exists().where(
        asked.store_id == AlertRequest.store_id,
        asked.id == AlertRequest.variant_id,
        asked.product_id == Variant.product_id,
    )
    listed = sa.exists().where(
        WantedVariant.store_id == AlertRequest.store_id,
        WantedVariant.request_id == AlertRequest.id,
        WantedVariant.variant_id == StockChange.variant_id,
    )
    variant = sa.or_(
        AlertRequest.variant_id == StockChange.variant_id,
        sa.and_(AlertRequest.scope == "product", of_product),
        sa.and_(AlertRequest.scope == "listed", listed),
    )
    return sa.and_(variant, AlertRequest.region_id.is_not_distinct_from(StockChange.region_id))


def _waited() -> tuple[Any, ...]:
    """The request waited at that moment; who kept a place has waited again since, though told before."""
    at = StockChange.at
    return (
        AlertRequest.created_at <= at,
        (AlertRequest.status + "") != "pending",
        sa.or_(AlertRequest.closed_at.is_(None), AlertRequest.closed_at > at),
        sa.or_(AlertRequest.alerted_at.is_(None), AlertRequest.alerted_at >= at, AlertRequest.kept_at <= at),
    )


def came_back(since: datetime, *conditions: Any) -> Any:
    """Whether something that a request waited for came back since: a condition on requests."""
    return (
        sa.exists()
        .where(
            StockChange.store_id == AlertRequest.store_id,
            Variant.store_id == StockChange.store_id,
            Variant.id == StockChange.variant_id,
            CAME_BACK,
            StockChange.at >= since,
            _is_about(),
            *_waited(),
            *conditions,
        )
        .correlate(AlertRequest)
    )


def came_back_for(store: Store, contact_ids: Sequence[int], since: datetime | None, most: int | None) -> Sequence[Any]:
    """The newest times that something came back that these contacts waited for: (request, variant, change)."""
    theirs = AlertRequest.contact_id.in_(list(contact_ids))
    statement = back_in_stock(store, since).options(joinedload(Variant.product)).where(theirs)
    statement = statement.order_by(StockChange.id.desc()).limit(most)
    return db.session.execute(statement).all()
