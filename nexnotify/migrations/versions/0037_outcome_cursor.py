"""What was seen of a table is settled by the transactions that are over, and not by the moments in its rows.

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    # As if nothing had been seen since: what is newer is read once more, and that is all.
    with op.batch_alter_table("outcome_cursor") as table:
        table.add_column(sa.Column("seen_id", _NUMBER, nullable=False, server_default="0"))
        table.add_column(
            sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, server_default="2000-01-01 00:00:00")
        )
        table.add_column(sa.Column("seen_before", _NUMBER, nullable=False, server_default="0"))
    op.execute("UPDATE outcome_cursor SET seen_id = last_id")


def downgrade() -> None:
    with op.batch_alter_table("outcome_cursor") as table:
        table.drop_column("seen_before")
        table.drop_column("seen_at")
        table.drop_column("seen_id")
