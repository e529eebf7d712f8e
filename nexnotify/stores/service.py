"""Opening stores, staff, keys, the audit trail, and the address index."""

from __future__ import annotations

import secrets as stdlib_secrets
import unicodedata
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app
from flask_security.utils import hash_password

from nexnotify.db import db
from nexnotify.errors import Conflict, Invalid
from nexnotify.secrets import keyed_hash, new_key, token_hash
from nexnotify.stores.home_settings import HomeSettings
from nexnotify.stores.models import ROLES, ApiKey, AuditEntry, InstanceSecret, Membership, StaffUser, Store
from nexnotify.stores.settings import merge_settings
from nexnotify.words import N_

#: How often ``last_used_at`` of a key is written at most.
LAST_USED_EVERY = timedelta(minutes=5)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128


def open_store(name: str, country: str, zone: str, locale: str, currency: str, now: datetime) -> Store:
    """A new store with its public key. Its gateways and templates are made by the stages that own them.

    :raises Invalid: a country, zone, language or currency that is none.
    """
    at_home = HomeSettings().model_dump()
    store = Store(key="nn_" + stdlib_secrets.token_urlsafe(15), name=name, settings={}, created_at=now, **at_home)
    merge_settings(store, {"country": country, "zone": zone, "locale": locale, "currency": currency.upper()})
    db.session.add(store)
    db.session.flush()
    return store


_BY_KEY = sa.select(Store).where(Store.key == sa.bindparam("key"))


def find_store(key: str) -> Store | None:
    """The store with this public key."""
    return db.session.scalar(_BY_KEY, {"key": key})


def create_api_key(store: Store, name: str, now: datetime) -> tuple[ApiKey, str]:
    """A new API key.

    :returns: the row, and the secret, which is shown once and kept nowhere.
    """
    secret = "nnk_" + stdlib_secrets.token_urlsafe(32)
    key = ApiKey(store_id=store.id, name=name, prefix=secret[:10], hash=token_hash(secret), created_at=now)
    db.session.add(key)
    db.session.flush()
    return key, secret


def revoke_api_key(store: Store, key_id: int, now: datetime) -> ApiKey | None:
    """End a key at once; None when the store has no such key."""
    key = db.session.scalar(sa.select(ApiKey).where(ApiKey.store_id == store.id, ApiKey.id == key_id))
    if key and not key.revoked_at:
        key.revoked_at = now
    return key


def store_of_api_key(secret: str) -> tuple[ApiKey, Store] | None:
    """The key and store behind a bearer token, unless it was revoked."""
    row = db.session.execute(
        sa.select(ApiKey, Store)
        .join(Store, Store.id == ApiKey.store_id)
        .where(ApiKey.hash == token_hash(secret), ApiKey.revoked_at.is_(None))
    ).first()
    return (row[0], row[1]) if row else None


def key_use_is_stale(key: ApiKey, now: datetime) -> bool:
    """Whether ``last_used_at`` is worth a write."""
    return key.last_used_at is None or now - key.last_used_at > LAST_USED_EVERY


def check_password(password: str, email: str) -> None:
    """Refuse a password that is too short, endless, or the email.

    :raises Invalid: with what to do.
    """
    words = ""
    if len(password) < SHORTEST_PASSWORD:
        words = N_("A password needs at least %(shortest_password)s characters.", shortest_password=SHORTEST_PASSWORD)
    elif len(password) > LONGEST_PASSWORD:
        words = N_("A password has at most %(longest_password)s characters.", longest_password=LONGEST_PASSWORD)
    elif password.strip().lower() == email.lower():
        words = N_("The password must not be the email.")
    if words:
        raise Invalid(words, fields={"password": words})


def one_spelling(password: str) -> str:
    """The password with each character in one spelling: keyboards differ in how they write an umlaut."""
    return unicodedata.normalize("NFKD", password)


def hashed(password: str) -> str:
    """How a password is kept."""
    text: str = hash_password(one_spelling(password))
    return text


def create_user(store: Store, email: str, password: str, role: str, now: datetime) -> StaffUser:
    """A staff user with a role in the store; a person who exists already gains the store."""
    if role not in ROLES:
        raise Invalid(
            N_("The role must be one of %(roles)s.", roles=", ".join(ROLES)), fields={"role": N_("unknown role")}
        )
    user = db.session.scalar(sa.select(StaffUser).where(StaffUser.email == email))
    if user is None:
        check_password(password, email)
        user = StaffUser(
            email=email,
            password=hashed(password),
            active=True,
            fs_uniquifier=stdlib_secrets.token_hex(32),
            created_at=now,
        )
        db.session.add(user)
        db.session.flush()
    elif membership_of(user.id, store.id):
        raise Conflict(N_("%(email)s belongs to this store already.", email=email))
    db.session.add(Membership(store_id=store.id, user_id=user.id, role=role))
    db.session.flush()
    return user


def membership_of(user_id: int, store_id: int) -> Membership | None:
    """The user's membership of a store."""
    return db.session.scalar(
        sa.select(Membership).where(Membership.user_id == user_id, Membership.store_id == store_id)
    )


def memberships_of(user_id: int) -> list[Membership]:
    """All stores of a user, by name."""
    statement = sa.select(Membership).join(Store, Store.id == Membership.store_id)
    return list(db.session.scalars(statement.where(Membership.user_id == user_id).order_by(Store.name)))


def audit(store: Store, action: str, user_id: int | None, now: datetime, **detail: Any) -> None:
    """Write down who changed what."""
    db.session.add(AuditEntry(store_id=store.id, at=now, user_id=user_id, action=action, detail=detail))


# --- the address index ---------------------------------------------------------------------------------------------


def make_index_key() -> None:
    """Make the key of the address index, once per installation (``init`` calls it)."""
    if db.session.get(InstanceSecret, "address_index") is None:
        cipher = current_app.extensions["nexnotify"].cipher
        db.session.add(InstanceSecret(name="address_index", ciphertext=cipher.encrypt(new_key())))
        db.session.flush()


def index_key() -> bytes:
    """The key of the address index, read once per process."""
    house = current_app.extensions["nexnotify"]
    if house.index_key is None:
        secret = db.session.get(InstanceSecret, "address_index")
        if secret is None:
            raise RuntimeError("The database has no address index key: run `nexnotify init`.")
        house.index_key = house.cipher.decrypt(secret.ciphertext).encode()
    return house.index_key


def address_hash(store_id: int, channel: str, address: str) -> str:
    """How an address is found again without being readable: 64 hex digits, different in every store."""
    return keyed_hash(index_key(), "address", str(store_id), channel, address)


def last4_hash(store_id: int, last4: str) -> str:
    """How an address is found by its last four characters."""
    return keyed_hash(index_key(), "last4", str(store_id), last4)
