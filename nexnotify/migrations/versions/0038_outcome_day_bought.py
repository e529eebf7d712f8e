"""Which products were bought most is read from the days' orders alone.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_WHERE = sa.text("NOT whole AND part = 'bought'")


def upgrade() -> None:
    op.create_index(
        "ix_outcome_day_bought",
        "outcome_day",
        ["store_id", "day", "variant_id", "won", "assisted"],
        sqlite_where=_WHERE,
        postgresql_where=_WHERE,
    )


def downgrade() -> None:
    op.drop_index("ix_outcome_day_bought", "outcome_day")
