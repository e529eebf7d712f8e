"""Where shoppers may be, substitutes of products, and what products' pages said when they were looked at.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op


revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("alert_request", sa.Column("zone", sa.String(length=60), nullable=True))
    op.add_column("customer", sa.Column("country", sa.String(length=2), nullable=True))
    op.add_column("customer", sa.Column("region", sa.String(length=10), nullable=True))
    op.create_table(
        "product_substitute",
        sa.Column("product_id", _ID, nullable=False),
        sa.Column("substitute_ref", sa.String(length=255), nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "product_id"],
            ["product.store_id", "product.id"],
            name=op.f("fk_product_substitute_store_id_product_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_product_substitute_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_substitute")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_product_substitute_store_id_id")),
        sa.UniqueConstraint(
            "store_id",
            "product_id",
            "substitute_ref",
            name=op.f("uq_product_substitute_store_id_product_id_substitute_ref"),
        ),
    )
    op.create_table(
        "page_check",
        sa.Column("variant_id", _ID, nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.String(length=400), nullable=True),
        sa.Column("checked_at", _MOMENT, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["variant.store_id", "variant.id"],
            name=op.f("fk_page_check_store_id_variant_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_page_check_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_check")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_page_check_store_id_id")),
        sa.UniqueConstraint("store_id", "variant_id", name=op.f("uq_page_check_store_id_variant_id")),
    )


def downgrade() -> None:
    op.drop_table("page_check")
    op.drop_table("product_substitute")
    op.drop_column("customer", "region")
    op.drop_column("customer", "country")
    op.drop_column("alert_request", "zone")
