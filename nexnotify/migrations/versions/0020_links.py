"""Short links, who opened them, places that were kept, and what orders count for.

Revision ID: 0020
Revises: 0019
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id", column], [f"{target}.store_id", f"{target}.id"], name=op.f(f"fk_{table}_store_id_{column}")
    )


def _tenant(table: str, *columns: Any) -> None:
    """A table of a store's rows."""
    op.create_table(
        table,
        *columns,
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f(f"fk_{table}_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("store_id", "id", name=op.f(f"uq_{table}_store_id_id")),
    )


def upgrade() -> None:
    op.add_column("alert_request", sa.Column("kept_at", _MOMENT, nullable=True))
    _tenant(
        "short_link",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("message_id", _ID, nullable=True),
        sa.Column("variant_id", _ID, nullable=False),
        _key("short_link", "message_id", "message"),
        _key("short_link", "variant_id", "variant"),
        sa.UniqueConstraint("code", name=op.f("uq_short_link_code")),
    )
    op.create_index("ix_short_link_message", "short_link", ["store_id", "message_id"])
    _tenant(
        "click",
        sa.Column("link_id", _ID, nullable=False),
        sa.Column("restock_id", _ID, nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("is_person", sa.Boolean(), nullable=False),
        sa.Column("sign", sa.String(length=20), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=True),
        _key("click", "link_id", "short_link"),
        _key("click", "restock_id", "restock_event"),
    )
    op.create_index("ix_click_link", "click", ["store_id", "link_id", "id"])
    op.create_index("ix_click_restock", "click", ["store_id", "restock_id", "is_person", "link_id"])
    op.create_index("ix_click_at", "click", ["store_id", "at"])
    known = sa.text("agent IS NOT NULL")
    op.create_index("ix_click_agent", "click", ["agent", "at"], sqlite_where=known, postgresql_where=known)
    _matches()


def _matches() -> None:
    with op.batch_alter_table("order_match") as table:
        table.add_column(sa.Column("restock_id", _ID, nullable=True))
        table.add_column(sa.Column("how", sa.String(length=10), nullable=False, server_default="told"))
        table.add_column(sa.Column("counts", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.create_foreign_key(
            op.f("fk_order_match_store_id_restock_id"), "restock_event", ["store_id", "restock_id"], ["store_id", "id"]
        )
    op.create_index("ix_order_match_request", "order_match", ["store_id", "request_id"])
    op.create_index("ix_order_match_order", "order_match", ["store_id", "order_id"])
    op.create_index("ix_order_match_restock", "order_match", ["store_id", "restock_id"])
    # Being told sells once.
    op.execute(
        "UPDATE order_match SET counts = false WHERE EXISTS (SELECT 1 FROM order_match AS earlier "
        "WHERE earlier.store_id = order_match.store_id AND earlier.request_id = order_match.request_id "
        "AND (earlier.at < order_match.at OR (earlier.at = order_match.at AND earlier.id < order_match.id)))"
    )


def downgrade() -> None:
    for name in ("restock", "order", "request"):
        op.drop_index(f"ix_order_match_{name}", "order_match")
    with op.batch_alter_table("order_match") as table:
        table.drop_constraint(op.f("fk_order_match_store_id_restock_id"), type_="foreignkey")
        for column in ("counts", "how", "restock_id"):
            table.drop_column(column)
    op.drop_table("click")
    op.drop_table("short_link")
    op.drop_column("alert_request", "kept_at")
