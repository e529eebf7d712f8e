"""What a gateway costs, for the month's estimate.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("price_month", sa.Numeric(12, 4)),
    ("price_number", sa.Numeric(12, 4)),
    ("price_text", sa.Numeric(12, 6)),
    ("price_currency", sa.String(length=3)),
)


def upgrade() -> None:
    for name, kind in _COLUMNS:
        op.add_column("gateway", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name, _ in reversed(_COLUMNS):
        op.drop_column("gateway", name)
