"""Journeys and the people in them, tags of products, and the changes of stock that are the activity "Back in stock".

Revision ID: 0022
Revises: 0021
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id", column], [f"{target}.store_id", f"{target}.id"], name=op.f(f"fk_{table}_store_id_{column}")
    )


def _tenant(table: str, *columns: Any) -> None:
    """A table of a store's rows."""
    op.create_table(
        table,
        *columns,
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f(f"fk_{table}_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("store_id", "id", name=op.f(f"uq_{table}_store_id_id")),
    )


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    clause = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=clause, postgresql_where=clause)


def upgrade() -> None:
    op.add_column("product", sa.Column("tags", sa.JSON(), server_default="[]", nullable=False))
    _partial(
        "ix_stock_change_back",
        "stock_change",
        ["store_id", "at"],
        "applied AND available_before <= 0 AND (available_after >= 1 OR available_after IS NULL)",
    )
    _tenant(
        "journey",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("delay_minutes", sa.Integer(), nullable=False),
        sa.Column("sms_body", sa.Text(), nullable=True),
        sa.Column("email_subject", sa.String(length=300), nullable=True),
        sa.Column("email_body", sa.Text(), nullable=True),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("on_since", _MOMENT, nullable=True),
        sa.Column("looked_at", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    _partial("ix_journey_on", "journey", ["store_id", "id"], "is_on")
    _tenant(
        "journey_person",
        sa.Column("journey_id", _ID, nullable=False),
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("contact_id", _ID, nullable=False),
        sa.Column("variant_id", _ID, nullable=False),
        sa.Column("occurrence", _ID, nullable=False),
        sa.Column("occurred_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("wait_until", _MOMENT, nullable=True),
        sa.Column("message_id", _ID, nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        _key("journey_person", "journey_id", "journey"),
        _key("journey_person", "request_id", "alert_request"),
        _key("journey_person", "contact_id", "contact"),
        _key("journey_person", "variant_id", "variant"),
        _key("journey_person", "message_id", "message"),
        sa.UniqueConstraint(
            "store_id",
            "journey_id",
            "request_id",
            "occurrence",
            name=op.f("uq_journey_person_store_id_journey_id_request_id_occurrence"),
        ),
    )
    _partial("ix_journey_person_inside", "journey_person", ["journey_id", "occurred_at", "id"], "state = 'inside'")
    op.create_index("ix_journey_person_list", "journey_person", ["store_id", "journey_id", "state", "id"])
    op.create_index("ix_journey_person_request", "journey_person", ["store_id", "request_id", "id"])
    _partial("ix_journey_person_message", "journey_person", ["store_id", "message_id"], "message_id IS NOT NULL")

    with op.batch_alter_table("send_recipient") as table:
        table.add_column(sa.Column("request_id", _ID, nullable=True))
        table.create_foreign_key(
            op.f("fk_send_recipient_store_id_request_id"),
            "alert_request",
            ["store_id", "request_id"],
            ["store_id", "id"],
        )
    _partial("ix_send_recipient_request", "send_recipient", ["store_id", "request_id"], "request_id IS NOT NULL")


def downgrade() -> None:
    op.drop_index("ix_send_recipient_request", table_name="send_recipient")
    with op.batch_alter_table("send_recipient") as table:
        table.drop_constraint(op.f("fk_send_recipient_store_id_request_id"), type_="foreignkey")
        table.drop_column("request_id")
    op.drop_table("journey_person")
    op.drop_table("journey")
    op.drop_index("ix_stock_change_back", table_name="stock_change")
    op.drop_column("product", "tags")
