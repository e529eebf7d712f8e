"""Token values from rows."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from flask import current_app
from itsdangerous import URLSafeSerializer

from nexnotify.catalog.models import Variant
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


def price_text(price: Decimal | None, currency: str) -> str | None:
    """A price as the message writes it: "20.00 USD"."""
    return None if price is None else f"{price:.2f} {currency}"


#: What ends messages must not confirm any, nor the other way round: each kind of link is signed with a key of its own.
_PREFERENCES, _CONFIRM = "nexnotify.preferences", "nexnotify.confirm"


def _serializer(salt: str) -> URLSafeSerializer:
    # Oldest first: the last key signs, all of them are accepted, so links outlive a rotation.
    keys = (*reversed(current_app.config["SECRET_KEY_FALLBACKS"]), current_app.config["SECRET_KEY"])
    return _serializer_of(salt, *keys)


@cache
def _serializer_of(salt: str, *keys: str) -> URLSafeSerializer:
    return URLSafeSerializer(list(keys), salt=salt)


def stop_url(store_id: int, contact_id: int) -> str:
    """The signed address of a contact's preference page."""
    return f"{_base()}/s/{_serializer(_PREFERENCES).dumps([store_id, contact_id])}"


def confirm_url(store_id: int, request_id: int) -> str:
    """The signed address of the page on which a shopper says yes to a question about a request."""
    return f"{_base()}/s/yes/{_serializer(_CONFIRM).dumps([store_id, request_id])}"


def _base() -> str:
    base: str = current_app.extensions["nexnotify"].settings.public_url
    return base


def read_preference_token(token: str) -> tuple[int, int]:
    """Store and contact of a preference address.

    :raises itsdangerous.BadSignature: not one of ours.
    """
    store_id, contact_id = _serializer(_PREFERENCES).loads(token)
    return int(store_id), int(contact_id)


def read_confirm_token(token: str) -> tuple[int, int]:
    """Store and request of the address of a question.

    :raises itsdangerous.BadSignature: not one of ours.
    """
    store_id, request_id = _serializer(_CONFIRM).loads(token)
    return int(store_id), int(request_id)
