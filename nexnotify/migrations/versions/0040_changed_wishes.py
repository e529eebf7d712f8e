"""Requests know in which browser they were made; what another asks of an open one waits beside it for a yes, with a
template of its own to ask for it.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

from nexnotify.clock import utcnow

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT = sa.DateTime(timezone=True)
#: Channel, name, subject, text.
_ENGLISH = (
    (
        "sms",
        "Change your request?",
        None,
        "[[store]]: you wait for [[product]] [[variant]]. Somebody asked to change that to: [[change]]. Was it you? Reply "
        "YES, else do nothing. Reply STOP to end.",
    ),
    (
        "email",
        "Change your request?",
        "Change your request for [[product]]?",
        "Hello [[firstname]],\n\nyou wait for [[product]] [[variant]]. Somebody, we hope you, asked us to change that to: "
        "[[change]]. Please confirm it:\n[[confirm_url]]\n\nIf it was not you, do nothing, and it stays as it is.\n\n"
        "To get no more of these: [[stop_url]]\n\n[[store]]",
    ),
)
_GERMAN = (
    (
        "sms",
        "Anfrage ändern?",
        None,
        "[[store]]: Sie warten auf [[product]] [[variant]]. Jemand möchte das ändern: [[change]]. Waren Sie das? Bitte mit "
        "JA antworten, sonst nichts tun. Ende: STOP",
    ),
    (
        "email",
        "Anfrage ändern?",
        "Ihre Anfrage zu [[product]] ändern?",
        "Guten Tag [[firstname]],\n\nSie warten auf [[product]] [[variant]]. Jemand, hoffentlich Sie, hat uns gebeten, das "
        "zu ändern: [[change]]. Bitte bestätigen Sie das:\n[[confirm_url]]\n\nWaren Sie es nicht, tun Sie nichts; dann "
        "bleibt es, wie es ist.\n\nAbbestellen: [[stop_url]]\n\n[[store]]",
    ),
)


def upgrade() -> None:
    op.add_column("alert_request", sa.Column("made_with", sa.String(32), nullable=True))
    op.create_table(
        "changed_wish",
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("scope", sa.String(10), nullable=False),
        sa.Column("variant_ids", sa.JSON(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("intent", sa.String(12), nullable=False),
        sa.Column("region_id", _ID, nullable=True),
        sa.Column("wished_at", _MOMENT, nullable=False),
        sa.Column("confirm_by", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("outcome", sa.String(10), nullable=True),
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "request_id"],
            ["alert_request.store_id", "alert_request.id"],
            name=op.f("fk_changed_wish_store_id_request_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_changed_wish_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changed_wish")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_changed_wish_store_id_id")),
    )
    op.create_index("ix_changed_wish_request", "changed_wish", ["store_id", "request_id", "id"])
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_changed_wish_open",
        "changed_wish",
        ["store_id", "request_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index(
        "ix_changed_wish_confirm_by", "changed_wish", ["confirm_by"], sqlite_where=is_open, postgresql_where=is_open
    )
    _add_templates(op.get_bind())


def _add_templates(connection: sa.Connection) -> None:
    """The stores that are there already can ask, as a new one can; names that are taken stay their templates'."""
    now = utcnow().replace(tzinfo=None) if connection.dialect.name == "sqlite" else utcnow()
    names = ("id", "store_id", "kind", "channel", "version", "active", "standard", "name", "deleted_at")
    template = sa.table("template", *(sa.column(name) for name in names))
    columns = ("store_id", "template_id", "number", "subject", "body", "created_at")
    version = sa.table("template_version", *(sa.column(name) for name in columns))
    store = sa.table("store", sa.column("id"), sa.column("locale"))
    for store_id, locale in connection.execute(sa.select(store.c.id, store.c.locale)).all():
        for channel, name, subject, body in _GERMAN if locale.startswith("de") else _ENGLISH:
            named = sa.select(template.c.id).where(
                template.c.store_id == store_id,
                template.c.channel == channel,
                template.c.name == name,
                template.c.deleted_at.is_(None),
            )
            taken = connection.scalar(named.limit(1)) is not None
            values = {"store_id": store_id, "kind": "change", "channel": channel, "version": 1}
            values |= {"active": True, "standard": True, "name": f"{name} (2)" if taken else name}
            made = connection.scalar(sa.insert(template).values(values).returning(template.c.id))
            wording = {"store_id": store_id, "template_id": made, "number": 1, "created_at": now}
            connection.execute(sa.insert(version).values(wording | {"subject": subject, "body": body}))


def downgrade() -> None:
    # Their texts would be of a kind that nobody decides about.
    op.execute("UPDATE message SET status = 'cancelled' WHERE kind = 'change' AND status IN ('held', 'queued')")
    op.execute("DELETE FROM question WHERE cause = 'wish'")
    ours = "SELECT id FROM template WHERE kind = 'change'"
    op.execute(
        "UPDATE message SET template_version_id = NULL WHERE template_version_id IN"  # noqa: S608 - names of ours
        f" (SELECT id FROM template_version WHERE template_id IN ({ours}))"
    )
    op.execute(f"UPDATE outcome_day SET template_id = NULL WHERE template_id IN ({ours})")  # noqa: S608
    op.execute(f"DELETE FROM template_version WHERE template_id IN ({ours})")  # noqa: S608
    op.execute("DELETE FROM template WHERE kind = 'change'")
    op.drop_table("changed_wish")
    op.drop_column("alert_request", "made_with")
