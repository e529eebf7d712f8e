"""Stores that are older than a template get it, once; of each kind one is in use."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy.exc import IntegrityError

from nexnotify.content.defaults import DEFAULTS
from nexnotify.content.models import EVENT_TEMPLATES, Template, TemplateVersion
from nexnotify.content.service import custom_templates
from nexnotify.db import db, transaction
from nexnotify.stores.models import Store
from tests.shop import Shop


def test_an_older_store_gets_the_templates_by_the_migration_without_doubling(app: Flask, shop: Shop) -> None:
    with app.app_context():
        with transaction():
            mine = sa.select(Template.id).where(Template.kind == "order_new", Template.channel == "sms")
            kept = db.session.scalars(mine).one()
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
            sa.select(Template.kind, Template.channel, Template.name, Template.active, TemplateVersion.body)
            .join(TemplateVersion, TemplateVersion.template_id == Template.id)
            .where(Template.kind.in_(EVENT_TEMPLATES), Template.store_id == shop.store_id, Template.standard)
        ).all()
        db.session.remove()
    changed = {("order_new", "sms"): "My own words."}
    assert sorted(map(tuple, found)) == sorted(
        (item.kind, item.channel, item.name, item.active, changed.get((item.kind, item.channel), item.body))
        for item in DEFAULTS
        if item.kind in EVENT_TEMPLATES
    )
    shop.post("orders", {"orders": [{"id": "1001", "status": "new", "phone": "+12015550123"}]})
    shop.work()
    assert [message["body"] for message in shop.messages("order")] == ["My own words."]


def test_every_template_of_an_older_store_has_a_name_and_stays_in_use(app: Flask, shop: Shop) -> None:
    with app.app_context():
        downgrade(revision="0008")
        upgrade()
        rows = sa.select(Template.kind, Template.channel, Template.product_status, Template.name, Template.active)
        found = db.session.execute(rows.where(Template.store_id == shop.store_id)).all()
        db.session.remove()
    standard = [(item.kind, item.channel, item.product_status, item.name, item.active) for item in DEFAULTS]
    assert sorted(map(tuple, found), key=str) == sorted(standard, key=str)


@pytest.mark.parametrize(
    "other, refused",
    [
        ({"kind": "order_sent", "name": "Order sent, summer"}, True),
        ({"kind": "order_sent", "name": "Order sent, summer", "active": False}, False),
        ({"kind": "back_in_stock", "name": "Another", "product_status": "preordered"}, True),
        ({"kind": "back_in_stock", "name": "Another", "product_status": "sold_out"}, False),
        ({"kind": "order_sent", "name": "Order sent", "active": False}, True),
        ({"kind": "custom", "name": "Holiday"}, False),
    ],
)
def test_the_database_keeps_one_template_in_use_and_names_apart(
    app: Flask, shop: Shop, other: dict[str, Any], refused: bool
) -> None:
    with app.app_context():
        with pytest.raises(IntegrityError) if refused else nullcontext(), transaction():
            db.session.add(Template(store_id=shop.store_id, channel="sms", **other))
        db.session.remove()


def test_custom_templates_in_use_stand_side_by_side(app: Flask, shop: Shop) -> None:
    with app.app_context():
        with transaction():
            for name, active in (("Holiday", True), ("Fair", True), ("Old", False)):
                db.session.add(Template(store_id=shop.store_id, kind="custom", channel="sms", name=name, active=active))
        store = db.session.get_one(Store, shop.store_id)
        assert [template.name for template in custom_templates(store, "sms")] == ["Fair", "Holiday"]
        assert custom_templates(store, "email") == []
        db.session.remove()
