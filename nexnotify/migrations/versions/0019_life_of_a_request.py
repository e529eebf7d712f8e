"""The life of a request: confirmed or lapsed, renewed or expired, reminded, bought.

Who waits already is kept for the whole period from now on: nobody is lost by the upgrade.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from nexnotify.clock import utcnow


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
KINDS = ("double_opt_in", "renewal")
_BYE = "\n\nTo get no more of these: [[stop_url]]\n\n[[store]]"
_TSCHUESS = "\n\nAbbestellen: [[stop_url]]\n\n[[store]]"
#: Kind, channel, name, subject, text.
_ENGLISH = (
    (
        "double_opt_in",
        "sms",
        "Please confirm",
        None,
        "[[store]]: reply YES to get one text when [[product]] [[variant]] is available. "
        "Msg&data rates may apply. Reply STOP to end.",
    ),
    (
        "renewal",
        "sms",
        "Still wanted?",
        None,
        "[[store]]: do you still wait for [[product]] [[variant]]? Reply YES, or we stop looking soon. "
        "Reply STOP to end.",
    ),
    (
        "double_opt_in",
        "email",
        "Please confirm",
        "Please confirm: [[product]]",
        "Hello [[firstname]],\n\nsomebody, we hope you, asked us to write to this address when [[product]] [[variant]] "
        "is available. Please confirm it:\n[[confirm_url]]\n\nIf it was not you, do nothing, and we will not write "
        "again." + _BYE,
    ),
    (
        "renewal",
        "email",
        "Still wanted?",
        "Do you still want [[product]]?",
        "Hello [[firstname]],\n\nyou asked us to tell you when [[product]] [[variant]] is available, and it is not yet. "
        "Do you still want it? Tell us, or your request ends soon:\n[[confirm_url]]" + _BYE,
    ),
)
_GERMAN = (
    (
        "double_opt_in",
        "sms",
        "Bitte bestätigen",
        None,
        "[[store]]: Mit JA antworten, und Sie bekommen eine SMS, sobald [[product]] [[variant]] da ist. "
        "Es können Kosten anfallen. Ende: STOP",
    ),
    (
        "renewal",
        "sms",
        "Noch gewünscht?",
        None,
        "[[store]]: Warten Sie noch auf [[product]] [[variant]]? Bitte mit JA antworten, sonst endet Ihre Anfrage bald. "
        "Ende: STOP",
    ),
    (
        "double_opt_in",
        "email",
        "Bitte bestätigen",
        "Bitte bestätigen: [[product]]",
        "Guten Tag [[firstname]],\n\njemand, hoffentlich Sie, hat uns gebeten, an diese Adresse zu schreiben, sobald "
        "[[product]] [[variant]] verfügbar ist. Bitte bestätigen Sie das:\n[[confirm_url]]\n\n"
        "Waren Sie es nicht, tun Sie nichts; dann schreiben wir nicht mehr." + _TSCHUESS,
    ),
    (
        "renewal",
        "email",
        "Noch gewünscht?",
        "Möchten Sie [[product]] noch?",
        "Guten Tag [[firstname]],\n\nSie wollten wissen, wenn [[product]] [[variant]] verfügbar ist; noch ist es das "
        "nicht. Möchten Sie es noch? Sagen Sie es uns, sonst endet Ihre Anfrage bald:\n[[confirm_url]]" + _TSCHUESS,
    ),
)
#: Index → columns, and which rows.
INDEXES = {
    "ix_alert_request_confirm_by": (["confirm_by", "id"], "status = 'pending' AND confirm_by IS NOT NULL"),
    "ix_alert_request_ages": (
        ["store_id", "renewed_at", "id"],
        "status = 'waiting' AND renewal_asked_at IS NULL",
    ),
    "ix_alert_request_renewal": (
        ["store_id", "renewal_asked_at", "id"],
        "status = 'waiting' AND renewal_asked_at IS NOT NULL",
    ),
    "ix_alert_request_remind": (["store_id", "reminded", "alerted_at"], "status = 'alerted'"),
}


def upgrade() -> None:
    connection = op.get_bind()
    now = utcnow().replace(tzinfo=None) if connection.dialect.name == "sqlite" else utcnow()
    for name in ("confirm_by", "renewed_at", "renewal_asked_at", "alive_at"):
        op.add_column("alert_request", sa.Column(name, _MOMENT, nullable=True))
    op.add_column("alert_request", sa.Column("reminded", sa.Integer(), nullable=False, server_default=sa.text("0")))
    for name in ("confirmed_at", "heard_at"):
        op.add_column("contact", sa.Column(name, _MOMENT, nullable=True))
    request = sa.table("alert_request", *(sa.column(name) for name in ("status", "created_at", "renewed_at")))
    is_open = request.c.status.in_(("pending", "waiting"))
    renewed_at = sa.case((is_open, sa.literal(now, _MOMENT)), else_=request.c.created_at)
    connection.execute(sa.update(request).values(renewed_at=renewed_at))
    for name, (columns, where) in INDEXES.items():
        clause = sa.text(where)
        op.create_index(name, "alert_request", columns, sqlite_where=clause, postgresql_where=clause)
    op.create_table(
        "question",
        sa.Column("id", _ID, nullable=False),
        sa.Column("store_id", _ID, nullable=False),
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("message_id", _ID, nullable=True),
        sa.Column("cause", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("answered_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_question_store_id")),
        _key("request_id", "alert_request"),
        _key("message_id", "message"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint("store_id", "id", name=op.f("uq_question_store_id_id")),
    )
    op.create_index("ix_question_request", "question", ["store_id", "request_id", "id"])
    op.create_index("ix_question_message", "question", ["store_id", "message_id"])
    _add_templates(connection, now)
    # Nobody could switch these on, and they go only where a store asks for reminders.
    op.execute("UPDATE template SET active = true WHERE kind = 'reminder' AND standard AND deleted_at IS NULL")


def _key(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id", column], [f"{target}.store_id", f"{target}.id"], name=op.f(f"fk_question_store_id_{column}")
    )


def _add_templates(connection: sa.Connection, now: object) -> None:
    """The stores that are there already can ask, as a new one can; names that are taken stay their templates'."""
    names = ("id", "store_id", "kind", "channel", "version", "active", "standard", "name", "deleted_at")
    template = sa.table("template", *(sa.column(name) for name in names))
    columns = ("store_id", "template_id", "number", "subject", "body", "created_at")
    version = sa.table("template_version", *(sa.column(name) for name in columns))
    store = sa.table("store", sa.column("id"), sa.column("locale"))
    for store_id, locale in connection.execute(sa.select(store.c.id, store.c.locale)).all():
        for kind, channel, name, subject, body in _GERMAN if locale.startswith("de") else _ENGLISH:
            named = sa.select(template.c.id).where(
                template.c.store_id == store_id,
                template.c.channel == channel,
                template.c.name == name,
                template.c.deleted_at.is_(None),
            )
            taken = connection.scalar(named.limit(1)) is not None
            values = {"store_id": store_id, "kind": kind, "channel": channel, "version": 1}
            values |= {"active": True, "standard": True, "name": f"{name} (2)" if taken else name}
            made = connection.scalar(sa.insert(template).values(values).returning(template.c.id))
            wording = {"store_id": store_id, "template_id": made, "number": 1, "created_at": now}
            connection.execute(sa.insert(version).values(wording | {"subject": subject, "body": body}))


def downgrade() -> None:
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    ours = f"SELECT id FROM template WHERE kind IN ({kinds})"  # noqa: S608 - names of ours
    op.execute(
        "UPDATE message SET template_version_id = NULL WHERE template_version_id IN"  # noqa: S608
        f" (SELECT id FROM template_version WHERE template_id IN ({ours}))"
    )
    op.execute(f"DELETE FROM template_version WHERE template_id IN ({ours})")  # noqa: S608
    op.execute(f"DELETE FROM template WHERE kind IN ({kinds})")  # noqa: S608
    op.drop_table("question")
    for name in INDEXES:
        op.drop_index(name, "alert_request")
    for name in ("heard_at", "confirmed_at"):
        op.drop_column("contact", name)
    for name in ("reminded", "alive_at", "renewal_asked_at", "renewed_at", "confirm_by"):
        op.drop_column("alert_request", name)
