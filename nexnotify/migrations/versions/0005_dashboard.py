"""Indexes by time for the dashboard, and who has put its first steps away.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: (name, table, columns, of which rows)
_INDEXES = (
    ("ix_message_made", "message", ["store_id", "created_at"], None),
    ("ix_alert_request_asked", "alert_request", ["store_id", "created_at"], None),
    ("ix_alert_request_told", "alert_request", ["store_id", "alerted_at"], "alerted_at IS NOT NULL"),
    ("ix_alert_request_closed", "alert_request", ["store_id", "closed_at"], "closed_at IS NOT NULL"),
    ("ix_consent_entry_revoked", "consent_entry", ["store_id", "at"], "action = 'revoked'"),
    ("ix_restock_event_at", "restock_event", ["store_id", "at"], None),
)


def upgrade() -> None:
    for name, table, columns, where in _INDEXES:
        clause = sa.text(where) if where else None
        op.create_index(name, table, columns, unique=False, sqlite_where=clause, postgresql_where=clause)
    op.add_column("membership", sa.Column("steps_hidden_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("membership", "steps_hidden_at")
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
