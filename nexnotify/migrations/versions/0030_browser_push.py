"""Browser push: its templates, for the stores that are there already.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

from nexnotify.clock import utcnow


revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

#: Kind, product status, name, title, text.
_ENGLISH = (
    (
        "confirmation",
        None,
        "Waiting on stock",
        "You are on the list",
        "[[store]]: we will tell you here once when [[product]] [[variant]] is available.",
    ),
    (
        "back_in_stock",
        None,
        "Back in stock",
        "[[product]] is back in stock",
        "[[store]]: [[product]] [[variant]] can be bought again. [[url|]]",
    ),
    (
        "back_in_stock",
        "backordered",
        "Back in stock, Backordered",
        "[[product]] is here",
        "[[store]]: [[product]] [[variant]], which was on backorder, ships now. [[url|]]",
    ),
    (
        "back_in_stock",
        "preordered",
        "Back in stock, Preordered",
        "[[product]] has been released",
        "[[store]]: you can buy [[product]] [[variant]] now. [[url|]]",
    ),
    (
        "back_in_stock",
        "can_preorder",
        "Can be preordered",
        "You can preorder [[product]]",
        "[[store]]: you can preorder [[product]] [[variant]] now. [[url|]]",
    ),
    (
        "back_in_stock",
        "can_backorder",
        "Can be backordered",
        "You can order [[product]]",
        "[[store]]: you can order [[product]] [[variant]] now, it ships when it is here. [[url|]]",
    ),
    (
        "reminder",
        None,
        "Reminder",
        "[[product]] is still in stock",
        "[[store]]: [[product]] [[variant]] can still be bought. [[url|]]",
    ),
    (
        "renewal",
        None,
        "Still wanted?",
        "Do you still want [[product]]?",
        "[[store]]: [[product]] [[variant]] is not available yet. Tell us that you still want it, or your request ends "
        "soon. [[confirm_url]]",
    ),
)
_GERMAN = (
    (
        "confirmation",
        None,
        "Wartet auf Ware",
        "Sie stehen auf der Liste",
        "[[store]]: Wir melden uns hier einmal, sobald [[product]] [[variant]] verfügbar ist.",
    ),
    (
        "back_in_stock",
        None,
        "Wieder lieferbar",
        "[[product]] ist wieder lieferbar",
        "[[store]]: [[product]] [[variant]] kann wieder gekauft werden. [[url|]]",
    ),
    (
        "back_in_stock",
        "backordered",
        "Wieder lieferbar, Nachbestellt",
        "[[product]] ist da",
        "[[store]]: [[product]] [[variant]] war nachbestellt und wird jetzt sofort verschickt. [[url|]]",
    ),
    (
        "back_in_stock",
        "preordered",
        "Wieder lieferbar, Vorbestellt",
        "[[product]] ist erschienen",
        "[[store]]: Sie können [[product]] [[variant]] jetzt kaufen. [[url|]]",
    ),
    (
        "back_in_stock",
        "can_preorder",
        "Kann vorbestellt werden",
        "Sie können [[product]] vorbestellen",
        "[[store]]: Sie können [[product]] [[variant]] jetzt vorbestellen. [[url|]]",
    ),
    (
        "back_in_stock",
        "can_backorder",
        "Kann nachbestellt werden",
        "Sie können [[product]] bestellen",
        "[[store]]: Sie können [[product]] [[variant]] jetzt bestellen, geliefert wird, sobald es da ist. [[url|]]",
    ),
    (
        "reminder",
        None,
        "Erinnerung",
        "[[product]] ist noch lieferbar",
        "[[store]]: [[product]] [[variant]] kann noch gekauft werden. [[url|]]",
    ),
    (
        "renewal",
        None,
        "Noch gewünscht?",
        "Möchten Sie [[product]] noch?",
        "[[store]]: [[product]] [[variant]] ist noch nicht verfügbar. Sagen Sie uns, dass Sie es noch möchten, sonst "
        "endet Ihre Anfrage bald. [[confirm_url]]",
    ),
)


def upgrade() -> None:
    connection = op.get_bind()
    now = utcnow().replace(tzinfo=None) if connection.dialect.name == "sqlite" else utcnow()
    names = ("id", "store_id", "kind", "channel", "version", "active", "standard", "name", "product_status")
    template = sa.table("template", *(sa.column(name) for name in names))
    columns = ("store_id", "template_id", "number", "subject", "body", "created_at")
    version = sa.table("template_version", *(sa.column(name) for name in columns))
    store = sa.table("store", sa.column("id"), sa.column("locale"))
    for store_id, locale in connection.execute(sa.select(store.c.id, store.c.locale)).all():
        for kind, status, name, title, body in _GERMAN if locale.startswith("de") else _ENGLISH:
            values = {"store_id": store_id, "kind": kind, "channel": "push", "version": 1, "name": name}
            values |= {"active": True, "standard": True, "product_status": status}
            made = connection.scalar(sa.insert(template).values(values).returning(template.c.id))
            wording = {"store_id": store_id, "template_id": made, "number": 1, "created_at": now}
            connection.execute(sa.insert(version).values(wording | {"subject": title, "body": body}))


def downgrade() -> None:
    ours = "SELECT id FROM template WHERE channel = 'push'"
    op.execute(
        "UPDATE message SET template_version_id = NULL WHERE template_version_id IN"  # noqa: S608 - names of ours
        f" (SELECT id FROM template_version WHERE template_id IN ({ours}))"
    )
    op.execute(f"DELETE FROM template_version WHERE template_id IN ({ours})")  # noqa: S608
    op.execute("DELETE FROM template WHERE channel = 'push'")
