"""Minimums, exclusion and switches of a product, the least order, units wanted, restocks found by the check.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op


revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: Name → columns and condition of partial indexes on requests.
_PARTIAL = {
    "ix_alert_request_wants_more": (
        ["store_id", "variant_id", "quantity"],
        sa.text("status = 'waiting' AND quantity > 1"),
    ),
    "ix_alert_request_product": (
        ["store_id", "variant_id", "id"],
        sa.text("status = 'waiting' AND scope = 'product'"),
    ),
    "ix_alert_request_wide": (
        ["store_id", "contact_id"],
        sa.text("status IN ('pending', 'waiting') AND scope <> 'variant'"),
    ),
}
BY_CHECK = sa.text("by_check")


def upgrade() -> None:
    op.add_column("product", sa.Column("alerts", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("product", sa.Column("threshold", sa.Integer(), nullable=True))
    op.add_column("product", sa.Column("switches", sa.JSON(), nullable=True))
    op.add_column("variant", sa.Column("threshold", sa.Integer(), nullable=True))
    op.add_column("variant", sa.Column("min_order_quantity", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("alert_request", sa.Column("quantity", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("alert_request", sa.Column("scope", sa.String(length=10), nullable=False, server_default="variant"))
    for name, (columns, where) in _PARTIAL.items():
        op.create_index(name, "alert_request", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "wanted_variant",
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("variant_id", _ID, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "request_id"],
            ["alert_request.store_id", "alert_request.id"],
            name=op.f("fk_wanted_variant_store_id_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["variant.store_id", "variant.id"],
            name=op.f("fk_wanted_variant_store_id_variant_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_wanted_variant_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wanted_variant")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_wanted_variant_store_id_id")),
        sa.UniqueConstraint(
            "store_id", "request_id", "variant_id", name=op.f("uq_wanted_variant_store_id_request_id_variant_id")
        ),
    )
    op.create_index("ix_wanted_variant_variant", "wanted_variant", ["store_id", "variant_id", "request_id"])
    op.add_column("restock_event", sa.Column("by_check", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_restock_event_by_check",
        "restock_event",
        ["store_id", "at"],
        sqlite_where=BY_CHECK,
        postgresql_where=BY_CHECK,
    )


def downgrade() -> None:
    op.drop_index("ix_restock_event_by_check", table_name="restock_event")
    op.drop_column("restock_event", "by_check")
    op.drop_table("wanted_variant")
    for name in _PARTIAL:
        op.drop_index(name, table_name="alert_request")
    op.drop_column("alert_request", "scope")
    op.drop_column("alert_request", "quantity")
    for name in ("min_order_quantity", "threshold"):
        op.drop_column("variant", name)
    for name in ("switches", "threshold", "alerts"):
        op.drop_column("product", name)
