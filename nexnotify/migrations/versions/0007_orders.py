"""Orders, tickets, their events and notices; templates that can be switched off, and those of orders and tickets.

Revision ID: 0007
Revises: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from nexnotify.clock import utcnow


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_HELLO, _STOP = "[[store]]: hello [[firstname]], ", " Reply STOP to end."
#: Kind → text, as every store starts with it.
_TEMPLATES = {
    "order_new": _HELLO + "we have received your order [[ordernumber]]. Thank you!" + _STOP,
    "order_sent": _HELLO + "your order [[ordernumber]] is on its way." + _STOP,
    "ticket_answered": _HELLO + 'we have answered your ticket "[[subject]]".' + _STOP,
    "merchant_order_new": "[[store]]: new order [[ordernumber]] [[total]] from [[fullname|a guest]].",
    "merchant_order_paid": "[[store]]: order [[ordernumber]] [[total]] from [[fullname|a guest]] is paid.",
    "merchant_ticket_new": "[[store]]: new ticket from [[fullname|a customer]]: [[subject]]",
}


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id", column], [f"{target}.store_id", f"{target}.id"], name=op.f(f"fk_{table}_store_id_{column}")
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("store_id", *columns, name=op.f(f"uq_{table}_store_id_{'_'.join(columns)}"))


def _tenant(table: str, *columns: sa.Column[Any], rules: tuple[Any, ...] = ()) -> None:
    """A table of a store's rows."""
    op.create_table(
        table,
        *columns,
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f(f"fk_{table}_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        _unique(table, "id"),
        *rules,
    )


def _person() -> tuple[Any, ...]:
    return (
        sa.Column("customer_ref", sa.String(length=255), nullable=True),
        sa.Column("customer_id", _ID, nullable=True),
        sa.Column("first_name", sa.String(length=255), nullable=True),
        sa.Column("last_name", sa.String(length=255), nullable=True),
        sa.Column("sms_contact_id", _ID, nullable=True),
        sa.Column("email_contact_id", _ID, nullable=True),
    )


def _person_keys(table: str) -> tuple[Any, ...]:
    return (
        _key(table, "customer_id", "customer"),
        _key(table, "sms_contact_id", "contact"),
        _key(table, "email_contact_id", "contact"),
        _unique(table, "external_id"),
    )


def _orders() -> None:
    _tenant(
        "customer_order",
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("placed_at", _MOMENT, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.Numeric(14, 4), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        *_person(),
        rules=_person_keys("customer_order"),
    )
    op.create_index("ix_customer_order_status", "customer_order", ["store_id", "status", "id"])
    op.create_index("ix_customer_order_customer", "customer_order", ["store_id", "customer_id", "id"])
    op.create_index("ix_customer_order_ref", "customer_order", ["store_id", "customer_ref"])
    op.create_index("ix_customer_order_phone", "customer_order", ["store_id", "sms_contact_id"])
    op.create_index("ix_customer_order_email", "customer_order", ["store_id", "email_contact_id"])
    _tenant(
        "order_line",
        sa.Column("order_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("variant_id", _ID, nullable=True),
        sa.Column("ref", sa.String(length=255), nullable=True),
        sa.Column("title", sa.String(length=255), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price", sa.Numeric(12, 4), nullable=True),
        rules=(
            _key("order_line", "order_id", "customer_order"),
            _key("order_line", "variant_id", "variant"),
            _unique("order_line", "order_id", "number"),
        ),
    )
    op.create_index("ix_order_line_variant", "order_line", ["store_id", "variant_id", "order_id"])
    _tenant(
        "order_event",
        sa.Column("order_id", _ID, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=True),
        rules=(
            _key("order_event", "order_id", "customer_order"),
            _unique("order_event", "order_id", "status"),
        ),
    )


def _tickets() -> None:
    _tenant(
        "ticket",
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.String(length=10), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        *_person(),
        rules=_person_keys("ticket"),
    )
    op.create_index("ix_ticket_customer", "ticket", ["store_id", "customer_id", "id"])
    op.create_index("ix_ticket_ref", "ticket", ["store_id", "customer_ref"])
    _tenant(
        "ticket_message",
        sa.Column("ticket_id", _ID, nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("author", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        rules=(
            _key("ticket_message", "ticket_id", "ticket"),
            _unique("ticket_message", "ticket_id", "external_id"),
        ),
    )
    _tenant(
        "ticket_event",
        sa.Column("ticket_id", _ID, nullable=False),
        sa.Column("ticket_message_id", _ID, nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=True),
        rules=(
            _key("ticket_event", "ticket_id", "ticket"),
            _key("ticket_event", "ticket_message_id", "ticket_message"),
            _unique("ticket_event", "ticket_message_id"),
        ),
    )


def _notices() -> None:
    _tenant(
        "notice",
        sa.Column("order_event_id", _ID, nullable=True),
        sa.Column("ticket_event_id", _ID, nullable=True),
        sa.Column("template_id", _ID, nullable=False),
        sa.Column("contact_id", _ID, nullable=False),
        sa.Column("message_id", _ID, nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        rules=(
            _key("notice", "order_event_id", "order_event"),
            _key("notice", "ticket_event_id", "ticket_event"),
            _key("notice", "template_id", "template"),
            _key("notice", "contact_id", "contact"),
            _key("notice", "message_id", "message"),
            _unique("notice", "order_event_id", "template_id", "contact_id"),
            _unique("notice", "ticket_event_id", "template_id", "contact_id"),
        ),
    )


def upgrade() -> None:
    _orders()
    _tickets()
    _notices()
    for table in ("order_event", "ticket_event"):
        clause = sa.text("seen_at IS NULL")
        op.create_index(f"ix_{table}_unseen", table, ["id"], sqlite_where=clause, postgresql_where=clause)
    op.add_column("template", sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False))
    _add_templates()


def _add_templates() -> None:
    """The stores that are there already get what a new one has."""
    connection, now = op.get_bind(), utcnow()
    moment = now.replace(tzinfo=None) if connection.dialect.name == "sqlite" else now
    store = sa.table("store", sa.column("id", _ID))
    names: dict[str, Any] = {"store_id": _ID, "kind": sa.String(), "channel": sa.String(), "version": sa.Integer()}
    template = sa.table("template", sa.column("id", _ID), *(sa.column(name, kind) for name, kind in names.items()))
    names = {"store_id": _ID, "template_id": _ID, "number": sa.Integer(), "body": sa.Text(), "created_at": _MOMENT}
    version = sa.table("template_version", *(sa.column(name, kind) for name, kind in names.items()))
    for store_id in connection.scalars(sa.select(store.c.id)).all():
        known = connection.scalars(sa.select(template.c.kind).where(template.c.store_id == store_id)).all()
        for kind, body in _TEMPLATES.items():
            if kind in known:
                continue
            values = {"store_id": store_id, "kind": kind, "channel": "sms", "version": 1}
            made = connection.scalar(sa.insert(template).values(values).returning(template.c.id))
            wording = {"store_id": store_id, "template_id": made, "number": 1, "body": body, "created_at": moment}
            connection.execute(sa.insert(version).values(wording))


def downgrade() -> None:
    # The templates stay: what was sent points to their versions, and an older house does not look at them.
    for table in ("notice", "ticket_event", "ticket_message", "ticket", "order_event", "order_line", "customer_order"):
        op.drop_table(table)
    op.drop_column("template", "active")
