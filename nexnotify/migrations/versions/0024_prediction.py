"""What a store has learned of its people as a whole, and restocks whose texts wait for people's hours.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op


revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "prediction",
        sa.Column("tried_at", _MOMENT, nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("bought", sa.Integer(), nullable=False),
        sa.Column("clicked", sa.Integer(), nullable=False),
        sa.Column("goal", sa.String(length=10), nullable=True),
        sa.Column("intercept", sa.Double(), nullable=True),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("means", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("in_use", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_prediction_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prediction")),
        sa.UniqueConstraint("store_id", name=op.f("uq_prediction_store_id")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_prediction_store_id_id")),
    )
    op.add_column("restock_event", sa.Column("delays_until", _MOMENT, nullable=True))
    delaying = sa.text("delays_until IS NOT NULL")
    op.create_index(
        "ix_restock_event_delaying",
        "restock_event",
        ["delays_until"],
        sqlite_where=delaying,
        postgresql_where=delaying,
    )


def downgrade() -> None:
    op.drop_index("ix_restock_event_delaying", "restock_event")
    op.drop_column("restock_event", "delays_until")
    op.drop_table("prediction")
