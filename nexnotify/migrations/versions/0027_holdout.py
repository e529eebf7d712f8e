"""A restock remembers which share of its people it does not tell.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op


revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("restock_event", sa.Column("holdout", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("restock_event", "holdout")
