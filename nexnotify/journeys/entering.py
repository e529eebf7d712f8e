"""Activities that have occurred bring people into journeys, each person and activity once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Product, Variant
from nexnotify.db import db, insert_ignore
from nexnotify.inventory.models import StockChange
from nexnotify.journeys.models import Journey, JourneyPerson
from nexnotify.waitlist.activities import BACK_IN_STOCK, CAME_BACK
from nexnotify.waitlist.conditions import Item
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.scope import FIRST_OF, Way, who_waits

#: People who come in in one transaction.
PIECE = 2000
#: So far back is looked again: a transaction that was open at the last look may have brought something since.
OVERLAP = timedelta(minutes=2)


class Place(NamedTuple):
    """How far one look at a journey's activities came."""

    journey_id: int
    #: When the look began; what comes later is the next one's.
    began: datetime
    #: The change of stock, or the moment and the request, looked at last.
    after: tuple[Any, ...] = ()


def looking(now: datetime) -> list[Place]:
    """Where to begin with each journey that is on."""
    return [
        Place(id, now) for id in db.session.scalars(sa.select(Journey.id).where(Journey.is_on).order_by(Journey.id))
    ]


def let_in(place: Place) -> Place | None:
    """Let the next people of a journey in.

    Whoever is in it already is passed over, so a worker that was killed, or a second one, lets nobody in twice.

    :returns: how far it came; None when everything has been looked at.
    """
    journey = db.session.scalars(
        sa.select(Journey)
        .where(Journey.id == place.journey_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()
    if journey is None or not journey.is_on or journey.on_since is None or journey.looked_at is None:
        return None
    since = max(journey.on_since, journey.looked_at - OVERLAP)
    next_place = (_came_back if journey.trigger == BACK_IN_STOCK else _began_to_wait)(journey, since, place)
    if next_place is None:
        journey.looked_at = min(place.began, _oldest_unseen(journey) or place.began)
        db.session.flush()
    return next_place


def _oldest_unseen(journey: Journey) -> datetime | None:
    """The oldest change of stock that restock detection has not looked at: it is nobody's occurrence yet."""
    unseen = (sa.text("stock_change.looked_at IS NULL"), StockChange.store_id == journey.store_id)
    return db.session.scalar(sa.select(sa.func.min(StockChange.at)).where(*unseen))


# --- somebody waits ------------------------------------------------------------------------------------------------


def _began_to_wait(journey: Journey, since: datetime, place: Place) -> Place | None:
    rows = db.session.execute(_waiting(journey, since, place).limit(PIECE)).all()
    found = [
        (request_id, contact_id, variant_id, 0, at)
        for request_id, contact_id, variant_id, at, source, *item in rows
        if journey.where.takes_source(source) and journey.where.takes_item(Item(*item))
    ]
    columns = ("request_id", "contact_id", "variant_id", "occurrence", "occurred_at")
    values = [
        dict(zip(columns, row, strict=True), store_id=journey.store_id, journey_id=journey.id, state="inside")
        for row in found
    ]
    if values:
        db.session.connection().execute(insert_ignore(JourneyPerson.__table__), values)
    return place._replace(after=(rows[-1][3], rows[-1][0])) if len(rows) == PIECE else None


def _waiting(journey: Journey, since: datetime, place: Place) -> sa.Select[Any]:
    """Who began to wait since, by the index of those who wait; who only said yes once more is in the journey already."""
    at = AlertRequest.renewed_at
    statement: Any = (
        sa.select(
            AlertRequest.id,
            AlertRequest.contact_id,
            AlertRequest.variant_id,
            at,
            AlertRequest.source,
            Variant.sku,
            Product.external_id,
            Product.tags,
        )
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
        .join(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
        .where(
            AlertRequest.store_id == journey.store_id,
            sa.text("alert_request.status = 'waiting' AND alert_request.renewal_asked_at IS NULL"),
            at >= since,
            AlertRequest.created_at >= journey.on_since,
            ~_is_in(journey.id, AlertRequest.id, 0),
        )
        .order_by(at, AlertRequest.id)
    )
    if place.after:
        moment, request_id = place.after
        statement = statement.where(sa.or_(at > moment, sa.and_(at == moment, AlertRequest.id > request_id)))
    return statement


# --- something is back in stock ------------------------------------------------------------------------------------


def _came_back(journey: Journey, since: datetime, place: Place) -> Place | None:
    change_id, request_id = place.after or (0, 0)
    for change, variant in _changes(journey, since, change_id):
        if not journey.where.takes_item(item_of(variant, change)):
            continue
        after = request_id if change.id == change_id else 0
        if last := _let_in_waiting(journey, change, after):
            return place._replace(after=(change.id, last))
    return None


def _changes(journey: Journey, since: datetime, first: int) -> Sequence[tuple[StockChange, Variant]]:
    rows = db.session.execute(
        sa.select(StockChange, Variant)
        .options(joinedload(Variant.product, innerjoin=True))
        .join(Variant, sa.and_(Variant.store_id == StockChange.store_id, Variant.id == StockChange.variant_id))
        .where(StockChange.store_id == journey.store_id, CAME_BACK, StockChange.at >= since, StockChange.id >= first)
        # Whether it is a restock is known by then.
        .where(StockChange.looked_at.is_not(None))
        .order_by(StockChange.id)
    ).all()
    return [(change, variant) for change, variant in rows]


def item_of(variant: Variant, change: StockChange | None = None) -> Item:
    """What an activity of a variant is about."""
    product = variant.product
    return Item(variant.sku, product.external_id, product.tags, change.location_key if change else None)


_request, _person = AlertRequest.__table__, JourneyPerson.__table__


def _is_in(journey_id: Any, request_id: Any, occurrence: Any) -> Any:
    """Whether a request is in the journey for an occurrence already."""
    return sa.exists().where(
        _person.c.store_id == _request.c.store_id,
        _person.c.journey_id == journey_id,
        _person.c.request_id == request_id,
        _person.c.occurrence == occurrence,
    )


_ways = who_waits(
    [_request.c.id, _request.c.contact_id, _request.c.source],
    sa.bindparam("store_id"),
    sa.bindparam("variant_id"),
    sa.bindparam("first", type_=sa.BigInteger),
)


def _not_in_yet(way: Way) -> sa.Select[Any]:
    return (
        way.requests.where(
            way.id > sa.bindparam("after", type_=sa.BigInteger),
            _request.c.created_at <= sa.bindparam("at"),
            ~_is_in(sa.bindparam("journey"), _request.c.id, sa.bindparam("change", type_=sa.BigInteger)),
        )
        .order_by(way.id)
        .limit(PIECE)
    )


_ANYWHERE = [_not_in_yet(way.there(None)) for way in _ways]
_THERE = [_not_in_yet(way.there(sa.bindparam("region", type_=sa.BigInteger))) for way in _ways]


def _let_in_waiting(journey: Journey, change: StockChange, after: int) -> int:
    """Let those who wait for what came back, where it did, in, behind one of them.

    :returns: the last who was looked at; 0: there are no more.
    """
    where: dict[str, Any] = {"store_id": journey.store_id, "variant_id": change.variant_id}
    connection = db.session.connection()
    where |= {"first": connection.scalar(FIRST_OF, where), "after": after, "at": change.at}
    where |= {"journey": journey.id, "change": change.id}
    statements = _ANYWHERE
    if change.region_id is not None:
        statements, where["region"] = _THERE, change.region_id
    rows = sorted(row for statement in statements for row in connection.execute(statement, where).all())[:PIECE]
    values = [
        {
            "store_id": journey.store_id,
            "journey_id": journey.id,
            "request_id": request_id,
            "contact_id": contact_id,
            "variant_id": change.variant_id,
            "occurrence": change.id,
            "occurred_at": change.at,
            "state": "inside",
        }
        for request_id, contact_id, source in rows
        if journey.where.takes_source(source)
    ]
    if values:
        connection.execute(insert_ignore(JourneyPerson.__table__), values)
    return rows[-1][0] if len(rows) == PIECE else 0
