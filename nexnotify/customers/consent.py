"""The consent ledger: every yes and no, and what is true now."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.field_values import opt_in_step
from nexnotify.customers.models import ConsentEntry, ConsentWording, Contact, ContactRow
from nexnotify.db import IdIn, db, insert_new


@dataclass(frozen=True, slots=True)
class Proof:
    """How a yes or no was given."""

    #: "widget", "api", "keyword", "page", "gateway", "import" or "staff"
    method: str
    wording: str | None = None
    page_url: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


def grant(contact: Contact | ContactRow, purpose: str, proof: Proof, now: datetime) -> None:
    """Record a yes for one purpose. It does not lift an opt-out: only :func:`opt_in` does."""
    _write(contact, purpose, "granted", proof, now)


def opt_out(contact: Contact, proof: Proof, now: datetime) -> bool:
    """Record a STOP: it ends every purpose.

    :returns: False when the contact was opted out already.
    """
    _write(contact, "all", "revoked", proof, now)
    if contact.opted_out_at is not None:
        return False
    contact.opted_out_at, contact.confirmed_at = now, None
    return True


def confirm(contact: Contact, purpose: str, proof: Proof, now: datetime) -> None:
    """Record that the address's own owner says yes: by a reply from it, or behind a link that only it was sent."""
    _write(contact, purpose, "confirmed", proof, now)
    contact.confirmed_at = now


def opt_in(contact: Contact, proof: Proof, now: datetime) -> bool:
    """Record a START, which lifts the opt-out.

    :returns: False when the contact was not opted out.
    """
    _write(contact, "requested", "granted", proof, now)
    if contact.opted_out_at is None:
        return False
    contact.opted_out_at, contact.confirmed_at = None, now  # the word came from the address itself
    return True


def tell_marketing(contact: Contact, wanted: bool, proof: Proof, now: datetime) -> bool:
    """What the opt-in field says of this address now. It is no STOP, and lifts none.

    :returns: False when the ledger has it already, so that nothing was written.
    """
    last = db.session.scalar(
        sa.select(ConsentEntry.action)
        .where(
            ConsentEntry.store_id == contact.store_id,
            ConsentEntry.contact_id == contact.id,
            ConsentEntry.purpose == "marketing",
        )
        .order_by(ConsentEntry.id.desc())
        .limit(1)
    )
    action = opt_in_step(last, wanted)
    if action is not None:
        _write(contact, "marketing", action, proof, now)
    return action is not None


def grants_marketing(contact: Any) -> sa.ColumnElement[bool]:
    """Whether a contact (its table or an alias) has opted in to marketing, and neither taken it back nor said STOP since.

    A START after a STOP does not bring it back: it licenses what was asked for, and no more. Whether the contact is
    opted out now stands in the contact itself.
    """
    entry = ConsentEntry.__table__.alias()
    last = (
        sa.select(entry.c.action)
        .where(
            entry.c.store_id == contact.c.store_id,
            entry.c.contact_id == contact.c.id,
            entry.c.purpose.in_(("marketing", "all")),
        )
        .order_by(entry.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(last, "") == "granted"


_contact = Contact.__table__
_MAY_BE_SENT = sa.select(_contact.c.id).where(
    _contact.c.store_id == sa.bindparam("b_store"),
    IdIn(_contact.c.id),
    _contact.c.opted_out_at.is_(None),
    grants_marketing(_contact),
)


def may_be_sent_marketing(store_id: int, contact_ids: Collection[int]) -> frozenset[int]:
    """Those of the contacts that have opted in to marketing and are not opted out."""
    if not contact_ids:
        return frozenset()
    where = {"b_store": store_id, "b_ids": list(contact_ids)}
    return frozenset(db.session.connection().scalars(_MAY_BE_SENT, where))


def history(contact: Contact) -> list[ConsentEntry]:
    """Every entry of a contact, oldest first."""
    statement = sa.select(ConsentEntry).where(
        ConsentEntry.store_id == contact.store_id, ConsentEntry.contact_id == contact.id
    )
    return list(db.session.scalars(statement.order_by(ConsentEntry.id)))


_ENTER = sa.insert(ConsentEntry.__table__)


def _write(contact: Contact | ContactRow, purpose: str, action: str, proof: Proof, now: datetime) -> None:
    entry = {
        "store_id": contact.store_id,
        "contact_id": contact.id,
        "purpose": purpose,
        "action": action,
        "method": proof.method,
        "wording_version": _keep_wording(proof.wording, now) if proof.wording else None,
        "page_url": proof.page_url,
        "ip": proof.ip,
        "user_agent": (proof.user_agent or "")[:400] or None,
        "evidence": proof.evidence,
        "at": now,
    }
    db.session.connection().execute(_ENTER, entry)


def _keep_wording(text: str, now: datetime) -> str:
    version = _version(text)
    insert_new(ConsentWording, {"version": version, "text": text, "created_at": now})
    return version


@lru_cache(maxsize=256)
def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
