"""The merchant is told when credits run low: once for each time they fall below the store's number."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.content.models import MESSAGE_KINDS
from nexnotify.content.service import active_templates, wording_of
from nexnotify.credits.models import CreditBalance
from nexnotify.credits.service import is_low
from nexnotify.customers.models import Contact
from nexnotify.customers.service import find_or_make_contact
from nexnotify.db import db
from nexnotify.ledger.answers import queue_notice
from nexnotify.policy.eligibility import Skip
from nexnotify.stores.models import Membership, StaffUser, Store
from nexnotify.stores.settings import store_settings

log = logging.getLogger(__name__)

KIND = "merchant_low_credit"

_untold = (CreditBalance.low_at.is_not(None), CreditBalance.low_told_at.is_(None))


def has_untold_low_balances() -> bool:
    """Whether any merchant is to be told."""
    return db.session.scalar(sa.select(CreditBalance.id).where(*_untold).limit(1)) is not None


def tell_low_balances(now: datetime) -> int:
    """Tell the merchants whose credits have run low and who do not know it yet.

    :returns: how many were looked at; 0 when another worker has them.
    """
    statement = sa.select(CreditBalance).where(*_untold).order_by(CreditBalance.id).limit(50)
    found = db.session.scalars(
        statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    ).all()
    for row in found:
        row.low_told_at = now
    db.session.flush()
    for row in found:
        store = db.session.get_one(Store, row.store_id)
        try:
            with db.session.begin_nested():
                if is_low(store):
                    _tell(store, row.balance, now)
        except (OperationalError, InterfaceError):
            raise  # the database, not the store
        except Exception:
            # One store's trouble must not keep the others from being told, nor come again for ever.
            log.exception("cannot tell of low credits", extra={"store": row.store_id})
    return len(found)


def _tell(store: Store, left: int, now: datetime) -> None:
    """By text to the merchant's number where texts are active, else by email to the owners."""
    for contacts in (_number(store, now), _owners(store, now)):
        told = [_write(store, contact, left, now) for contact in contacts]
        if any(told):
            return


def _number(store: Store, now: datetime) -> Iterator[Contact]:
    settings = store_settings(store)
    if settings.order_texts and settings.merchant_number:
        yield find_or_make_contact(store, "sms", settings.merchant_number, now)


def _owners(store: Store, now: datetime) -> Iterator[Contact]:
    emails = (
        sa.select(StaffUser.email)
        .join(Membership, Membership.user_id == StaffUser.id)
        .where(Membership.store_id == store.id, Membership.role == "owner")
        .order_by(StaffUser.id)
    )
    for email in db.session.scalars(emails).all():
        yield find_or_make_contact(store, "email", email, now)


def _write(store: Store, contact: Contact, left: int, now: datetime) -> bool:
    """Whether the message was written: not where its template is switched off, or the contact has said STOP."""
    template = next((item for item in active_templates(store, KIND) if item.channel == contact.channel), None)
    if template is None:
        return False
    values: dict[str, str | None] = {"store": store.name, "credits": f"{left:,}"}
    # The warning itself goes even where the last credits are gone.
    answer = queue_notice(store, contact, MESSAGE_KINDS[KIND], wording_of(template), values, now, always=True)
    return not isinstance(answer, Skip)
