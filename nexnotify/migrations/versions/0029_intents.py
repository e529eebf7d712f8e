"""What a shopper wants to hear of: stock, or that it can be ordered before; and the templates that tell of that.

Revision ID: 0029
Revises: 0028
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from nexnotify.clock import utcnow


revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_NEWS = ("can_preorder", "can_backorder")
_STOP, _ENDE = " [[url|]] Reply STOP to end.", " [[url|]] Ende: STOP"
_ASKED = "\n[[url|]]\n\nYou asked us to tell you. To get no more of these: [[stop_url]]\n\n[[store]]"
_GEBETEN = "\n[[url|]]\n\nSie hatten um diese Nachricht gebeten. Abbestellen: [[stop_url]]\n\n[[store]]"
#: Product status, channel, name, subject, text.
_ENGLISH = (
    (
        "can_preorder",
        "sms",
        "Can be preordered",
        None,
        "[[store]]: you can preorder [[product]] [[variant]] now." + _STOP,
    ),
    (
        *("can_backorder", "sms", "Can be backordered", None),
        "[[store]]: you can order [[product]] [[variant]] now, it ships when it is here." + _STOP,
    ),
    (
        *("can_preorder", "email", "Can be preordered", "You can preorder [[product]]"),
        "Hello [[firstname]],\n\nyou can preorder [[product]] [[variant]] now." + _ASKED,
    ),
    (
        *("can_backorder", "email", "Can be backordered", "You can order [[product]]"),
        "Hello [[firstname]],\n\nyou can order [[product]] [[variant]] now, it ships when it is here." + _ASKED,
    ),
)
_GERMAN = (
    (
        *("can_preorder", "sms", "Kann vorbestellt werden", None),
        "[[store]]: Sie können [[product]] [[variant]] jetzt vorbestellen." + _ENDE,
    ),
    (
        *("can_backorder", "sms", "Kann nachbestellt werden", None),
        "[[store]]: Sie können [[product]] [[variant]] jetzt bestellen, geliefert wird, sobald es da ist." + _ENDE,
    ),
    (
        *("can_preorder", "email", "Kann vorbestellt werden", "Sie können [[product]] vorbestellen"),
        "Guten Tag [[firstname]],\n\nSie können [[product]] [[variant]] jetzt vorbestellen." + _GEBETEN,
    ),
    (
        *("can_backorder", "email", "Kann nachbestellt werden", "Sie können [[product]] bestellen"),
        "Guten Tag [[firstname]],\n\nSie können [[product]] [[variant]] jetzt bestellen, geliefert wird, sobald es da ist."
        + _GEBETEN,
    ),
)


def upgrade() -> None:
    op.add_column("alert_request", sa.Column("intent", sa.String(length=12), nullable=False, server_default="in_stock"))
    op.add_column("restock_event", sa.Column("status", sa.String(length=12), nullable=False, server_default="in_stock"))
    wanting = sa.text("status = 'waiting' AND intent <> 'in_stock'")
    op.create_index(
        "ix_alert_request_intent",
        "alert_request",
        ["store_id", "variant_id", "intent", "id"],
        sqlite_where=wanting,
        postgresql_where=wanting,
    )
    _add_templates(op.get_bind(), utcnow())


def _add_templates(connection: sa.Connection, now: datetime) -> None:
    """The stores that are there already have them, as a new one has; names that are taken stay their templates'."""
    names = (
        "id",
        "store_id",
        "kind",
        "channel",
        "product_status",
        "version",
        "active",
        "standard",
        "name",
        "deleted_at",
    )
    template = sa.table("template", *(sa.column(name) for name in names))
    moment = sa.column("created_at", sa.DateTime(timezone=True))
    columns = ("store_id", "template_id", "number", "subject", "body")
    version = sa.table("template_version", *(sa.column(name) for name in columns), moment)
    store = sa.table("store", sa.column("id"), sa.column("locale"))
    for store_id, locale in connection.execute(sa.select(store.c.id, store.c.locale)).all():
        for status, channel, name, subject, body in _GERMAN if locale.startswith("de") else _ENGLISH:
            named = sa.select(template.c.id).where(
                template.c.store_id == store_id,
                template.c.channel == channel,
                template.c.name == name,
                template.c.deleted_at.is_(None),
            )
            taken = connection.scalar(named.limit(1)) is not None
            values = {"store_id": store_id, "kind": "back_in_stock", "channel": channel, "product_status": status}
            values |= {"version": 1, "active": True, "standard": True, "name": f"{name} (2)" if taken else name}
            made = connection.scalar(sa.insert(template).values(values).returning(template.c.id))
            wording = {"store_id": store_id, "template_id": made, "number": 1, "created_at": now}
            connection.execute(sa.insert(version).values(wording | {"subject": subject, "body": body}))


def downgrade() -> None:
    told = "SELECT id FROM restock_event WHERE status <> 'in_stock'"
    ours = f"SELECT id FROM template WHERE product_status IN {_NEWS}"  # noqa: S608 - names of ours
    op.execute(
        "UPDATE message SET template_version_id = NULL WHERE template_version_id IN"  # noqa: S608
        f" (SELECT id FROM template_version WHERE template_id IN ({ours}))"
    )
    op.execute(f"DELETE FROM template_version WHERE template_id IN ({ours})")  # noqa: S608
    op.execute(f"DELETE FROM template WHERE product_status IN {_NEWS}")  # noqa: S608
    # What only says that something can be ordered would be taken for a restock that still goes on.
    op.execute(f"UPDATE restock_event SET state = 'stopped', work_at = NULL WHERE id IN ({told})")  # noqa: S608
    op.drop_index("ix_alert_request_intent", "alert_request")
    op.drop_column("restock_event", "status")
    op.drop_column("alert_request", "intent")
