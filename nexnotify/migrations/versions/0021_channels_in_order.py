"""Requests of one sign-up know each other; who stands behind another channel is looked at.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op


revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("alert_request", sa.Column("asked_with", _ID, nullable=True))
    op.add_column("alert_request", sa.Column("behind_restock_id", _ID, nullable=True))
    op.add_column("alert_request", sa.Column("behind_until", sa.DateTime(timezone=True), nullable=True))
    for name, columns, where in (
        ("ix_alert_request_asked_with", ["store_id", "asked_with"], "asked_with IS NOT NULL"),
        ("ix_alert_request_behind", ["store_id", "behind_until", "id"], "behind_until IS NOT NULL"),
    ):
        condition = sa.text(where)
        op.create_index(name, "alert_request", columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for name in ("behind", "asked_with"):
        op.drop_index(f"ix_alert_request_{name}", "alert_request")
    for column in ("behind_until", "behind_restock_id", "asked_with"):
        op.drop_column("alert_request", column)
