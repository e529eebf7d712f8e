"""Imports of uploaded files, and what was wrong with their rows.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("with_stock", sa.Boolean(), nullable=False),
        sa.Column("shop_url", sa.String(length=2000), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("user_id", _ID, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("worked_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("forgotten_at", _MOMENT, nullable=True),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_import_run_user_id")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_import_run_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_import_run_store_id_id")),
    )
    op.create_index("ix_import_run_list", "import_run", ["store_id", "id"])
    for name, column, where in (
        ("ix_import_run_at_work", "id", "status IN ('checking', 'running')"),
        ("ix_import_run_kept", "created_at", "forgotten_at IS NULL"),
    ):
        clause = sa.text(where)
        op.create_index(name, "import_run", [column], sqlite_where=clause, postgresql_where=clause)
    op.create_table(
        "import_fault",
        sa.Column("import_run_id", _ID, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(length=255), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "import_run_id"],
            ["import_run.store_id", "import_run.id"],
            name=op.f("fk_import_fault_store_id_import_run_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_import_fault_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_fault")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_import_fault_store_id_id")),
    )
    op.create_index("ix_import_fault_run", "import_fault", ["store_id", "import_run_id", "line", "id"])


def downgrade() -> None:
    op.drop_table("import_fault")
    op.drop_table("import_run")
