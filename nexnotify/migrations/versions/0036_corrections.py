"""Sends that correct what a recalled restock told, on each channel on which it did; requests of numbers that said STOP end.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("send") as table:
        table.add_column(sa.Column("restock_id", sa.BigInteger().with_variant(sa.Integer, "sqlite")))
        table.add_column(sa.Column("words", sa.JSON(), nullable=False, server_default="{}"))
        table.create_foreign_key(
            op.f("fk_send_store_id_restock_id"), "restock_event", ["store_id", "restock_id"], ["store_id", "id"]
        )
    corrects = sa.text("restock_id IS NOT NULL AND state <> 'cancelled'")
    op.create_index(
        "uq_send_correction",
        "send",
        ["store_id", "restock_id"],
        unique=True,
        sqlite_where=corrects,
        postgresql_where=corrects,
    )
    stopped = sa.text("status = 'pending' AND confirm_by IS NULL")
    op.create_index(
        "ix_alert_request_stopped",
        "alert_request",
        ["store_id", "renewed_at", "id"],
        sqlite_where=stopped,
        postgresql_where=stopped,
    )


def downgrade() -> None:
    op.drop_index("ix_alert_request_stopped", "alert_request")
    # What is left would be taken for an answer, which goes at any hour.
    op.execute("UPDATE message SET status = 'cancelled' WHERE kind = 'correction' AND status IN ('held', 'queued')")
    op.execute("UPDATE send SET state = 'cancelled', work_at = NULL WHERE restock_id IS NOT NULL AND state <> 'done'")
    op.execute(
        "UPDATE send SET purpose = 'marketing', source = 'customers', filter = '{}', picked = '[]' WHERE restock_id IS NOT NULL"
    )
    op.drop_index("uq_send_correction", "send")
    with op.batch_alter_table("send") as table:
        table.drop_constraint(op.f("fk_send_store_id_restock_id"), type_="foreignkey")
        table.drop_column("words")
        table.drop_column("restock_id")
