"""Templates and their versions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Tenant, db, partial_index, tenant_args, tenant_key

#: Template kinds of this version: kind → what it is for.
KINDS = {
    "back_in_stock": "Sent when the product can be bought again.",
    "confirmation": "Sent at once when a shopper asks to be told.",
    "stop_reply": "The one answer to STOP.",
    "start_reply": "The answer to START.",
    "help_reply": "The answer to HELP.",
}
#: Those that messages of the kind ``keyword_reply`` are written with.
KEYWORD_REPLIES = ("stop_reply", "start_reply", "help_reply")


class Template(Tenant, db.Model):
    """A named template of one kind and channel."""

    __tablename__ = "template"
    __table_args__ = tenant_args(
        partial_index(
            "uq_template_general", "store_id", "kind", "channel", where="product_status IS NULL", unique=True
        ),
        partial_index(
            "uq_template_status",
            "store_id",
            "kind",
            "channel",
            "product_status",
            where="product_status IS NOT NULL",
            unique=True,
        ),
    )

    kind: Mapped[str] = mapped_column(sa.String(30))
    channel: Mapped[str] = mapped_column(sa.String(10))
    #: Only for alerts: the product status it speaks of; null is for all that have none of their own.
    product_status: Mapped[str | None] = mapped_column(sa.String(20))
    #: The version in use.
    version: Mapped[int] = mapped_column(default=1)


class TemplateVersion(Tenant, db.Model):
    """A wording; never changed once saved, because messages point to it."""

    __tablename__ = "template_version"
    __table_args__ = tenant_args(
        tenant_key("template_id", "template"), sa.UniqueConstraint("store_id", "template_id", "number")
    )

    template_id: Mapped[int] = mapped_column(BigId)
    number: Mapped[int]
    subject: Mapped[str | None] = mapped_column(sa.String(300))
    body: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
