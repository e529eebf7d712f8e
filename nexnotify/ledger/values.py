"""Token values from rows."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import sqlalchemy as sa
from flask import current_app
from itsdangerous import URLSafeSerializer

from nexnotify.catalog.models import Region, Variant
from nexnotify.db import db
from nexnotify.stores.models import Store


def product_values(store: Store, variant: Variant) -> dict[str, str | None]:
    """What is the same for everybody who waits for a variant."""
    return {
        "store": store.name,
        "product": variant.product.title,
        "variant": variant.name,
        "price": price_text(variant.price, variant.currency),
        "url": variant.page_url,
    }


def delivery_promise(store: Store, region_id: int) -> str | None:
    """What the merchant promises those who wait in a region of when an order arrives; None: nothing."""
    return db.session.scalar(sa.select(Region.delivery).where(Region.store_id == store.id, Region.id == region_id))


def item_block(variant: Variant, values: dict[str, str | None]) -> str:
    """The item as lines: title, price, picture, link; what it does not have is left out."""
    title = ", ".join(filter(None, (variant.product.title, variant.name)))
    picture = variant.image_url or variant.product.image_url
    return "\n".join(filter(None, (title, values.get("price"), picture, values.get("url"))))


def price_text(price: Decimal | None, currency: str) -> str | None:
    """A price as the message writes it: "20.00 USD"."""
    return None if price is None else f"{price:.2f} {currency}"


def _serializer(purpose: str) -> URLSafeSerializer:
    # Oldest first: the last key signs, all of them are accepted, so links outlive a rotation.
    keys = (*reversed(current_app.config["SECRET_KEY_FALLBACKS"]), current_app.config["SECRET_KEY"])
    return _serializer_of(purpose, *keys)


@cache
def _serializer_of(purpose: str, *keys: str) -> URLSafeSerializer:
    # What is signed for one purpose is worth nothing for another.
    return URLSafeSerializer(list(keys), salt=f"nexnotify.{purpose}")


def stop_url(store_id: int, contact_id: int) -> str:
    """The signed address of a contact's preference page."""
    return f"{_base()}/s/{_serializer('preferences').dumps([store_id, contact_id])}"


def confirm_url(store_id: int, request_id: int) -> str:
    """The signed address of the page on which a shopper says yes to a question about a request."""
    return f"{_base()}/s/yes/{_serializer('confirm').dumps([store_id, request_id])}"


def products_url(store_id: int, message_id: int) -> str:
    """The signed address of the page that lists what a message to one person serves."""
    return f"{_base()}/s/products/{_serializer('products').dumps([store_id, message_id])}"


def _base() -> str:
    base: str = current_app.extensions["nexnotify"].settings.public_url
    return base


def read_preference_token(token: str) -> tuple[int, int]:
    """Store and contact of a preference address.

    :raises itsdangerous.BadSignature: not one of ours.
    """
    store_id, contact_id = _serializer("preferences").loads(token)
    return int(store_id), int(contact_id)


def read_products_token(token: str) -> tuple[int, int]:
    """Store and message of the address of a list of products.

    :raises itsdangerous.BadSignature: not one of ours.
    """
    store_id, message_id = _serializer("products").loads(token)
    return int(store_id), int(message_id)


def place_token(link_id: int) -> str:
    """What the button of a page carries that keeps the place of a short link."""
    return str(_serializer("place").dumps(link_id))


def read_place_token(token: str) -> int:
    """The short link of such a page.

    :raises itsdangerous.BadSignature: not one of ours.
    """
    return int(_serializer("place").loads(token))


def read_confirm_token(token: str) -> tuple[int, int]:
    """Store and request of the address of a question.

    :raises itsdangerous.BadSignature: not one of ours.
    """
    store_id, request_id = _serializer("confirm").loads(token)
    return int(store_id), int(request_id)
