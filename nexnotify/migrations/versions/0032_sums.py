"""More is added up: confirmations, what was held and not sent, opt-outs, restocks, orders by message and span.

Revision ID: 0032
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op


revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BIG = ("units", "units_sold")
_COUNTS = (
    "questioned confirmed held uncertain not_sent by_page opted_out complained restocks units units_sold"
).split()
_OPEN = sa.text("status IN ('pending', 'waiting')")


def _waiting(columns: list[str]) -> None:
    op.drop_index("ix_alert_request_waiting", "alert_request")
    op.create_index("ix_alert_request_waiting", "alert_request", columns, sqlite_where=_OPEN, postgresql_where=_OPEN)


def upgrade() -> None:
    # All is made anew from the rows, by the next sweep.
    op.execute("DELETE FROM outcome_day")
    op.execute("DELETE FROM outcome_mark")
    with op.batch_alter_table("outcome_day") as table:
        table.add_column(sa.Column("after", sa.Integer(), nullable=True))
        for name in _COUNTS:
            kind = _ID if name in _BIG else sa.Integer()
            table.add_column(sa.Column(name, kind, nullable=False))
        table.drop_column("within_hour")
        table.drop_column("within_day")
    with op.batch_alter_table("outcome_mark") as table:
        table.add_column(sa.Column("part", sa.String(length=10), nullable=False))
    op.drop_table("outcome_zone")
    op.create_table(
        "outcome_basis",
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("attribution_days", sa.Integer(), nullable=False),
        sa.Column("recounted_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_outcome_basis_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome_basis")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_outcome_basis_store_id_id")),
        sa.UniqueConstraint("store_id", name=op.f("uq_outcome_basis_store_id")),
    )
    _waiting(["store_id", "variant_id", "status", "quantity"])


def downgrade() -> None:
    _waiting(["store_id", "variant_id", "status"])
    op.execute("DELETE FROM outcome_day")
    op.execute("DELETE FROM outcome_mark")
    op.drop_table("outcome_basis")
    op.create_table(
        "outcome_zone",
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_outcome_zone_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome_zone")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_outcome_zone_store_id_id")),
        sa.UniqueConstraint("store_id", name=op.f("uq_outcome_zone_store_id")),
    )
    with op.batch_alter_table("outcome_mark") as table:
        table.drop_column("part")
    with op.batch_alter_table("outcome_day") as table:
        table.add_column(sa.Column("within_hour", sa.Integer(), nullable=False))
        table.add_column(sa.Column("within_day", sa.Integer(), nullable=False))
        for name in _COUNTS:
            table.drop_column(name)
        table.drop_column("after")
