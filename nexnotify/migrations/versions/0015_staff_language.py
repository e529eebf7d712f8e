"""The language a person reads the admin in.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_user", sa.Column("language", sa.String(length=20), nullable=True))


def downgrade() -> None:
    op.drop_column("staff_user", "language")
