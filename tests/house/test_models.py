"""Every row belongs to a store, the database itself refuses a foreign store's row, and migrations tell the truth."""

import importlib
import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy.exc import DatabaseError, IntegrityError

from nexnotify.clock import utcnow
from nexnotify.content.defaults import DEFAULTS
from nexnotify.content.defaults_german import german
from nexnotify.content.models import Template, TemplateVersion
from nexnotify.credits.service import grant
from nexnotify.customers.custom_fields import OPT_IN, fields_of
from nexnotify.customers.field_values import fold
from nexnotify.db import Tenant, db, transaction
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.life import ends_at
from nexnotify.waitlist.models import AlertRequest
from tests.shop import Shop

ROOT = Path(__file__).resolve().parents[2] / "nexnotify"

#: Tables that belong to the installation and not to one store.
NOT_OF_A_STORE = {
    "store",
    "staff_user",
    "staff_session",
    "guess_counter",
    "membership",
    "instance_secret",
    "consent_wording",
    "outcome_cursor",
}
#: What an append-only table may not do is refused by the database itself.
APPEND_ONLY = ("consent_entry", "credit_entry")

for _path in sorted(ROOT.rglob("models.py")):
    importlib.import_module(".".join(("nexnotify", *_path.relative_to(ROOT).with_suffix("").parts)))

TABLES = dict(sorted(db.metadata.tables.items()))
TENANTS = {name: table for name, table in TABLES.items() if name not in NOT_OF_A_STORE}


def test_the_app_knows_every_table_without_help() -> None:
    declared = {
        name for path in ROOT.rglob("models.py") for name in re.findall(r'__tablename__ = "(\w+)"', path.read_text())
    }
    assert declared == set(TABLES)


def test_the_tables_of_no_store_are_listed_by_name() -> None:
    tenants = {mapper.local_table.name for mapper in db.Model.registry.mappers if issubclass(mapper.class_, Tenant)}
    assert tenants == set(TENANTS)


@pytest.mark.parametrize("name", TENANTS)
def test_a_tenant_row_has_a_store(name: str) -> None:
    table = TENANTS[name]
    assert table.c.store_id.nullable is False
    assert {key.target_fullname for key in table.c.store_id.foreign_keys} >= {"store.id"}
    unique = [
        tuple(c.name for c in item.columns) for item in table.constraints if isinstance(item, sa.UniqueConstraint)
    ]
    assert ("store_id", "id") in unique


@pytest.mark.parametrize("name", TENANTS)
def test_a_reference_to_a_tenant_row_names_the_store_too(name: str) -> None:
    for constraint in TENANTS[name].foreign_key_constraints:
        target = constraint.referred_table.name
        if target in TENANTS:
            pairs = {(element.parent.name, element.column.name) for element in constraint.elements}
            assert ("store_id", "store_id") in pairs, f"{name} → {target} can point to another store's row"
            assert len(pairs) == 2


@pytest.mark.parametrize("name", TENANTS)
def test_what_is_unique_is_unique_within_a_store(name: str) -> None:
    """Ids of the outside world must not collide between stores; random keys of ours may be unique everywhere."""
    ours = {"reference", "hash", "callback_token_hash", "code"}
    for constraint in TENANTS[name].constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            columns = {column.name for column in constraint.columns}
            assert "store_id" in columns or columns <= ours, f"{name}: {columns}"
    for index in TENANTS[name].indexes:
        assert not index.unique or "store_id" in index.columns


@pytest.mark.parametrize("name", TABLES)
def test_a_moment_is_stored_in_utc(name: str) -> None:
    bare = [c.name for c in TABLES[name].columns if type(c.type) is sa.DateTime]
    assert bare == [], f"{name}: use UtcDateTime for {bare}"


def test_the_migrations_make_exactly_the_tables_of_the_models(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_the_database_refuses_a_row_that_points_into_another_store(app: Flask, shop: Shop, other_shop: Shop) -> None:
    shop.product("TEE-M")
    other_shop.product("HAT-L")
    with app.app_context():
        theirs = db.session.execute(
            sa.text("SELECT id FROM variant WHERE store_id = :store"), {"store": other_shop.store_id}
        ).scalar_one()
        change = sa.insert(TABLES["stock_change"]).values(
            store_id=shop.store_id,
            variant_id=theirs,
            cause="level",
            applied=True,
            as_of=utcnow(),
            at=utcnow(),
        )
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(change)


# Only there: on PostgreSQL the other tests of the run share the schema.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_store_of_before_gets_the_opt_in_field_when_it_is_brought_up_to_date(app: Flask, shop: Shop) -> None:
    with app.app_context():
        downgrade(revision="0005")
        upgrade()
        told = [(item.name, item.name_key, item.type, item.is_sms_opt_in) for item in fields_of(shop.store_id)]
        assert told == [(OPT_IN, fold(OPT_IN), "yes_no", True)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("locale", ["en", "de"])
def test_who_waited_before_requests_had_an_end_is_kept_for_the_whole_time_from_then_on(
    app: Flask, shop: Shop, locale: str
) -> None:
    with time_machine.travel("2020-01-05T10:00:00Z", tick=True):
        shop.product("TEE-M")
        shop.ask("TEE-M")
    with app.app_context():
        with transaction():
            db.session.get_one(Store, shop.store_id).locale = locale
        fresh = texts_of(locale)
        downgrade(revision="0015")
        upgrade()
        [waiting] = db.session.scalars(sa.select(AlertRequest))
        assert (waiting.status, waiting.created_at.year) == ("waiting", 2020)
        ends = ends_at(waiting, store_settings(db.session.get_one(Store, shop.store_id)), utcnow())
        assert ends is not None
        assert ends > utcnow() + timedelta(days=89)
        asked = sa.select(Template.kind, Template.channel, Template.name, TemplateVersion.subject, TemplateVersion.body)
        asked = asked.join(TemplateVersion, TemplateVersion.template_id == Template.id)
        made = db.session.execute(asked.where(Template.kind.in_(("double_opt_in", "renewal")), Template.active)).all()
        assert sorted(map(tuple, made)) == fresh


def texts_of(locale: str) -> list[tuple[str | None, ...]]:
    """The questions that a new store begins with."""
    ours = [german(item) if locale == "de" else item for item in DEFAULTS if item.kind in ("double_opt_in", "renewal")]
    return sorted((item.kind, item.channel, item.name, item.subject, item.body) for item in ours)


@pytest.mark.parametrize("name", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET at = at", "DELETE FROM {}"])
def test_the_database_keeps_every_line_of_a_ledger(app: Flask, shop: Shop, name: str, statement: str) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M")
    with app.app_context():
        with transaction():
            grant(db.session.get_one(Store, shop.store_id), "opening", 100, utcnow())
        with pytest.raises(DatabaseError), transaction():
            db.session.execute(sa.text(statement.format(name)))
        assert db.session.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one() == 1
