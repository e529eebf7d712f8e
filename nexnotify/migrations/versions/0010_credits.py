"""Credits: the ledger, its balances, ways to pay and purchases; what each message has taken.

Revision ID: 0010
Revises: 0009
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id", column], [f"{target}.store_id", f"{target}.id"], name=op.f(f"fk_{table}_store_id_{column}")
    )


def _by(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["staff_user.id"], name=op.f(f"fk_{table}_{column}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    name = "_".join(("uq", table, "store_id", *columns))
    return sa.UniqueConstraint("store_id", *columns, name=op.f(name))


def _tenant(table: str, *columns: sa.Column[Any], rules: tuple[Any, ...] = ()) -> None:
    """A table of a store's rows."""
    op.create_table(
        table,
        *columns,
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f(f"fk_{table}_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        _unique(table, "id"),
        *rules,
    )


def upgrade() -> None:
    _buying()
    _tenant(
        "credit_balance",
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("low_at", _MOMENT, nullable=True),
        sa.Column("low_told_at", _MOMENT, nullable=True),
        rules=(sa.UniqueConstraint("store_id", name=op.f("uq_credit_balance_store_id")),),
    )
    _tenant(
        "credit_entry",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("message_id", _ID, nullable=True),
        sa.Column("purchase_id", _ID, nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("user_id", _ID, nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        rules=(
            _key("credit_entry", "message_id", "message"),
            _key("credit_entry", "purchase_id", "credit_purchase"),
            _by("credit_entry", "user_id"),
            _unique("credit_entry", "purchase_id"),
        ),
    )
    op.create_index("ix_credit_entry_kind", "credit_entry", ["store_id", "kind", "id"])
    op.create_index("ix_credit_entry_message", "credit_entry", ["store_id", "message_id"])
    op.add_column("message", sa.Column("credits", sa.Integer(), nullable=True))
    clause = sa.text("status = 'held' AND reason = 'no_credit'")
    op.create_index("ix_message_no_credit", "message", ["store_id", "id"], sqlite_where=clause, postgresql_where=clause)
    _keep_the_ledger_for_ever()


def _buying() -> None:
    _tenant(
        "payment",
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("callback_token", sa.Text(), nullable=False),
        sa.Column("callback_token_hash", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        rules=(
            _unique("payment", "kind"),
            sa.UniqueConstraint("callback_token_hash", name=op.f("uq_payment_callback_token_hash")),
        ),
    )
    _tenant(
        "credit_purchase",
        sa.Column("payment_id", _ID, nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", _ID, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("ended_by", _ID, nullable=True),
        rules=(
            _key("credit_purchase", "payment_id", "payment"),
            _by("credit_purchase", "created_by"),
            _by("credit_purchase", "ended_by"),
            _unique("credit_purchase", "payment_id", "provider_id"),
            sa.UniqueConstraint("reference", name=op.f("uq_credit_purchase_reference")),
        ),
    )
    op.create_index("ix_credit_purchase_list", "credit_purchase", ["store_id", "id"])


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER credit_entry_is_append_only ON credit_entry")
        op.execute("DROP FUNCTION credits_are_append_only()")
    op.drop_index("ix_message_no_credit", table_name="message")
    op.drop_column("message", "credits")
    for table in ("credit_entry", "credit_balance", "credit_purchase", "payment"):
        op.drop_table(table)


def _keep_the_ledger_for_ever() -> None:
    """The ledger of credits is append-only: the database itself refuses changes and deletions."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION credits_are_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the ledger of credits is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER credit_entry_is_append_only BEFORE UPDATE OR DELETE ON credit_entry "
            "FOR EACH ROW EXECUTE FUNCTION credits_are_append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER credit_entry_no_{verb.lower()} BEFORE {verb} ON credit_entry "
            "BEGIN SELECT RAISE(ABORT, 'the ledger of credits is append-only'); END"
        )
