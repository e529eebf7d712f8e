"""Contacts: found or made by address, never twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact, ContactRow, SignupCount
from nexnotify.db import db, insert_new, is_postgresql, upsert
from nexnotify.phone import last_four, normalise_email, to_e164
from nexnotify.secrets import keyed_hash
from nexnotify.stores.models import Store
from nexnotify.stores.service import address_hash, index_key, last4_hash

#: Length of the window in which sign-ups are counted.
SIGNUP_WINDOW = timedelta(minutes=10)
#: Why nothing reaches an address that was erased.
ERASED = "erased"


def normalise(store: Store, channel: str, address: str) -> str:
    """The one written form of an address.

    :raises InvalidPhone: not a number that can be texted, read in the store's country.
    :raises InvalidEmail: not an email address.
    """
    return to_e164(address, store.country) if channel == "sms" else normalise_email(address)


def find_contact(store: Store, channel: str, address: str) -> Contact | None:
    """The contact with this (normalised) address."""
    return db.session.scalar(
        sa.select(Contact).where(
            Contact.store_id == store.id,
            Contact.channel == channel,
            Contact.address_hash == address_hash(store.id, channel, address),
        )
    )


_contact = Contact.__table__
_LOCK_CONTACT = (
    sa.select(
        _contact.c.store_id,
        _contact.c.id,
        _contact.c.channel,
        _contact.c.opted_out_at,
        _contact.c.unreachable_at,
        _contact.c.confirmed_at,
    )
    .where(
        _contact.c.store_id == sa.bindparam("store_id"),
        _contact.c.channel == sa.bindparam("channel"),
        _contact.c.address_hash == sa.bindparam("address_hash"),
    )
    .with_for_update(key_share=True)  # rows that point to it may be added meanwhile
)


def take_contact(store: Store, channel: str, address: str, now: datetime) -> ContactRow:
    """The contact with this (normalised) address, made at first sight, locked for the rest of the transaction."""
    key = {"store_id": store.id, "channel": channel, "address_hash": address_hash(store.id, channel, address)}
    last4 = last4_hash(store.id, last_four(address))
    made = insert_new(Contact, key | {"address": address, "last4_hash": last4, "created_at": now})
    if made is not None:
        return ContactRow(store.id, made, channel)
    row = ContactRow(*db.session.connection().execute(_LOCK_CONTACT, key).one())
    return row if row.unreachable_at is None else _give_back(row, address, last4)


def _give_back(contact: ContactRow, address: str, last4: str) -> ContactRow:
    """An erased address that is given again; what was agreed to or stopped before still holds."""
    values = {"b_store": contact.store_id, "b_id": contact.id, "b_address": address, "b_last4": last4}
    given = db.session.connection().execute(_GIVE_BACK, values).rowcount
    return contact._replace(unreachable_at=None) if given else contact


_GIVE_BACK = (
    sa.update(_contact)
    .where(
        _contact.c.store_id == sa.bindparam("b_store"),
        _contact.c.id == sa.bindparam("b_id"),
        _contact.c.unreachable_reason == ERASED,
    )
    .values(
        address=sa.bindparam("b_address"),
        last4_hash=sa.bindparam("b_last4"),
        unreachable_at=None,
        unreachable_reason=None,
    )
)


def find_or_make_contact(store: Store, channel: str, address: str, now: datetime) -> Contact:
    """The same as an object that can be changed."""
    row = take_contact(store, channel, address, now)
    return db.session.scalars(
        sa.select(Contact)
        .where(Contact.store_id == row.store_id, Contact.id == row.id)
        .execution_options(populate_existing=True)
    ).one()


def believe_again(contact: ContactRow) -> ContactRow:
    """Numbers come to life again: what a gateway said about reaching this one is forgotten."""
    db.session.connection().execute(_BELIEVE, {"b_store": contact.store_id, "b_id": contact.id})
    return contact._replace(unreachable_at=None)


_BELIEVE = (
    sa.update(_contact)
    .where(_contact.c.store_id == sa.bindparam("b_store"), _contact.c.id == sa.bindparam("b_id"))
    .values(unreachable_at=None, unreachable_reason=None)
)


def search_contacts(store: Store, text: str) -> list[int]:
    """Ids of the contacts with this address, or with these last four digits of a number: by hash, never by likeness.

    :raises InvalidPhone: neither a number nor four digits.
    :raises InvalidEmail: not an email address.
    """
    digits = text.removeprefix("…")
    if len(digits) == 4 and digits.isdecimal():
        statement = sa.select(Contact.id).where(
            Contact.store_id == store.id, Contact.channel == "sms", Contact.last4_hash == last4_hash(store.id, digits)
        )
        return list(db.session.scalars(statement))
    channel = "email" if "@" in text else "sms"
    contact = find_contact(store, channel, normalise(store, channel, text))
    return [contact.id] if contact else []


def forget_address(contact: Contact, now: datetime) -> None:
    """Erase the address. Its hash stays, so that a STOP goes on to hold and the proof of a consent can be found."""
    contact.address, contact.last4_hash = "", last4_hash(contact.store_id, "")
    contact.confirmed_at = None  # whoever gives it next is somebody else, for all we know
    mark_unreachable(contact, ERASED, now)


def mark_unreachable(contact: Contact, reason: str, now: datetime) -> None:
    """The gateway said for certain that nothing can reach this address."""
    contact.unreachable_at, contact.unreachable_reason = now, reason


def count_signup(store: Store, who: str, limit: int, now: datetime) -> bool:
    """Count one sign-up of ``who`` (an IP, an address, or the store as a whole).

    :returns: False for more than ``limit`` in ten minutes; 0 is no limit.
    """
    if limit <= 0:
        return True
    window = int(now.timestamp() // SIGNUP_WINDOW.total_seconds())
    key = {"store_id": store.id, "who_hash": keyed_hash(index_key(), "signup", str(store.id), who), "window": window}
    count = db.session.connection().execute(_count_one(is_postgresql()), key | {"count": 1}).scalar_one()
    return bool(count <= limit)


@cache
def _count_one(_on_postgresql: bool) -> Any:
    table = SignupCount.__table__
    counted = {"count": table.c["count"] + 1}
    return (
        upsert(table)
        .on_conflict_do_update(index_elements=["store_id", "who_hash", "window"], set_=counted)
        .returning(table.c["count"])
    )


def forget_old_counts(now: datetime) -> None:
    """Sweep: windows that are over count for nothing."""
    oldest = int((now - 2 * SIGNUP_WINDOW).timestamp() // SIGNUP_WINDOW.total_seconds())
    db.session.execute(sa.delete(SignupCount).where(SignupCount.window < oldest))
