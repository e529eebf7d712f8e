"""A restock's own life: settling, approval, undo, waves.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op


revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN, _WORK = sa.text("state NOT IN ('done', 'stopped')"), sa.text("work_at IS NOT NULL")
_UNPLANNED = sa.text("planned_at IS NULL")


def upgrade() -> None:
    columns = (
        sa.Column("state", sa.String(length=12), nullable=False, server_default="done"),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("work_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wave", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("part", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hurried_at", sa.DateTime(timezone=True), nullable=True),
    )
    for column in columns:
        op.add_column("restock_event", column)
    # Whom an unfinished plan has told by then stands behind its place; it goes on as the whole list at once.
    op.execute("UPDATE restock_event SET state = 'new', work_at = at WHERE planned_at IS NULL")
    op.drop_index("ix_restock_event_open", "restock_event")
    op.create_index(
        "ix_restock_event_open",
        "restock_event",
        ["store_id", "variant_id", "id"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_restock_event_work", "restock_event", ["work_at", "id"], sqlite_where=_WORK, postgresql_where=_WORK
    )
    op.create_index("ix_alert_restock", "alert", ["store_id", "restock_id", "message_id"])
    op.create_table(
        "restock_wave",
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.Column("restock_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("units", _ID, nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_message_id", _ID, nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_restock_wave_store_id")),
        sa.ForeignKeyConstraint(
            ["store_id", "restock_id"],
            ["restock_event.store_id", "restock_event.id"],
            name=op.f("fk_restock_wave_store_id_restock_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restock_wave")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_restock_wave_store_id_id")),
        sa.UniqueConstraint(
            "store_id", "restock_id", "number", name=op.f("uq_restock_wave_store_id_restock_id_number")
        ),
    )


def downgrade() -> None:
    op.drop_table("restock_wave")
    op.drop_index("ix_alert_restock", "alert")
    op.drop_index("ix_restock_event_work", "restock_event")
    op.drop_index("ix_restock_event_open", "restock_event")
    op.create_index(
        "ix_restock_event_open", "restock_event", ["id"], sqlite_where=_UNPLANNED, postgresql_where=_UNPLANNED
    )
    for name in ("hurried_at", "held_at", "most", "part", "wave", "work_at", "reason", "state"):
        op.drop_column("restock_event", name)
