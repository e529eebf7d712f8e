"""Contacts: found or made by address, never twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.customers.models import Contact, SignupCount
from nexnotify.db import db, insert_ignore
from nexnotify.phone import last_four, normalise_email, to_e164
from nexnotify.secrets import keyed_hash
from nexnotify.stores.models import Store
from nexnotify.stores.service import address_hash, index_key, last4_hash

#: Length of the window in which sign-ups are counted.
SIGNUP_WINDOW = timedelta(minutes=10)


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


def find_or_make_contact(store: Store, channel: str, address: str, now: datetime) -> Contact:
    """The contact with this (normalised) address, locked for the rest of the transaction."""
    db.session.execute(
        insert_ignore(Contact).values(
            store_id=store.id,
            channel=channel,
            address=address,
            address_hash=address_hash(store.id, channel, address),
            last4_hash=last4_hash(store.id, last_four(address)),
            created_at=now,
        )
    )
    return db.session.execute(
        sa.select(Contact)
        .where(
            Contact.store_id == store.id,
            Contact.channel == channel,
            Contact.address_hash == address_hash(store.id, channel, address),
        )
        .with_for_update(key_share=True)  # rows that point to it may be added meanwhile
        .execution_options(populate_existing=True)
    ).scalar_one()


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
    db.session.execute(insert_ignore(SignupCount).values(**key, count=0))
    count = db.session.execute(
        sa.update(SignupCount)
        .filter_by(**key)
        .values(count=SignupCount.count + 1)
        .returning(SignupCount.count)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    return bool(count <= limit)


def forget_old_counts(now: datetime) -> None:
    """Sweep: windows that are over count for nothing."""
    oldest = int((now - 2 * SIGNUP_WINDOW).timestamp() // SIGNUP_WINDOW.total_seconds())
    db.session.execute(sa.delete(SignupCount).where(SignupCount.window < oldest))
