"""An index of the requests that came through the widget.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    clause = sa.text("source = 'widget'")
    op.create_index(
        "ix_alert_request_widget",
        "alert_request",
        ["store_id", "id"],
        unique=False,
        sqlite_where=clause,
        postgresql_where=clause,
    )


def downgrade() -> None:
    op.drop_index("ix_alert_request_widget", table_name="alert_request")
