"""Stores that are older than the templates of orders and tickets get them, once."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from nexnotify.content.defaults import DEFAULTS
from nexnotify.content.models import EVENT_TEMPLATES, Template, TemplateVersion
from nexnotify.db import db, transaction
from tests.shop import Shop


def test_an_older_store_gets_the_templates_by_the_migration_without_doubling(app: Flask, shop: Shop) -> None:
    with app.app_context():
        with transaction():
            kept = db.session.scalars(sa.select(Template.id).where(Template.kind == "order_new")).one()
            theirs = sa.select(Template.id).where(Template.kind.in_(EVENT_TEMPLATES), Template.id != kept)
            db.session.execute(sa.delete(TemplateVersion).where(TemplateVersion.template_id.in_(theirs)))
            db.session.execute(sa.delete(Template).where(Template.kind.in_(EVENT_TEMPLATES), Template.id != kept))
            db.session.execute(
                sa.update(TemplateVersion).where(TemplateVersion.template_id == kept).values(body="My own words.")
            )
        db.session.remove()
        downgrade(revision="0006")
        upgrade()
        found = db.session.execute(
            sa.select(Template.kind, Template.active, TemplateVersion.body)
            .join(TemplateVersion, TemplateVersion.template_id == Template.id)
            .where(Template.kind.in_(EVENT_TEMPLATES), Template.store_id == shop.store_id)
        ).all()
        db.session.remove()
    standard = {item.kind: item.body for item in DEFAULTS if item.kind in EVENT_TEMPLATES}
    assert sorted(map(tuple, found)) == sorted(
        (kind, True, body) for kind, body in (standard | {"order_new": "My own words."}).items()
    )
    shop.post("orders", {"orders": [{"id": "1001", "status": "new", "phone": "+12015550123"}]})
    shop.work()
    assert [message["body"] for message in shop.messages("order")] == ["My own words."]
