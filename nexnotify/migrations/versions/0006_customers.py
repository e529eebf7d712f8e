"""Customers and the fields that a merchant gives them; every store gets the SMS opt-in.

Revision ID: 0006
Revises: 0005
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OPT_IN = "I would like to receive SMS messages"


def _id() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _name_key() -> sa.types.TypeEngine[Any]:
    return sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "customer",
        sa.Column("external_id", sa.String(255), nullable=True),
        sa.Column("first_name", sa.String(255), nullable=True),
        sa.Column("last_name", sa.String(255), nullable=True),
        sa.Column("name_key", _name_key(), nullable=False),
        sa.Column("last_name_key", _name_key(), nullable=False),
        sa.Column("sms_contact_id", _id(), nullable=True),
        sa.Column("email_contact_id", _id(), nullable=True),
        sa.Column("sms_opt_in", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", _id(), nullable=False),
        sa.Column("store_id", _id(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_customer_store_id")),
        sa.ForeignKeyConstraint(
            ["store_id", "sms_contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_customer_store_id_sms_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "email_contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_customer_store_id_email_contact_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_customer_store_id_id")),
        sa.UniqueConstraint("store_id", "external_id", name=op.f("uq_customer_store_id_external_id")),
        sa.UniqueConstraint("store_id", "sms_contact_id", name=op.f("uq_customer_store_id_sms_contact_id")),
        sa.UniqueConstraint("store_id", "email_contact_id", name=op.f("uq_customer_store_id_email_contact_id")),
    )
    op.create_index("ix_customer_name", "customer", ["store_id", "name_key"])
    op.create_index("ix_customer_last_name", "customer", ["store_id", "last_name_key"])
    op.create_index("ix_customer_opt_in", "customer", ["store_id", "sms_opt_in", "id"])
    fields = op.create_table(
        "custom_field",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(255), nullable=False),
        sa.Column("type", sa.String(10), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_sms_opt_in", sa.Boolean(), nullable=False),
        sa.Column("id", _id(), nullable=False),
        sa.Column("store_id", _id(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_custom_field_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_custom_field_store_id_id")),
        sa.UniqueConstraint("store_id", "name_key", name=op.f("uq_custom_field_store_id_name_key")),
    )
    op.create_table(
        "custom_field_value",
        sa.Column("customer_id", _id(), nullable=False),
        sa.Column("custom_field_id", _id(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("id", _id(), nullable=False),
        sa.Column("store_id", _id(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_custom_field_value_store_id")),
        sa.ForeignKeyConstraint(
            ["store_id", "customer_id"],
            ["customer.store_id", "customer.id"],
            name=op.f("fk_custom_field_value_store_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "custom_field_id"],
            ["custom_field.store_id", "custom_field.id"],
            name=op.f("fk_custom_field_value_store_id_custom_field_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field_value")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_custom_field_value_store_id_id")),
        sa.UniqueConstraint(
            "store_id",
            "customer_id",
            "custom_field_id",
            name=op.f("uq_custom_field_value_store_id_customer_id_custom_field_id"),
        ),
    )
    op.create_index("ix_custom_field_value_field", "custom_field_value", ["store_id", "custom_field_id"])
    _give_opt_ins(fields)


def _give_opt_ins(fields: sa.Table) -> None:
    stores = op.get_bind().scalars(sa.text("SELECT id FROM store")).all()
    opt_in = {
        "name": OPT_IN,
        "name_key": OPT_IN.casefold(),
        "type": "yes_no",
        "choices": [],
        "position": 1,
        "is_sms_opt_in": True,
    }
    if stores:
        op.bulk_insert(fields, [{"store_id": store, **opt_in} for store in stores])


def downgrade() -> None:
    op.drop_table("custom_field_value")
    op.drop_table("custom_field")
    op.drop_table("customer")
