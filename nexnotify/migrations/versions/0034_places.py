"""Regions: locations whose stock alone counts for those who ask there.

Revision ID: 0034
Revises: 0033
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LIST = ["store_id", "variant_id", "status", "id"]
_INTENT = ("ix_alert_request_intent", "alert_request")


def _partial(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "alert_request", columns, sqlite_where=where, postgresql_where=where)


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
    _tenant(
        "region",
        sa.Column("of_location", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("delivery", sa.String(length=200), nullable=True),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("store_id", "of_location", "key", name=op.f("uq_region_store_id_of_location_key")),
    )
    _tenant(
        "region_location",
        sa.Column("region_id", _ID, nullable=False),
        sa.Column("location_id", _ID, nullable=False),
        _key("region_location", "region_id", "region"),
        _key("region_location", "location_id", "location"),
        sa.UniqueConstraint(
            "store_id", "location_id", "region_id", name=op.f("uq_region_location_store_id_location_id_region_id")
        ),
    )
    op.create_index("ix_region_location_region", "region_location", ["store_id", "region_id", "location_id"])
    for table in ("stock_change", "restock_event", "alert_request"):
        op.add_column(table, sa.Column("region_id", _ID, nullable=True))
    op.drop_index("ix_alert_request_list", "alert_request")
    op.create_index("ix_alert_request_list", "alert_request", [*_LIST, "region_id"])
    there = ["store_id", "variant_id", "region_id", "status", "id"]
    _partial("ix_alert_request_region", there, "region_id IS NOT NULL")
    # With the status as a column: without statistics, SQLite took the list of all who wait for as narrow.
    op.drop_index(*_INTENT)
    _partial("ix_alert_request_intent", ["store_id", "variant_id", "intent", "status", "id"], "intent <> 'in_stock'")


def downgrade() -> None:
    # What was in one place would be taken for what was over all of them.
    told = "SELECT id FROM restock_event WHERE region_id IS NOT NULL"
    op.execute(f"UPDATE restock_event SET state = 'stopped', work_at = NULL WHERE id IN ({told})")  # noqa: S608
    op.execute("UPDATE stock_change SET applied = false WHERE region_id IS NOT NULL")
    op.drop_index("ix_alert_request_region", "alert_request")
    op.drop_index("ix_alert_request_list", "alert_request")
    op.create_index("ix_alert_request_list", "alert_request", _LIST)
    op.drop_index(*_INTENT)
    wanting = "status = 'waiting' AND intent <> 'in_stock'"
    _partial("ix_alert_request_intent", ["store_id", "variant_id", "intent", "id"], wanting)
    for table in ("alert_request", "restock_event", "stock_change"):
        op.drop_column(table, "region_id")
    op.drop_table("region_location")
    op.drop_table("region")
