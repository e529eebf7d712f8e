"""Stores that are there already get the template of a push that tells of several products.

Revision ID: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op

from nexnotify.clock import utcnow


revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

#: Name, title, text.
_ENGLISH = (
    "Several back in stock",
    "Back in stock: what you waited for",
    "[[store]]: [[products]] can be bought again. [[products_url]]",
)
_GERMAN = (
    "Mehreres wieder lieferbar",
    "Wieder lieferbar: worauf Sie gewartet haben",
    "[[store]]: [[products]] können wieder gekauft werden. [[products_url]]",
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
        name, title, body = _GERMAN if locale.startswith("de") else _ENGLISH
        mine = (template.c.store_id == store_id, template.c.channel == "push", template.c.deleted_at.is_(None))
        named = sa.select(template.c.id).where(*mine, template.c.name == name)
        taken = connection.scalar(named.limit(1)) is not None
        in_use = sa.select(template.c.id).where(*mine, template.c.kind == "bundle", template.c.active)
        values = {"store_id": store_id, "kind": "bundle", "channel": "push", "version": 1, "standard": True}
        values |= {"active": connection.scalar(in_use.limit(1)) is None, "name": f"{name} (2)" if taken else name}
        made = connection.scalar(sa.insert(template).values(values).returning(template.c.id))
        wording = {"store_id": store_id, "template_id": made, "number": 1, "created_at": now}
        connection.execute(sa.insert(version).values(wording | {"subject": title, "body": body}))


def downgrade() -> None:
    ours = "SELECT id FROM template WHERE kind = 'bundle' AND channel = 'push'"
    op.execute(
        "UPDATE message SET template_version_id = NULL WHERE template_version_id IN"  # noqa: S608 - names of ours
        f" (SELECT id FROM template_version WHERE template_id IN ({ours}))"
    )
    op.execute(f"UPDATE outcome_day SET template_id = NULL WHERE template_id IN ({ours})")  # noqa: S608
    op.execute(f"DELETE FROM template_version WHERE template_id IN ({ours})")  # noqa: S608
    op.execute("DELETE FROM template WHERE kind = 'bundle' AND channel = 'push'")
