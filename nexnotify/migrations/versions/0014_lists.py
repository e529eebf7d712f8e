"""Lists that stay fast at a million rows: their indexes, a restock's people in figures, saved views.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op


revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_THERE = "erased_at IS NULL"

#: Index → table, columns, and which rows (None: all).
INDEXES: dict[str, tuple[str, list[str], str | None]] = {
    "ix_customer_list_name": ("customer", ["name_key", "id"], _THERE),
    "ix_customer_list_changed": ("customer", ["updated_at", "id"], _THERE),
    "ix_customer_opt_in_name": ("customer", ["sms_opt_in", "name_key", "id"], _THERE),
    "ix_customer_opt_in_changed": ("customer", ["sms_opt_in", "updated_at", "id"], _THERE),
    "ix_customer_order_placed": ("customer_order", ["placed_at", "id"], None),
    "ix_customer_order_status_placed": ("customer_order", ["status", "placed_at", "id"], None),
    "ix_customer_order_total": ("customer_order", ["total", "id"], None),
    "ix_customer_order_status_total": ("customer_order", ["status", "total", "id"], None),
    "ix_ticket_phone": ("ticket", ["sms_contact_id"], None),
    "ix_ticket_email": ("ticket", ["email_contact_id"], None),
    "ix_ticket_changed": ("ticket", ["updated_at", "id"], None),
    "ix_ticket_opened": ("ticket", ["opened_by", "updated_at", "id"], None),
    "ix_message_kind": ("message", ["kind", "status", "id"], None),
    "ix_alert_request_waiting": ("alert_request", ["variant_id", "status"], "status IN ('pending', 'waiting')"),
    "ix_send_state": ("send", ["state", "id"], None),
    "ix_audit_entry_action": ("audit_entry", ["action", "id"], None),
    "ix_audit_entry_person": ("audit_entry", ["user_id", "id"], None),
    "ix_audit_entry_person_action": ("audit_entry", ["user_id", "action", "id"], None),
}
#: Column of a restock → the verdict whose people it counts.
COUNTS = {"told": "send", "held": "hold", "passed": "skip"}


def upgrade() -> None:
    for name, (table, columns, where) in INDEXES.items():
        clause = None if where is None else sa.text(where)
        op.create_index(name, table, ["store_id", *columns], sqlite_where=clause, postgresql_where=clause)
    op.drop_index("ix_order_line_variant", "order_line")
    op.create_index("ix_order_line_variant", "order_line", ["variant_id", "order_id"])
    for column, verdict in COUNTS.items():
        op.add_column("restock_event", sa.Column(column, sa.Integer(), nullable=False, server_default=sa.text("0")))
        op.execute(
            f"UPDATE restock_event SET {column} = (SELECT count(*) FROM decision"  # noqa: S608 - names of ours
            " WHERE decision.store_id = restock_event.store_id AND decision.restock_id = restock_event.id"
            f" AND decision.stage = 'plan' AND decision.verdict = '{verdict}')"
        )
    op.create_table(
        "saved_view",
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("list", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_saved_view_store_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_saved_view_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_saved_view_store_id_id")),
        sa.UniqueConstraint(
            "store_id", "user_id", "list", "name", name=op.f("uq_saved_view_store_id_user_id_list_name")
        ),
    )


def downgrade() -> None:
    op.drop_table("saved_view")
    for column in reversed(COUNTS):
        op.drop_column("restock_event", column)
    op.drop_index("ix_order_line_variant", "order_line")
    op.create_index("ix_order_line_variant", "order_line", ["store_id", "variant_id", "order_id"])
    for name, (table, _, _) in reversed(INDEXES.items()):
        op.drop_index(name, table)
