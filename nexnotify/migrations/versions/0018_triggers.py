"""Minimums, exclusion and switches of a product, the least order, units wanted, restocks found by the check.

Revision ID: 0018
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op


revision = "0018"
down_revision = "0015"
branch_labels = None
depends_on = None

WANTS_MORE = sa.text("status = 'waiting' AND quantity > 1")
BY_CHECK = sa.text("by_check")


def upgrade() -> None:
    op.add_column("product", sa.Column("alerts", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("product", sa.Column("threshold", sa.Integer(), nullable=True))
    op.add_column("product", sa.Column("switches", sa.JSON(), nullable=True))
    op.add_column("variant", sa.Column("threshold", sa.Integer(), nullable=True))
    op.add_column("variant", sa.Column("min_order_quantity", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("alert_request", sa.Column("quantity", sa.Integer(), nullable=False, server_default="1"))
    op.create_index(
        "ix_alert_request_wants_more",
        "alert_request",
        ["store_id", "variant_id", "quantity"],
        sqlite_where=WANTS_MORE,
        postgresql_where=WANTS_MORE,
    )
    op.add_column("restock_event", sa.Column("by_check", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_restock_event_by_check",
        "restock_event",
        ["store_id", "at"],
        sqlite_where=BY_CHECK,
        postgresql_where=BY_CHECK,
    )


def downgrade() -> None:
    op.drop_index("ix_restock_event_by_check", table_name="restock_event")
    op.drop_column("restock_event", "by_check")
    op.drop_index("ix_alert_request_wants_more", table_name="alert_request")
    op.drop_column("alert_request", "quantity")
    for name in ("min_order_quantity", "threshold"):
        op.drop_column("variant", name)
    for name in ("switches", "threshold", "alerts"):
        op.drop_column("product", name)
