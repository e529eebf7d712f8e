"""Runs the migrations with the app's own engine."""

from typing import Any, Literal

from alembic import context
from flask import current_app

from nexnotify.db import Encrypted, UtcDateTime, db


def render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations name plain types, so that they outlive ours."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return "sa.Text()" if kind == "type" and isinstance(item, Encrypted) else False


def run() -> None:
    """Online only: a database that nobody reaches cannot be brought up to date."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect().execution_options(nexnotify_write=True) as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=render,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                # Web and worker start together; one of them migrates, the other waits and finds it done.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4711)")
            context.run_migrations()


run()
