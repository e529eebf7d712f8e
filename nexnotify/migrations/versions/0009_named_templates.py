"""Templates have names, several of a kind and standard ones that stay; waitlists that have grown long.

Revision ID: 0009
Revises: 0008
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from nexnotify.clock import utcnow


revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)

#: Kind → name of its standard template.
_NAMES = {
    "confirmation": "Waiting on stock",
    "back_in_stock": "Back in stock",
    "stop_reply": "Answer to STOP",
    "start_reply": "Answer to START",
    "help_reply": "Answer to HELP",
    "order_new": "Order received",
    "order_sent": "Order sent",
    "ticket_answered": "Ticket answered",
    "merchant_order_new": "New order",
    "merchant_order_paid": "Order paid",
    "merchant_ticket_new": "New ticket",
}
_STATUSES = {"backordered": "Back in stock, Backordered", "preordered": "Back in stock, Preordered"}

_HELLO, _BYE = "Hello [[firstname]],\n\n", "\n\nTo get no more of these: [[stop_url]]\n\n[[store]]"
_ASKED = "\n[[url|]]\n\nYou asked us to tell you. To get no more of these: [[stop_url]]\n\n[[store]]"
#: Kind, channel, product status, whether it is in use, name, subject, text: what every store starts with from now on.
#: Emails about orders and tickets wait to be switched on, and so does the reminder, which nothing sends yet.
_NEW = (
    (
        "reminder",
        "sms",
        None,
        False,
        "Reminder",
        None,
        "[[store]]: [[product]] [[variant]] is still in stock. [[url|]] Reply STOP to end.",
    ),
    (
        "merchant_long_waitlist",
        "sms",
        None,
        True,
        "Long waitlist",
        None,
        "[[store]]: [[waiting]] people wait for [[product]] [[variant]].",
    ),
    (
        "back_in_stock",
        "email",
        "backordered",
        True,
        "Back in stock, Backordered",
        "[[product]] is here and ships now",
        _HELLO + "[[product]] [[variant]], which was on backorder, is here and ships now." + _ASKED,
    ),
    (
        "back_in_stock",
        "email",
        "preordered",
        True,
        "Back in stock, Preordered",
        "[[product]] has been released",
        _HELLO + "[[product]] [[variant]] has been released, you can buy it now." + _ASKED,
    ),
    (
        "reminder",
        "email",
        None,
        False,
        "Reminder",
        "[[product]] is still in stock",
        _HELLO + "[[product]] [[variant]] is still in stock.\n[[url|]]" + _BYE,
    ),
    (
        "order_new",
        "email",
        None,
        False,
        "Order received",
        "Your order [[ordernumber]]",
        _HELLO + "we have received your order [[ordernumber]]. Thank you!" + _BYE,
    ),
    (
        "order_sent",
        "email",
        None,
        False,
        "Order sent",
        "Your order [[ordernumber]] is on its way",
        _HELLO + "your order [[ordernumber]] is on its way." + _BYE,
    ),
    (
        "ticket_answered",
        "email",
        None,
        False,
        "Ticket answered",
        "An answer to your ticket",
        _HELLO + 'we have answered your ticket "[[subject]]".' + _BYE,
    ),
    (
        "merchant_long_waitlist",
        "email",
        None,
        True,
        "Long waitlist",
        "[[waiting]] people wait for [[product]]",
        "[[waiting]] people wait for [[product]] [[variant]].\n[[url|]]\n\n[[store]]",
    ),
)

_TEMPLATE = sa.table(
    "template",
    sa.column("id", _ID),
    sa.column("store_id", _ID),
    sa.column("kind", sa.String()),
    sa.column("channel", sa.String()),
    sa.column("product_status", sa.String()),
    sa.column("version", sa.Integer()),
    sa.column("active", sa.Boolean()),
    sa.column("standard", sa.Boolean()),
    sa.column("name", sa.String()),
)
_VERSION = sa.table(
    "template_version",
    sa.column("store_id", _ID),
    sa.column("template_id", _ID),
    sa.column("number", sa.Integer()),
    sa.column("subject", sa.String()),
    sa.column("body", sa.Text()),
    sa.column("created_at", _MOMENT),
)


def _index(name: str, *columns: str, where: str) -> None:
    clause = sa.text(where)
    op.create_index(name, "template", list(columns), unique=True, sqlite_where=clause, postgresql_where=clause)


def upgrade() -> None:
    op.drop_index("uq_template_general", table_name="template")
    op.drop_index("uq_template_status", table_name="template")
    op.add_column("template", sa.Column("name", sa.String(length=100), server_default="", nullable=False))
    op.add_column("template", sa.Column("standard", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("template", sa.Column("deleted_at", _MOMENT, nullable=True))
    _name_templates()
    _index("uq_template_name", "store_id", "channel", "name", where="deleted_at IS NULL")
    general = "active AND product_status IS NULL AND kind <> 'custom'"
    _index("uq_template_general", "store_id", "kind", "channel", where=general)
    named = ("store_id", "kind", "channel", "product_status")
    _index("uq_template_status", *named, where="active AND product_status IS NOT NULL")
    _add_templates()
    _long_waitlists()


def _name_templates() -> None:
    """All that there were are standard: a kind and channel had one."""
    connection = op.get_bind()
    own = _TEMPLATE.c
    names = sa.case(_NAMES, value=own.kind, else_=own.kind)
    status = sa.case(_STATUSES, value=own.product_status, else_=names)
    connection.execute(sa.update(_TEMPLATE).values(name=status, standard=sa.true()))


def _add_templates() -> None:
    """The stores that are there already get what a new one has."""
    connection, now = op.get_bind(), utcnow()
    moment = now.replace(tzinfo=None) if connection.dialect.name == "sqlite" else now
    store = sa.table("store", sa.column("id", _ID))
    own = _TEMPLATE.c
    for store_id in connection.scalars(sa.select(store.c.id)).all():
        mine = sa.select(own.kind, own.channel, own.product_status).where(own.store_id == store_id)
        known = {tuple(row) for row in connection.execute(mine)}
        for kind, channel, status, active, name, subject, body in _NEW:
            if (kind, channel, status) in known:
                continue
            values: dict[str, Any] = {"store_id": store_id, "kind": kind, "channel": channel, "version": 1}
            values |= {"product_status": status, "active": active, "standard": True, "name": name}
            made = connection.scalar(sa.insert(_TEMPLATE).values(values).returning(own.id))
            wording = {"store_id": store_id, "template_id": made, "number": 1, "subject": subject, "body": body}
            connection.execute(sa.insert(_VERSION).values(wording | {"created_at": moment}))


def _long_waitlists() -> None:
    op.create_table(
        "long_waitlist",
        sa.Column("variant_id", _ID, nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_long_waitlist_store_id")),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["variant.store_id", "variant.id"],
            name=op.f("fk_long_waitlist_store_id_variant_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_long_waitlist")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_long_waitlist_store_id_id")),
    )
    clause = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_long_waitlist_open",
        "long_waitlist",
        ["store_id", "variant_id"],
        unique=True,
        sqlite_where=clause,
        postgresql_where=clause,
    )


def downgrade() -> None:
    op.drop_table("long_waitlist")
    for name in ("uq_template_status", "uq_template_general", "uq_template_name"):
        op.drop_index(name, table_name="template")
    _forget_the_others()
    for name in ("deleted_at", "standard", "name"):
        op.drop_column("template", name)
    _index("uq_template_general", "store_id", "kind", "channel", where="product_status IS NULL")
    named = ("store_id", "kind", "channel", "product_status")
    _index("uq_template_status", *named, where="product_status IS NOT NULL")


def _forget_the_others() -> None:
    """Only what an older house knows stays: one of a kind, channel and status.

    What was sent keeps its text; it only forgets which template that was.
    """
    connection, own = op.get_bind(), _TEMPLATE.c
    ours = [
        sa.and_(own.kind == kind, own.channel == channel, own.product_status.is_not_distinct_from(status))
        for kind, channel, status, *_ in _NEW
    ]
    gone = sa.select(own.id).where(sa.or_(own.standard.is_(False), *ours))
    versions = sa.table("template_version", sa.column("id", _ID), sa.column("template_id", _ID))
    theirs = sa.select(versions.c.id).where(versions.c.template_id.in_(gone))
    message = sa.table("message", sa.column("template_version_id", _ID))
    notice = sa.table("notice", sa.column("template_id", _ID))
    unlinked = sa.update(message).where(message.c.template_version_id.in_(theirs)).values(template_version_id=None)
    connection.execute(unlinked)
    connection.execute(sa.delete(notice).where(notice.c.template_id.in_(gone)))
    connection.execute(sa.delete(versions).where(versions.c.template_id.in_(gone)))
    connection.execute(sa.delete(_TEMPLATE).where(own.id.in_(gone)))
