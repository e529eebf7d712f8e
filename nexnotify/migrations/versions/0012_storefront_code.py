"""What the shop's pages tell: views by product and day, orders, and who may have been recovered.

Revision ID: 0012
Revises: 0011
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id", column], [f"{target}.store_id", f"{target}.id"], name=op.f(f"fk_{table}_store_id_{column}")
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("store_id", *columns, name=op.f(f"uq_{table}_store_id_{'_'.join(columns)}"))


def _tenant(table: str, *columns: Any) -> None:
    """A table of a store's rows."""
    op.create_table(
        table,
        *columns,
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f(f"fk_{table}_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        _unique(table, "id"),
    )


def _views() -> None:
    _tenant(
        "product_view",
        sa.Column("product_id", _ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("unavailable_views", sa.Integer(), nullable=False),
        sa.Column("signups", sa.Integer(), nullable=False),
        _key("product_view", "product_id", "product"),
        _unique("product_view", "product_id", "day"),
    )
    op.create_index("ix_product_view_day", "product_view", ["store_id", "day"])
    _tenant(
        "code_sighting",
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.Column("missing", sa.String(length=20), nullable=False),
        _unique("code_sighting", "code"),
    )
    _tenant(
        "visitor_request",
        sa.Column("visitor", sa.String(length=64), nullable=False),
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        _key("visitor_request", "request_id", "alert_request"),
        _unique("visitor_request", "visitor", "request_id"),
    )
    op.create_index("ix_visitor_request_request", "visitor_request", ["store_id", "request_id"])
    op.create_index("ix_visitor_request_made", "visitor_request", ["created_at"])


def _orders() -> None:
    _tenant(
        "page_order",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.Numeric(precision=14, scale=4), nullable=True),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("visitor", sa.String(length=64), nullable=True),
        sa.Column("sms_contact_id", _ID, nullable=True),
        sa.Column("email_contact_id", _ID, nullable=True),
        _key("page_order", "sms_contact_id", "contact"),
        _key("page_order", "email_contact_id", "contact"),
        _unique("page_order", "key"),
    )
    op.create_index("ix_page_order_phone", "page_order", ["store_id", "sms_contact_id"])
    op.create_index("ix_page_order_email", "page_order", ["store_id", "email_contact_id"])
    op.create_index("ix_page_order_at", "page_order", ["at"])
    _tenant(
        "order_match",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("order_id", _ID, nullable=True),
        sa.Column("page_order_id", _ID, nullable=True),
        sa.Column("by", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.CheckConstraint("(order_id IS NULL) <> (page_order_id IS NULL)", name=op.f("ck_order_match_one_order")),
        _key("order_match", "request_id", "alert_request"),
        _key("order_match", "order_id", "customer_order"),
        _key("order_match", "page_order_id", "page_order"),
        _unique("order_match", "key"),
    )
    op.create_index("ix_order_match_at", "order_match", ["store_id", "at"])


def upgrade() -> None:
    _views()
    _orders()


def downgrade() -> None:
    for table in ("order_match", "page_order", "visitor_request", "code_sighting", "product_view"):
        op.drop_table(table)
