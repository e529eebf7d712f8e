"""What the commands share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import sqlalchemy as sa
from flask import Flask

from nexnotify import create_app
from nexnotify.db import db
from nexnotify.errors import NotFound
from nexnotify.secrets import make_key_file
from nexnotify.settings import Settings, SettingsError
from nexnotify.stores.models import Store
from nexnotify.stores.service import find_store

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
store_option = click.option("--store", "store_key", required=True, help="The store's key, or its name.")


def answer(as_json: bool, data: dict[str, Any], lines: Callable[[], str]) -> None:
    """Print a command's result for a program or for a person."""
    click.echo(json.dumps(data) if as_json else lines())


def the_app() -> Flask:
    """The app, its key file made on first use."""
    settings = Settings.from_env()
    if not settings.secret_keys:
        try:
            make_key_file(settings.instance)
        except OSError as error:
            raise SettingsError(f"The instance folder {settings.instance} cannot be used: {error.strerror}.") from None
    return create_app(settings)


@contextmanager
def in_app() -> Iterator[Flask]:
    """An app context with a database that is up to date."""
    app = the_app()
    with app.app_context():
        try:
            prepare_database()
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def prepare_database() -> None:
    """Bring the schema up to date and make the keys that live in the database. Harmless when repeated."""
    import logging

    from flask_migrate import upgrade

    from nexnotify.db import transaction
    from nexnotify.stores.service import make_index_key

    logging.getLogger("alembic").setLevel(logging.WARNING)
    upgrade()
    with transaction():
        make_index_key()


def find_the_store(key: str) -> Store:
    """The store by key, else by its name where only one has it.

    :raises NotFound: none, or several.
    """
    store = find_store(key)
    if store is not None:
        return store
    named = db.session.scalars(sa.select(Store).where(Store.name == key)).all()
    if len(named) != 1:
        raise NotFound(f"There {'are several stores' if named else 'is no store'} with the key or name {key}.")
    return named[0]
