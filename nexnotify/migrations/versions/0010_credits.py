"""Credits: the ledger, its balances, ways to pay and purchases; what each message has taken.

Revision ID: 0010
Revises: 0009
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from nexnotify.clock import utcnow


revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
KIND = "merchant_low_credit"
#: Channel, subject, text.
_TEMPLATES = (
    ("sms", None, "[[store]]: [[credits]] credits are left. Texts wait when there are none, so buy some in time."),
    (
        "email",
        "[[credits]] credits are left",
        "[[store]] has [[credits]] credits left for text messages. When there are none, texts wait until you buy some; "
        "people can sign up all the same.\n\nBuy credits under Settings, Credits.\n\n[[store]]",
    ),
)


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
    _add_templates()


def _add_templates() -> None:
    """The stores that are there already can be told of low credits, as a new one can."""
    connection, now = op.get_bind(), utcnow()
    moment = now.replace(tzinfo=None) if connection.dialect.name == "sqlite" else now
    names = ("id", "store_id", "kind", "channel", "version", "active", "standard", "name")
    template = sa.table("template", *(sa.column(name) for name in names))
    columns = ("store_id", "template_id", "number", "subject", "body", "created_at")
    version = sa.table("template_version", *(sa.column(name) for name in columns))
    common = {"kind": KIND, "version": 1, "active": True, "standard": True, "name": "Low credit"}
    for store_id in connection.scalars(sa.select(sa.table("store", sa.column("id")).c.id)).all():
        for channel, subject, body in _TEMPLATES:
            values = common | {"store_id": store_id, "channel": channel}
            made = connection.scalar(sa.insert(template).values(values).returning(template.c.id))
            wording = {"store_id": store_id, "template_id": made, "number": 1, "subject": subject, "body": body}
            connection.execute(sa.insert(version).values(wording | {"created_at": moment}))


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
        sa.Column("pay_url", sa.Text(), nullable=True),
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


def _forget_templates() -> None:
    """What was sent keeps its text; it only forgets which template that was."""
    ours = "SELECT id FROM template WHERE kind = 'merchant_low_credit'"
    versions = f"SELECT id FROM template_version WHERE template_id IN ({ours})"  # noqa: S608
    op.execute(f"UPDATE message SET template_version_id = NULL WHERE template_version_id IN ({versions})")  # noqa: S608
    op.execute(f"DELETE FROM template_version WHERE template_id IN ({ours})")  # noqa: S608
    op.execute("DELETE FROM template WHERE kind = 'merchant_low_credit'")


def downgrade() -> None:
    _forget_templates()
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
