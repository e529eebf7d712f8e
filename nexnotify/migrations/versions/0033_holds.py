"""Units that the storefront keeps for whom a text tells.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "hold_source",
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("trouble", sa.String(400), nullable=True),
        sa.Column("trouble_at", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hold_source"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name="fk_hold_source_store_id"),
        sa.UniqueConstraint("store_id", "id", name="uq_hold_source_store_id_id"),
        sa.UniqueConstraint("store_id", name="uq_hold_source_store_id"),
    )
    op.create_table(
        "hold",
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("restock_id", _ID, nullable=False),
        sa.Column("variant_id", _ID, nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(20), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("reference", sa.String(200), nullable=True),
        sa.Column("detail", sa.String(400), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=True),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("held_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hold"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name="fk_hold_store_id"),
        sa.ForeignKeyConstraint(
            ["store_id", "message_id"], ["message.store_id", "message.id"], name="fk_hold_store_id_message_id"
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "restock_id"],
            ["restock_event.store_id", "restock_event.id"],
            name="fk_hold_store_id_restock_id",
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"], ["variant.store_id", "variant.id"], name="fk_hold_store_id_variant_id"
        ),
        sa.UniqueConstraint("store_id", "id", name="uq_hold_store_id_id"),
        sa.UniqueConstraint("store_id", "message_id", name="uq_hold_store_id_message_id"),
        sa.UniqueConstraint("store_id", "key", name="uq_hold_store_id_key"),
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_hold_due", "hold", ["due_at", "id"], sqlite_where=due, postgresql_where=due)
    op.create_index("ix_hold_restock", "hold", ["store_id", "restock_id", "status"])


def downgrade() -> None:
    op.drop_table("hold")
    op.drop_table("hold_source")
