"""Texts that staff send: sends, their recipients, and what is ticked for the next.

Revision ID: 0011
Revises: 0010
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id", column], [f"{target}.store_id", f"{target}.id"], name=op.f(f"fk_{table}_store_id_{column}")
    )


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["staff_user.id"], name=op.f(f"fk_{table}_{column}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("store_id", *columns, name=op.f(f"uq_{table}_store_id_{'_'.join(columns)}"))


def _tenant(table: str, *columns: Any) -> None:
    """A table of a store's rows."""
    op.create_table(
        table,
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f(f"fk_{table}_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        _unique(table, "id"),
    )


def _partial(name: str, table: str, columns: list[str], where: str, unique: bool = False) -> None:
    clause = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=clause, postgresql_where=clause)


def upgrade() -> None:
    _sends()
    _recipients()
    _tenant(
        "selection",
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("picked", sa.JSON(), nullable=False),
        _person("selection", "user_id"),
        _unique("selection", "user_id", "source"),
    )


def _sends() -> None:
    _tenant(
        "send",
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=15), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("picked", sa.JSON(), nullable=True),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("template_version_id", _ID, nullable=True),
        sa.Column("scheduled_for", _MOMENT, nullable=True),
        sa.Column("created_by", _ID, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("confirmed_by", _ID, nullable=True),
        sa.Column("confirmed_at", _MOMENT, nullable=True),
        sa.Column("starts_at", _MOMENT, nullable=True),
        sa.Column("up_to", _ID, nullable=True),
        sa.Column("cursor", _ID, nullable=False),
        sa.Column("work_at", _MOMENT, nullable=True),
        sa.Column("paced_at", _MOMENT, nullable=True),
        sa.Column("selected", sa.Integer(), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("frozen_at", _MOMENT, nullable=True),
        sa.Column("planned_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("ended_by", _ID, nullable=True),
        _key("send", "template_version_id", "template_version"),
        *(_person("send", column) for column in ("created_by", "confirmed_by", "ended_by")),
    )
    op.create_index("ix_send_list", "send", ["store_id", "id"])
    op.create_index("ix_send_confirmed", "send", ["store_id", "confirmed_at"])
    _partial("ix_send_work", "send", ["work_at", "id"], "work_at IS NOT NULL")


def _recipients() -> None:
    table = "send_recipient"
    _tenant(
        table,
        sa.Column("send_id", _ID, nullable=False),
        sa.Column("contact_id", _ID, nullable=True),
        sa.Column("customer_id", _ID, nullable=True),
        sa.Column("order_id", _ID, nullable=True),
        sa.Column("ticket_id", _ID, nullable=True),
        sa.Column("message_id", _ID, nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        _key(table, "send_id", "send"),
        _key(table, "contact_id", "contact"),
        _key(table, "customer_id", "customer"),
        _key(table, "order_id", "customer_order"),
        _key(table, "ticket_id", "ticket"),
        _key(table, "message_id", "message"),
        _unique(table, "send_id", "contact_id"),
    )
    op.create_index("ix_send_recipient_send", table, ["store_id", "send_id", "id"])
    _partial(
        "ix_send_recipient_sent", table, ["store_id", "send_id", "message_id"], "message_id IS NOT NULL", unique=True
    )
    _partial("ix_send_recipient_message", table, ["store_id", "message_id"], "message_id IS NOT NULL")
    _partial("ix_send_recipient_left", table, ["store_id", "send_id", "reason", "id"], "reason IS NOT NULL")
    _partial("ix_send_recipient_order", table, ["store_id", "order_id"], "order_id IS NOT NULL")
    _partial("ix_send_recipient_ticket", table, ["store_id", "ticket_id"], "ticket_id IS NOT NULL")


def downgrade() -> None:
    op.drop_table("selection")
    op.drop_table("send_recipient")
    op.drop_table("send")
