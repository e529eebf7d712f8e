"""What the shop's pages tell by the tracking and order-confirmation codes. Anybody can send it, so it is only counted."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue
from pydantic import AfterValidator, BeforeValidator, Field

from nexnotify.clock import utcnow
from nexnotify.customers.service import count_signup, normalise
from nexnotify.db import transaction
from nexnotify.errors import TooMany
from nexnotify.outcomes.page_orders import PageLine, PageOrderData, take_page_order
from nexnotify.outcomes.scanners import ROBOTS
from nexnotify.outcomes.views import count_signup_seen, count_view, see_code
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.web.payloads import Payload, Text, Visitor, one_line, read_body
from nexnotify.web.signups import network_of
from nexnotify.web.widget import cross_origin, small_bodies_only, store_of
from nexnotify.web.widget_config import find_offers

blueprint = Blueprint("tracking", __name__)
blueprint.before_request(small_bodies_only)
blueprint.after_request(cross_origin)

#: Products of one view, and lines of one order, that are looked at.
MAX_PARTS = 20
#: Orders that pages may tell in ten minutes, from one address and for one store: each is a row.
ORDERS_PER_IP, ORDERS_PER_STORE = 30, 3000


class PlacePayload(Payload):
    """A product, named as pages name it."""

    sku: Text | None = None
    variant_id: Text | None = None
    product: Text | None = None

    @property
    def name(self) -> tuple[str, str] | None:
        """As :func:`find_offers` takes it."""
        given = (("sku", self.sku), ("variant_id", self.variant_id), ("product", self.product))
        return next(((kind, value) for kind, value in given if value), None)


class ViewPayload(Payload):
    products: list[PlacePayload] = Field(min_length=1, max_length=MAX_PARTS)
    #: A "signup" is one that the widget has just sent.
    what: Literal["view", "signup"] = "view"
    consent: bool = False


class OrderLinePayload(Payload):
    sku: Text | None = None
    variant_id: Text | None = None
    quantity: Annotated[int, Field(ge=0, le=1_000_000)] = 1


def read_reference(value: str | None) -> str | None:
    """An order's number; None for nothing, and for a merge tag that the shop has not filled in."""
    return None if not value or re.search(r"[{}%<>\[\]]", value) else value


def read_amount(value: Any) -> Decimal | None:
    """What stands beside "Total": ``1234.5``, ``$1,234.50``, ``1.234,50 €``. None for what is no amount."""
    text = re.sub(r"[^\d.,]", "", str(value)) if isinstance(value, (str, int, float)) else ""
    if not re.fullmatch(r"\d{1,3}(?:[.,]\d{3})*(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?", text):
        return None
    whole, mark, cents = re.fullmatch(r"(.*?)(?:([.,])(\d{1,2}|\d{4,}))?", text).groups()  # type: ignore[union-attr]
    digits = re.sub(r"\D", "", whole)
    return Decimal(f"{digits}.{cents[:4]}" if mark else digits) if len(digits) <= 9 else None


class PageOrderPayload(Payload):
    order: Annotated[
        Annotated[str, Field(max_length=100)] | None, BeforeValidator(one_line), AfterValidator(read_reference)
    ] = None
    total: Annotated[Decimal | None, BeforeValidator(read_amount)] = None
    currency: Annotated[str, Field(max_length=20)] | None = None
    lines: list[OrderLinePayload] = Field([], max_length=MAX_PARTS)
    visitor: Visitor | None = None
    phone: Annotated[str, Field(max_length=60)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    consent: bool = False


@blueprint.post("/<store_key>/views")
def views(store_key: str) -> ResponseReturnValue:
    """Count a view of products, or a sign-up of somebody whose views are counted. The answer is always the same."""
    store, told, now = store_of(store_key), read_body(ViewPayload), utcnow()
    if not _counts(store, told.consent):
        return "", 204
    names = [place.name for place in told.products if place.name]
    offers = {offer.product.id: offer for offer in find_offers(store, dict.fromkeys(names)).values()}
    with transaction():
        _limit(store, "view", current_app.extensions["nexnotify"].settings.tracked_per_ip, now)
        see_code(store, "view", _origin(), "" if offers else "product", now)
        for product_id, offer in sorted(offers.items()):  # rows are always locked in one order
            if told.what == "signup":
                count_signup_seen(store, product_id, now)
            else:
                shown = [offer.chosen] if offer.chosen else offer.choices
                count_view(store, product_id, now, unavailable=any(choice.channels for choice in shown))
    return "", 204


@blueprint.post("/<store_key>/orders")
def orders(store_key: str) -> ResponseReturnValue:
    """Take down an order as a page tells it. The answer is the same whether it is news, known, or nobody's."""
    store, told, now = store_of(store_key), read_body(PageOrderPayload), utcnow()
    if not _counts(store, told.consent):
        return "", 204
    data = PageOrderData(
        told.order,
        currency if re.fullmatch(r"[A-Z]{3}", currency := (told.currency or "").upper()) else None,
        told.total,
        [PageLine(line.sku, line.variant_id, line.quantity) for line in told.lines],
        # Who somebody is takes their consent, whatever the store asks for.
        *((told.visitor, _address(store, "sms", told.phone), _address(store, "email", told.email)) * told.consent),
    )
    with transaction():
        _limit(store, "order", ORDERS_PER_IP, now)
        if not count_signup(store, "orders of pages", ORDERS_PER_STORE, now):
            raise TooMany()
        see_code(store, "order", _origin(), "" if told.order else "number", now)
        take_page_order(store, data, now)
    return "", 204


def _counts(store: Store, consent: bool) -> bool:
    """Whether it may be counted: no robot's, no page's fetched ahead, and agreed to where that is asked for."""
    ahead = request.headers.get("Sec-Purpose") or request.headers.get("Purpose") or ""
    is_refused = "1" in (request.headers.get("Sec-GPC"), request.headers.get("DNT"))
    if is_refused or "prefetch" in ahead or ROBOTS.search(request.headers.get("User-Agent") or ""):
        return False
    return consent or not store_settings(store).storefront_code.require_consent


def _limit(store: Store, what: str, limit: int, now: datetime) -> None:
    if not count_signup(store, f"{what} ip {network_of(request.remote_addr)}", limit, now):
        raise TooMany()


def _origin() -> str:
    return (request.headers.get("Origin") or "").lower()


def _address(store: Store, channel: str, typed: str | None) -> str | None:
    """The address in its one written form; None for what is none, such as a merge tag that was not filled in."""
    try:
        return normalise(store, channel, typed) if typed else None
    except (InvalidPhone, InvalidEmail):
        return None
