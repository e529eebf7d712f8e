"""What somebody wants changed about an open request: in words, and in its story."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.catalog.regions import place_names
from nexnotify.db import db
from nexnotify.reports.words import line
from nexnotify.waitlist.models import AlertRequest, ChangedWish
from nexnotify.words import N_

_ANY_OF_PRODUCT = N_("any variant of the product")
_NEWS = {
    "preordered": N_("as soon as it can be preordered"),
    "backordered": N_("as soon as it can be backordered"),
}
#: How a wish ended → in words.
_ENDED = {
    "taken": N_("It was changed so."),
    "refused": N_("The shopper said no: it stays as it was."),
    "overtaken": N_("Another change was asked for since: that one is void."),
    "not_asked": N_("The shopper could not be asked about the change: it stays as it was."),
    "lapsed": N_("Nobody said yes to the change in time: it stays as it was."),
}


def _words(wish: ChangedWish) -> list[str]:
    """What it is to be from now on, each part by itself."""
    parts = [N_("1 unit") if wish.quantity == 1 else N_("%(quantity)s units", quantity=wish.quantity)]
    if wish.scope == "product":
        parts.append(_ANY_OF_PRODUCT)
    elif wish.scope == "listed":
        parts.append(N_("any of %(names)s", names=", ".join(_names(wish))))
    if place := place_names(wish.store_id, {wish.region_id}).get(wish.region_id or 0):
        parts.append(N_("only stock at %(place)s", place=place[2]))
    if wish.intent in _NEWS:
        parts.append(_NEWS[wish.intent])
    return parts


def _names(wish: ChangedWish) -> list[str]:
    found = db.session.scalars(
        sa.select(Variant)
        .where(Variant.store_id == wish.store_id, Variant.id.in_(wish.variant_ids))
        .order_by(Variant.id)
        .options(sa.orm.joinedload(Variant.product))
    )
    return [" ".join(filter(None, (variant.product.title, variant.name))) for variant in found]


def wish_lines(request: AlertRequest) -> list[dict[str, Any]]:
    """For the story of a request: what was to be changed, and what became of that."""
    rows = db.session.scalars(
        sa.select(ChangedWish)
        .where(ChangedWish.store_id == request.store_id, ChangedWish.request_id == request.id)
        .order_by(ChangedWish.id)
    )
    return [told for wish in rows for told in _lines(wish)]


def _lines(wish: ChangedWish) -> list[dict[str, Any]]:
    first, *others = _words(wish)
    for other in others:
        first = N_("%(first)s; %(other)s", first=first, other=other)
    words = N_("Somebody who knows the address, in another browser, wants it changed: %(what)s.", what=first)
    lines = [line(wish.wished_at, "change_wished", words)]
    if wish.ended_at is not None:
        lines.append(line(wish.ended_at, f"change_{wish.outcome}", _ENDED[wish.outcome or ""]))
    return lines
