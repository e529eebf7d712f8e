"""The balance of a store, and the ledger it is the sum of."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Encrypted, Tenant, db, tenant_args, tenant_key


class CreditBalance(Tenant, db.Model):
    """What a store has; always the sum of its entries. ``credits.service`` alone moves it."""

    __tablename__ = "credit_balance"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id"))

    #: Free to be used; what is reserved has been taken off already.
    balance: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    #: Put aside for texts that have not gone.
    reserved: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    #: Since when the balance is below the merchant's threshold; null again when a top-up lifts it above.
    low_at: Mapped[datetime | None]
    #: When the merchant was told of it.
    low_told_at: Mapped[datetime | None]


class CreditEntry(Tenant, db.Model):
    """One movement of credits. Append-only: the database refuses changes and deletions."""

    __tablename__ = "credit_entry"
    __table_args__ = tenant_args(
        tenant_key("message_id", "message"),
        tenant_key("purchase_id", "credit_purchase"),
        sa.Index("ix_credit_entry_kind", "store_id", "kind", "id"),
        sa.Index("ix_credit_entry_message", "store_id", "message_id"),
        # One purchase pays once, however often a payment provider says so.
        sa.UniqueConstraint("store_id", "purchase_id"),
    )

    #: One of ``credits.rules.KINDS``.
    kind: Mapped[str] = mapped_column(sa.String(20))
    #: Added to the balance.
    credits: Mapped[int]
    #: Added to what is reserved.
    reserved: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[int | None] = mapped_column(BigId)
    purchase_id: Mapped[int | None] = mapped_column(BigId)
    at: Mapped[datetime]
    #: The staff user who did it; null where the house did.
    user_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    note: Mapped[str | None] = mapped_column(sa.String(200))


class CreditPurchase(Tenant, db.Model):
    """A pack of credits that somebody set out to buy: what was agreed, and what became of it."""

    __tablename__ = "credit_purchase"
    __table_args__ = tenant_args(
        tenant_key("payment_id", "payment"),
        sa.Index("ix_credit_purchase_list", "store_id", "id"),
        sa.UniqueConstraint("store_id", "payment_id", "provider_id"),
    )

    payment_id: Mapped[int] = mapped_column(BigId)
    #: Given to the payment provider, and shown to the merchant: 32 hex digits.
    reference: Mapped[str] = mapped_column(sa.String(32), unique=True)
    credits: Mapped[int]
    #: In the currency's smallest unit (cents), as it was when the purchase began.
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    #: "pending", "paid", "cancelled", "failed"
    status: Mapped[str] = mapped_column(sa.String(20))
    #: The provider's id of the payment.
    provider_id: Mapped[str | None] = mapped_column(sa.String(200))
    #: Where the buyer pays.
    pay_url: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))


class Payment(Tenant, db.Model):
    """A way to pay as a store configured it."""

    __tablename__ = "payment"
    __table_args__ = tenant_args(sa.UniqueConstraint("store_id", "kind"))

    kind: Mapped[str] = mapped_column(sa.String(60))
    #: The settings form's values as JSON.
    settings: Mapped[str] = mapped_column(Encrypted)
    #: Part of the webhook's address. A capability, so it lies encrypted, with its hash for look-up.
    callback_token: Mapped[str] = mapped_column(Encrypted)
    callback_token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    #: Offered to those who buy.
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
