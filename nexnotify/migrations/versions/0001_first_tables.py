"""The first tables.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent_wording",
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_consent_wording")),
    )
    op.create_table(
        "instance_secret",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("ciphertext", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_instance_secret")),
    )
    op.create_table(
        "staff_user",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_user")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_user_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_staff_user_fs_uniquifier")),
    )
    op.create_table(
        "store",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store")),
        sa.UniqueConstraint("key", name=op.f("uq_store_key")),
    )
    op.create_table(
        "api_key",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_api_key_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_api_key_store_id_id")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_audit_entry_store_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_audit_entry_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_audit_entry_store_id_id")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_store_at", ["store_id", "at"], unique=False)

    op.create_table(
        "contact",
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("last4_hash", sa.String(length=64), nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreachable_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreachable_reason", sa.String(length=60), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_contact_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint(
            "store_id", "channel", "address_hash", name=op.f("uq_contact_store_id_channel_address_hash")
        ),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_contact_store_id_id")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index("ix_contact_last4", ["store_id", "last4_hash"], unique=False)

    op.create_table(
        "gateway",
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("callback_token", sa.Text(), nullable=False),
        sa.Column("callback_token_hash", sa.String(length=64), nullable=False),
        sa.Column("is_sender", sa.Boolean(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_reason", sa.String(length=400), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_ok", sa.Boolean(), nullable=True),
        sa.Column("check_detail", sa.String(length=400), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_gateway_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway")),
        sa.UniqueConstraint("callback_token_hash", name=op.f("uq_gateway_callback_token_hash")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_gateway_store_id_id")),
        sa.UniqueConstraint("store_id", "name", name=op.f("uq_gateway_store_id_name")),
    )
    op.create_table(
        "location",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_location_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_location_store_id_id")),
        sa.UniqueConstraint("store_id", "key", name=op.f("uq_location_store_id_key")),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_membership_store_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_membership_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("store_id", "user_id", name=op.f("uq_membership_store_id_user_id")),
    )
    op.create_table(
        "product",
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=True),
        sa.Column("image_url", sa.String(length=2000), nullable=True),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_product_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("store_id", "external_id", name=op.f("uq_product_store_id_external_id")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_product_store_id_id")),
    )
    op.create_table(
        "signup_count",
        sa.Column("who_hash", sa.String(length=64), nullable=False),
        sa.Column("window", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_signup_count_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signup_count")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_signup_count_store_id_id")),
        sa.UniqueConstraint("store_id", "who_hash", "window", name=op.f("uq_signup_count_store_id_who_hash_window")),
    )
    op.create_table(
        "template",
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("product_status", sa.String(length=20), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_template_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_template_store_id_id")),
    )
    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.create_index(
            "uq_template_general",
            ["store_id", "kind", "channel"],
            unique=True,
            sqlite_where=sa.text("product_status IS NULL"),
            postgresql_where=sa.text("product_status IS NULL"),
        )
        batch_op.create_index(
            "uq_template_status",
            ["store_id", "kind", "channel", "product_status"],
            unique=True,
            sqlite_where=sa.text("product_status IS NOT NULL"),
            postgresql_where=sa.text("product_status IS NOT NULL"),
        )

    op.create_table(
        "unmatched_level",
        sa.Column("by", sa.String(length=20), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("location_key", sa.String(length=255), nullable=False),
        sa.Column("on_hand", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("committed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("safety_stock", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_unmatched_level_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmatched_level")),
        sa.UniqueConstraint(
            "store_id", "by", "ref", "location_key", name=op.f("uq_unmatched_level_store_id_by_ref_location_key")
        ),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_unmatched_level_store_id_id")),
    )
    op.create_table(
        "callback",
        sa.Column("gateway_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "gateway_id"], ["gateway.store_id", "gateway.id"], name=op.f("fk_callback_store_id_gateway_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_callback_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_callback_store_id_id")),
    )
    with op.batch_alter_table("callback", schema=None) as batch_op:
        batch_op.create_index("ix_callback_gateway", ["store_id", "gateway_id", "id"], unique=False)
        batch_op.create_index(
            "ix_callback_open",
            ["retry_at", "id"],
            unique=False,
            sqlite_where=sa.text("processed_at IS NULL"),
            postgresql_where=sa.text("processed_at IS NULL"),
        )

    op.create_table(
        "consent_entry",
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("wording_version", sa.String(length=64), nullable=True),
        sa.Column("page_url", sa.String(length=2000), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.String(length=400), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_consent_entry_store_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_consent_entry_store_id")),
        sa.ForeignKeyConstraint(
            ["wording_version"], ["consent_wording.version"], name=op.f("fk_consent_entry_wording_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_entry")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_consent_entry_store_id_id")),
    )
    with op.batch_alter_table("consent_entry", schema=None) as batch_op:
        batch_op.create_index("ix_consent_entry_contact", ["store_id", "contact_id", "id"], unique=False)

    op.create_table(
        "lane",
        sa.Column("gateway_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "gateway_id"], ["gateway.store_id", "gateway.id"], name=op.f("fk_lane_store_id_gateway_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_lane_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane")),
        sa.UniqueConstraint("store_id", "gateway_id", name=op.f("uq_lane_store_id_gateway_id")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_lane_store_id_id")),
    )
    op.create_table(
        "template_version",
        sa.Column("template_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["staff_user.id"], name=op.f("fk_template_version_created_by")),
        sa.ForeignKeyConstraint(
            ["store_id", "template_id"],
            ["template.store_id", "template.id"],
            name=op.f("fk_template_version_store_id_template_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_template_version_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_version")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_template_version_store_id_id")),
        sa.UniqueConstraint(
            "store_id", "template_id", "number", name=op.f("uq_template_version_store_id_template_id_number")
        ),
    )
    op.create_table(
        "variant",
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("sku", sa.String(length=255), nullable=True),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=4), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=True),
        sa.Column("image_url", sa.String(length=2000), nullable=True),
        sa.Column("unavailable_as", sa.String(length=20), nullable=False),
        sa.Column("available", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "product_id"], ["product.store_id", "product.id"], name=op.f("fk_variant_store_id_product_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_variant_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variant")),
        sa.UniqueConstraint("store_id", "external_id", name=op.f("uq_variant_store_id_external_id")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_variant_store_id_id")),
        sa.UniqueConstraint("store_id", "sku", name=op.f("uq_variant_store_id_sku")),
    )
    with op.batch_alter_table("variant", schema=None) as batch_op:
        batch_op.create_index("ix_variant_product_id", ["store_id", "product_id"], unique=False)

    op.create_table(
        "alert_request",
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("asked_status", sa.String(length=20), nullable=False),
        sa.Column("first_name", sa.String(length=200), nullable=True),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("page_url", sa.String(length=2000), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alerted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_reason", sa.String(length=40), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_alert_request_store_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["variant.store_id", "variant.id"],
            name=op.f("fk_alert_request_store_id_variant_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_alert_request_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_request")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_alert_request_store_id_id")),
    )
    with op.batch_alter_table("alert_request", schema=None) as batch_op:
        batch_op.create_index("ix_alert_request_contact", ["store_id", "contact_id", "id"], unique=False)
        batch_op.create_index("ix_alert_request_list", ["store_id", "variant_id", "status", "id"], unique=False)
        batch_op.create_index("ix_alert_request_status", ["store_id", "status", "id"], unique=False)
        batch_op.create_index(
            "uq_alert_request_open",
            ["store_id", "variant_id", "contact_id"],
            unique=True,
            sqlite_where=sa.text("status IN ('pending', 'waiting')"),
            postgresql_where=sa.text("status IN ('pending', 'waiting')"),
        )

    op.create_table(
        "message",
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lane_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("template_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("subject", sa.String(length=300), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("encoding", sa.String(length=4), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("express", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lookups", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=120), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gateway_message_id", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"], ["contact.store_id", "contact.id"], name=op.f("fk_message_store_id_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "lane_id"], ["lane.store_id", "lane.id"], name=op.f("fk_message_store_id_lane_id")
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "template_version_id"],
            ["template_version.store_id", "template_version.id"],
            name=op.f("fk_message_store_id_template_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"], ["variant.store_id", "variant.id"], name=op.f("fk_message_store_id_variant_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_message_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("reference", name=op.f("uq_message_reference")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_message_store_id_id")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_message_claimed",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("status = 'claimed'"),
            postgresql_where=sa.text("status = 'claimed'"),
        )
        batch_op.create_index("ix_message_contact", ["store_id", "contact_id", "id"], unique=False)
        batch_op.create_index(
            "ix_message_due",
            ["lane_id", "express", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'queued'"),
            postgresql_where=sa.text("status = 'queued'"),
        )
        batch_op.create_index("ix_message_gateway_id", ["lane_id", "gateway_message_id"], unique=False)
        batch_op.create_index(
            "ix_message_held",
            ["due_at", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'held'"),
            postgresql_where=sa.text("status = 'held'"),
        )
        batch_op.create_index("ix_message_list", ["store_id", "id"], unique=False)
        batch_op.create_index("ix_message_status", ["store_id", "status", "id"], unique=False)
        batch_op.create_index(
            "ix_message_uncertain",
            ["due_at", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'uncertain'"),
            postgresql_where=sa.text("status = 'uncertain'"),
        )
        batch_op.create_index("ix_message_variant", ["store_id", "variant_id", "id"], unique=False)

    op.create_table(
        "stock_change",
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("location_key", sa.String(length=255), nullable=True),
        sa.Column("on_hand", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("available_before", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("available_after", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["variant.store_id", "variant.id"],
            name=op.f("fk_stock_change_store_id_variant_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_stock_change_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_change")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_stock_change_store_id_id")),
    )
    with op.batch_alter_table("stock_change", schema=None) as batch_op:
        batch_op.create_index(
            "ix_stock_change_new",
            ["id"],
            unique=False,
            sqlite_where=sa.text("looked_at IS NULL"),
            postgresql_where=sa.text("looked_at IS NULL"),
        )
        batch_op.create_index("ix_stock_change_variant", ["store_id", "variant_id", "id"], unique=False)

    op.create_table(
        "stock_level",
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("location_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("on_hand", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("committed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("safety_stock", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "location_id"],
            ["location.store_id", "location.id"],
            name=op.f("fk_stock_level_store_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["variant.store_id", "variant.id"],
            name=op.f("fk_stock_level_store_id_variant_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_stock_level_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_level")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_stock_level_store_id_id")),
        sa.UniqueConstraint(
            "store_id", "variant_id", "location_id", name=op.f("uq_stock_level_store_id_variant_id_location_id")
        ),
    )
    op.create_table(
        "attempt",
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=120), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("detail", sa.String(length=400), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "message_id"], ["message.store_id", "message.id"], name=op.f("fk_attempt_store_id_message_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_attempt_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_attempt_store_id_id")),
        sa.UniqueConstraint("store_id", "message_id", "number", name=op.f("uq_attempt_store_id_message_id_number")),
    )
    op.create_table(
        "inbound_message",
        sa.Column("gateway_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dedupe_key", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("keyword", sa.String(length=10), nullable=True),
        sa.Column("reply_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "contact_id"],
            ["contact.store_id", "contact.id"],
            name=op.f("fk_inbound_message_store_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "gateway_id"],
            ["gateway.store_id", "gateway.id"],
            name=op.f("fk_inbound_message_store_id_gateway_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "reply_id"],
            ["message.store_id", "message.id"],
            name=op.f("fk_inbound_message_store_id_reply_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_inbound_message_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_message")),
        sa.UniqueConstraint(
            "store_id", "gateway_id", "dedupe_key", name=op.f("uq_inbound_message_store_id_gateway_id_dedupe_key")
        ),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_inbound_message_store_id_id")),
    )
    with op.batch_alter_table("inbound_message", schema=None) as batch_op:
        batch_op.create_index("ix_inbound_contact", ["store_id", "contact_id", "id"], unique=False)

    op.create_table(
        "message_event",
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_status", sa.String(length=20), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("detail", sa.String(length=400), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "message_id"],
            ["message.store_id", "message.id"],
            name=op.f("fk_message_event_store_id_message_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_message_event_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_event")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_message_event_store_id_id")),
    )
    with op.batch_alter_table("message_event", schema=None) as batch_op:
        batch_op.create_index("ix_message_event_message", ["store_id", "message_id", "id"], unique=False)

    op.create_table(
        "restock_event",
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stock_change_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("available_before", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("available_after", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan_cursor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "stock_change_id"],
            ["stock_change.store_id", "stock_change.id"],
            name=op.f("fk_restock_event_store_id_stock_change_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["variant.store_id", "variant.id"],
            name=op.f("fk_restock_event_store_id_variant_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_restock_event_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restock_event")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_restock_event_store_id_id")),
        sa.UniqueConstraint("store_id", "stock_change_id", name=op.f("uq_restock_event_store_id_stock_change_id")),
    )
    with op.batch_alter_table("restock_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_restock_event_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("planned_at IS NULL"),
            postgresql_where=sa.text("planned_at IS NULL"),
        )
        batch_op.create_index("ix_restock_event_variant", ["store_id", "variant_id", "id"], unique=False)

    op.create_table(
        "alert",
        sa.Column("request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("restock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "message_id"], ["message.store_id", "message.id"], name=op.f("fk_alert_store_id_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "request_id"],
            ["alert_request.store_id", "alert_request.id"],
            name=op.f("fk_alert_store_id_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "restock_id"],
            ["restock_event.store_id", "restock_event.id"],
            name=op.f("fk_alert_store_id_restock_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_alert_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_alert_store_id_id")),
        sa.UniqueConstraint(
            "store_id",
            "request_id",
            "restock_id",
            "channel",
            "kind",
            "step",
            name=op.f("uq_alert_store_id_request_id_restock_id_channel_kind_step"),
        ),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index("ix_alert_message", ["store_id", "message_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("restock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "request_id"],
            ["alert_request.store_id", "alert_request.id"],
            name=op.f("fk_decision_store_id_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "restock_id"],
            ["restock_event.store_id", "restock_event.id"],
            name=op.f("fk_decision_store_id_restock_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_decision_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_decision_store_id_id")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_request", ["store_id", "request_id", "id"], unique=False)
        batch_op.create_index("ix_decision_restock", ["store_id", "restock_id", "id"], unique=False)
    _keep_consent_for_ever()


def downgrade() -> None:
    _release_consent()
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index("ix_decision_restock")
        batch_op.drop_index("ix_decision_request")

    op.drop_table("decision")
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index("ix_alert_message")

    op.drop_table("alert")
    with op.batch_alter_table("restock_event", schema=None) as batch_op:
        batch_op.drop_index("ix_restock_event_variant")
        batch_op.drop_index(
            "ix_restock_event_open",
            sqlite_where=sa.text("planned_at IS NULL"),
            postgresql_where=sa.text("planned_at IS NULL"),
        )

    op.drop_table("restock_event")
    with op.batch_alter_table("message_event", schema=None) as batch_op:
        batch_op.drop_index("ix_message_event_message")

    op.drop_table("message_event")
    with op.batch_alter_table("inbound_message", schema=None) as batch_op:
        batch_op.drop_index("ix_inbound_contact")

    op.drop_table("inbound_message")
    op.drop_table("attempt")
    op.drop_table("stock_level")
    with op.batch_alter_table("stock_change", schema=None) as batch_op:
        batch_op.drop_index("ix_stock_change_variant")
        batch_op.drop_index(
            "ix_stock_change_new",
            sqlite_where=sa.text("looked_at IS NULL"),
            postgresql_where=sa.text("looked_at IS NULL"),
        )

    op.drop_table("stock_change")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index("ix_message_variant")
        batch_op.drop_index(
            "ix_message_uncertain",
            sqlite_where=sa.text("status = 'uncertain'"),
            postgresql_where=sa.text("status = 'uncertain'"),
        )
        batch_op.drop_index("ix_message_status")
        batch_op.drop_index("ix_message_list")
        batch_op.drop_index(
            "ix_message_held", sqlite_where=sa.text("status = 'held'"), postgresql_where=sa.text("status = 'held'")
        )
        batch_op.drop_index("ix_message_gateway_id")
        batch_op.drop_index(
            "ix_message_due", sqlite_where=sa.text("status = 'queued'"), postgresql_where=sa.text("status = 'queued'")
        )
        batch_op.drop_index("ix_message_contact")
        batch_op.drop_index(
            "ix_message_claimed",
            sqlite_where=sa.text("status = 'claimed'"),
            postgresql_where=sa.text("status = 'claimed'"),
        )

    op.drop_table("message")
    with op.batch_alter_table("alert_request", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_alert_request_open",
            sqlite_where=sa.text("status IN ('pending', 'waiting')"),
            postgresql_where=sa.text("status IN ('pending', 'waiting')"),
        )
        batch_op.drop_index("ix_alert_request_status")
        batch_op.drop_index("ix_alert_request_list")
        batch_op.drop_index("ix_alert_request_contact")

    op.drop_table("alert_request")
    with op.batch_alter_table("variant", schema=None) as batch_op:
        batch_op.drop_index("ix_variant_product_id")

    op.drop_table("variant")
    op.drop_table("template_version")
    op.drop_table("lane")
    with op.batch_alter_table("consent_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_consent_entry_contact")

    op.drop_table("consent_entry")
    with op.batch_alter_table("callback", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_callback_open",
            sqlite_where=sa.text("processed_at IS NULL"),
            postgresql_where=sa.text("processed_at IS NULL"),
        )
        batch_op.drop_index("ix_callback_gateway")

    op.drop_table("callback")
    op.drop_table("unmatched_level")
    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_template_status",
            sqlite_where=sa.text("product_status IS NOT NULL"),
            postgresql_where=sa.text("product_status IS NOT NULL"),
        )
        batch_op.drop_index(
            "uq_template_general",
            sqlite_where=sa.text("product_status IS NULL"),
            postgresql_where=sa.text("product_status IS NULL"),
        )

    op.drop_table("template")
    op.drop_table("signup_count")
    op.drop_table("product")
    op.drop_table("membership")
    op.drop_table("location")
    op.drop_table("gateway")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_last4")

    op.drop_table("contact")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_store_at")

    op.drop_table("audit_entry")
    op.drop_table("api_key")
    op.drop_table("store")
    op.drop_table("staff_user")
    op.drop_table("instance_secret")
    op.drop_table("consent_wording")


def _keep_consent_for_ever() -> None:
    """The consent ledger is append-only: the database itself refuses changes and deletions."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION consent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the consent ledger is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER consent_entry_is_append_only BEFORE UPDATE OR DELETE ON consent_entry "
            "FOR EACH ROW EXECUTE FUNCTION consent_is_append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER consent_entry_no_{verb.lower()} BEFORE {verb} ON consent_entry "
            "BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END"
        )


def _release_consent() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER consent_entry_is_append_only ON consent_entry")
        op.execute("DROP FUNCTION consent_is_append_only()")
        return
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER consent_entry_no_{verb}")
