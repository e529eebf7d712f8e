"""Outcomes added up by day, and what is to be added up anew.

Revision ID: 0023
Revises: 0022
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTS = (
    "asked specific written taken in_time delivered failed filtered clicked won assisted within_hour within_day".split()
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
    keys = [
        sa.ForeignKeyConstraint(
            ["store_id", f"{target}_id"],
            [f"{target}.store_id", f"{target}.id"],
            name=op.f(f"fk_outcome_day_store_id_{target}_id"),
        )
        for target in ("variant", "template")
    ]
    _tenant(
        "outcome_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("part", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("variant_id", _ID, nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=True),
        sa.Column("template_id", _ID, nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.Column("revenue", sa.Numeric(16, 4), nullable=False),
        sa.Column("revenue_won", sa.Numeric(16, 4), nullable=False),
        *keys,
    )
    op.create_index("ix_outcome_day_day", "outcome_day", ["store_id", "day"])
    for name, columns, where in (
        ("whole", ["store_id", "day"], "whole"),
        ("variant", ["store_id", "variant_id", "day"], "NOT whole"),
        ("most", ["store_id", "day", "variant_id", "won", "assisted", "taken", "asked"], "NOT whole"),
    ):
        clause = sa.text(where)
        op.create_index(f"ix_outcome_day_{name}", "outcome_day", columns, sqlite_where=clause, postgresql_where=clause)
    _tenant("outcome_mark", sa.Column("day", sa.Date(), nullable=False))
    _tenant(
        "outcome_zone",
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.UniqueConstraint("store_id", name=op.f("uq_outcome_zone_store_id")),
    )
    op.create_table(
        "outcome_cursor",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("last_id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_outcome_cursor")),
    )


def downgrade() -> None:
    for table in ("outcome_cursor", "outcome_zone", "outcome_mark", "outcome_day"):
        op.drop_table(table)
