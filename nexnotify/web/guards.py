"""Who may come in. Every blueprint has a guard or is public on purpose; a test holds the list."""

from __future__ import annotations

from flask import g, request

from nexnotify.clock import utcnow
from nexnotify.db import transaction
from nexnotify.errors import Unauthorised
from nexnotify.stores.models import Store
from nexnotify.stores.service import key_use_is_stale, store_of_api_key


def store_api_key() -> None:
    """The storefront API: a bearer token names the store."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    found = store_of_api_key(secret.strip()) if scheme.lower() == "bearer" and secret.strip() else None
    if found is None:
        raise Unauthorised()
    key, store = found
    now = utcnow()
    if key_use_is_stale(key, now):
        with transaction():
            key.last_used_at = now
    g.store = store


def the_store() -> Store:
    """The store of this request, as its guard found it."""
    store: Store = g.store
    return store
