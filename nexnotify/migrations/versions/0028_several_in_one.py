"""Stores that are there already get the templates of a message that tells of several products.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

from nexnotify.clock import utcnow


revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

#: Channel, name, subject, text.
_ENGLISH = (
    (
        "sms",
        "Several back in stock",
        None,
        "[[store]]: back in stock: [[products]]. See all: [[products_url]] Reply STOP to end.",
    ),
    (
        "email",
        "Several back in stock",
        "Back in stock: what you waited for",
        "Hello [[firstname]],\n\nthese are back in stock:\n\n[[products]]\n\nWhat is still there: [[products_url]]\n\n"
        "You asked for this message.\n\nTo get no more of these: [[stop_url]]\n\n[[store]]",
    ),
)
_GERMAN = (
    (
        "sms",
        "Mehreres wieder lieferbar",
        None,
        "[[store]]: Wieder lieferbar: [[products]]. Alle: [[products_url]] Ende: STOP",
    ),
    (
        "email",
        "Mehreres wieder lieferbar",
        "Wieder lieferbar: worauf Sie gewartet haben",
        "Guten Tag [[firstname]],\n\ndas ist wieder lieferbar:\n\n[[products]]\n\nWas noch da ist: [[products_url]]\n\n"
        "Sie hatten um diese Nachricht gebeten.\n\nAbbestellen: [[stop_url]]\n\n[[store]]",
    ),
)


def upgrade() -> None:
    connection = op.get_bind()
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
            values = {"store_id": store_id, "kind": "bundle", "channel": channel, "version": 1}
            values |= {"active": True, "standard": True, "name": f"{name} (2)" if taken else name}
            made = connection.scalar(sa.insert(template).values(values).returning(template.c.id))
            wording = {"store_id": store_id, "template_id": made, "number": 1, "created_at": now}
            connection.execute(sa.insert(version).values(wording | {"subject": subject, "body": body}))


def downgrade() -> None:
    ours = "SELECT id FROM template WHERE kind = 'bundle'"
    op.execute(
        "UPDATE message SET template_version_id = NULL WHERE template_version_id IN"  # noqa: S608
        f" (SELECT id FROM template_version WHERE template_id IN ({ours}))"
    )
    op.execute(f"UPDATE outcome_day SET template_id = NULL WHERE template_id IN ({ours})")  # noqa: S608
    op.execute(f"DELETE FROM template_version WHERE template_id IN ({ours})")  # noqa: S608
    op.execute("DELETE FROM template WHERE kind = 'bundle'")
