"""Addresses that were a customer's before, so that they are erased with them.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_former_contact_store_id_{column}")
    return sa.ForeignKeyConstraint(["store_id", column], [f"{target}.store_id", f"{target}.id"], name=name)


def upgrade() -> None:
    op.create_table(
        "former_contact",
        sa.Column("customer_id", _ID, nullable=False),
        sa.Column("contact_id", _ID, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        _key("customer_id", "customer"),
        _key("contact_id", "contact"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_former_contact_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_contact")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_former_contact_store_id_id")),
        sa.UniqueConstraint("store_id", "contact_id", name=op.f("uq_former_contact_store_id_contact_id")),
    )
    op.create_index("ix_former_contact_customer", "former_contact", ["store_id", "customer_id"])


def downgrade() -> None:
    op.drop_table("former_contact")
