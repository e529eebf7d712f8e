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
from nexnotify.db import db, insert_new


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
    contact.opted_out_at = now
    return True


def opt_in(contact: Contact, proof: Proof, now: datetime) -> bool:
    """Record a START, which lifts the opt-out.

    :returns: False when the contact was not opted out.
    """
    _write(contact, "requested", "granted", proof, now)
    if contact.opted_out_at is None:
        return False
    contact.opted_out_at = None
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


def may_be_sent_marketing(store_id: int, contact_ids: Collection[int]) -> frozenset[int]:
    """Those of the contacts that have opted in to marketing, and neither taken it back nor said STOP since.

    A START after a STOP does not bring it back: it licenses what was asked for, and no more.
    """
    if not contact_ids:
        return frozenset()
    last = (
        sa.select(sa.func.max(ConsentEntry.id))
        .where(
            ConsentEntry.store_id == store_id,
            ConsentEntry.contact_id.in_(contact_ids),
            ConsentEntry.purpose.in_(("marketing", "all")),
        )
        .group_by(ConsentEntry.contact_id)
    )
    return frozenset(
        db.session.scalars(
            sa.select(ConsentEntry.contact_id)
            .join(Contact, sa.and_(Contact.store_id == ConsentEntry.store_id, Contact.id == ConsentEntry.contact_id))
            .where(
                ConsentEntry.store_id == store_id,
                ConsentEntry.id.in_(last),
                ConsentEntry.action == "granted",
                Contact.opted_out_at.is_(None),
            )
        )
    )


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
