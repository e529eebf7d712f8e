"""Who was in the draw of a restock, and what people bought who were told and who were not.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op


revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _group(name: str) -> list[sa.Column[object]]:
    return [
        sa.Column(name, sa.Integer(), nullable=False),
        sa.Column(f"{name}_buyers", sa.Integer(), nullable=False),
        sa.Column(f"{name}_revenue", sa.Numeric(16, 4), nullable=False),
        sa.Column(f"{name}_squares", sa.Double(), nullable=False),
    ]


def upgrade() -> None:
    op.add_column("decision", sa.Column("shopper", _ID, nullable=True))
    held_out, seen = sa.text("holdout > 0"), sa.text("visitor IS NOT NULL")
    op.create_index(
        "ix_restock_event_held_out",
        "restock_event",
        ["at", "id"],
        sqlite_where=held_out,
        postgresql_where=held_out,
    )
    op.create_index(
        "ix_page_order_visitor",
        "page_order",
        ["store_id", "visitor"],
        sqlite_where=seen,
        postgresql_where=seen,
    )
    op.create_table(
        "restock_lift",
        sa.Column("restock_id", _ID, nullable=False),
        sa.Column("variant_id", _ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        *_group("told"),
        *_group("control"),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["store_id", f"{name}_id"],
                [f"{target}.store_id", f"{target}.id"],
                name=op.f(f"fk_restock_lift_store_id_{name}_id"),
            )
            for name, target in (("restock", "restock_event"), ("variant", "variant"))
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_restock_lift_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restock_lift")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_restock_lift_store_id_id")),
        sa.UniqueConstraint("store_id", "restock_id", name=op.f("uq_restock_lift_store_id_restock_id")),
    )
    op.create_index("ix_restock_lift_at", "restock_lift", ["store_id", "at"])
    op.create_index("ix_restock_lift_variant", "restock_lift", ["store_id", "variant_id", "at"])
    due = sa.text("count_at IS NOT NULL")
    op.create_index(
        "ix_restock_lift_count_at", "restock_lift", ["count_at", "id"], sqlite_where=due, postgresql_where=due
    )


def downgrade() -> None:
    op.drop_table("restock_lift")
    op.drop_index("ix_page_order_visitor", table_name="page_order")
    op.drop_index("ix_restock_event_held_out", table_name="restock_event")
    op.drop_column("decision", "shopper")
