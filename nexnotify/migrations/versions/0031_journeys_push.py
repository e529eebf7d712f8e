"""Journeys speak by push too.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("journey", sa.Column("push_subject", sa.String(length=300), nullable=True))
    op.add_column("journey", sa.Column("push_body", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("journey", "push_body")
    op.drop_column("journey", "push_subject")
