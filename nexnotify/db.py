"""The database: column types, tenant keys and the one way to commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from nexnotify.settings import ROOT, Settings
from nexnotify.sqlite import BUSY_TIMEOUT, prepare_sqlite

#: SQLite needs INTEGER, and nothing else, for a key that counts by itself.
BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware UTC moments; a naive one is refused, so that no local time ever gets in."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone.")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Encrypted(sa.types.TypeDecorator[str]):
    """Text that lies encrypted in the database; it cannot be searched, use a keyed hash beside it."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else current_app.extensions["nexnotify"].cipher.encrypt(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else current_app.extensions["nexnotify"].cipher.decrypt(value)


class _IdList(sa.types.TypeDecorator[list[int]]):
    """Many ids as one parameter: an array, or JSON where there are no arrays."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return sa.ARRAY(sa.BigInteger) if dialect.name == "postgresql" else sa.Text()

    def process_bind_param(self, value: list[int] | None, dialect: sa.Dialect) -> Any:
        return value if dialect.name == "postgresql" else json.dumps(value)


class IdIn(sa.ColumnElement[bool]):
    """``column IN (ids)`` for hot statements, the ids being the one parameter ``name``.

    The text of an ordinary IN grows with its list, so the database would parse and plan each length anew.
    """

    inherit_cache = True
    #: Or else "= 1" is written behind it, and SQLite uses no index.
    _is_implicitly_boolean = True
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement), ("ids", InternalTraversal.dp_clauseelement)]
    type = sa.Boolean()

    def __init__(self, column: sa.ColumnElement[int], name: str = "b_ids", ids: Sequence[int] | None = None) -> None:
        self.column = column
        self.ids = sa.bindparam(name, type_=_IdList) if ids is None else sa.bindparam(name, list(ids), type_=_IdList)


@compiles(IdIn)
def _id_in(element: IdIn, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = compiler.process(element.column, **options), compiler.process(element.ids, **options)
    if compiler.dialect.name == "postgresql":
        return f"{column} = ANY ({ids})"
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 - made of our own columns


class Base(DeclarativeBase):
    registry = registry(
        metadata=sa.MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: UtcDateTime, dict[str, Any]: sa.JSON},
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False}, disable_autonaming=True)


class Tenant:
    """A table whose rows belong to a store. Declare ``__table_args__`` with :func:`tenant_args`."""

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    store_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("store.id"), nullable=False)


def tenant_args(*args: Any) -> tuple[Any, ...]:
    """Table arguments of a tenant table: the composite key that other tenant tables refer to, and ``args``."""
    return (sa.UniqueConstraint("store_id", "id"), *args)


def tenant_key(column: str, table: str) -> sa.ForeignKeyConstraint:
    """A reference to another tenant table that the database refuses across stores."""
    return sa.ForeignKeyConstraint(["store_id", column], [f"{table}.store_id", f"{table}.id"])


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index over some rows only, the same on both databases."""
    clause = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=clause, postgresql_where=clause)


def init_db(app: Flask, settings: Settings) -> None:
    """Bind the database to the app. The engine is made at first use, so after any fork."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    options: dict[str, Any] = {"pool_pre_ping": not settings.is_sqlite}
    if settings.is_sqlite:
        options["connect_args"] = {"timeout": BUSY_TIMEOUT}
    else:
        options["connect_args"] = {"connect_timeout": 5}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "nexnotify" / "migrations"))
    if settings.is_sqlite:
        with app.app_context():
            prepare_sqlite(db.engine)


@contextmanager
def transaction() -> Iterator[None]:
    """The only place that commits. Leaving the block normally keeps the work, an exception undoes it.

    Edges open it; verbs add and flush. It does not nest, and a gateway is never called inside it.
    """
    session = db.session()
    if session.info.get("in_transaction"):
        raise RuntimeError("transaction() does not nest; only an edge opens it.")
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("There are changes that no transaction() covers.")
    session.commit()  # ends the read snapshot, if any, so that the write lock can be taken
    session.info["in_transaction"] = True
    try:
        session.connection(execution_options={"nexnotify_write": True})
        yield
        for work, items in session.info.get("at_the_end", {}).items():
            work(items)
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["in_transaction"] = False
        session.info.pop("at_the_end", None)


def at_the_end(work: Callable[[Sequence[Any]], None], items: Iterable[Any]) -> None:
    """Have ``work`` done as the last act of this transaction, once, with the items of all who asked.

    For a row that many share: locked last, it is locked shortly, and nothing is waited for meanwhile.

    :raises RuntimeError: there is no transaction.
    """
    info = db.session().info
    if not info.get("in_transaction"):
        raise RuntimeError("Only a transaction() has an end.")
    info.setdefault("at_the_end", {}).setdefault(work, []).extend(items)


def waiting_for_the_end(work: Callable[[Sequence[Any]], None]) -> Sequence[Any]:
    """The items that ``work`` will be done with, so far."""
    found: Sequence[Any] = db.session().info.get("at_the_end", {}).get(work, ())
    return found


def end_read() -> None:
    """Give the connection back before a slow call, so that no read snapshot is held meanwhile."""
    if not db.session().info.get("in_transaction"):
        db.session.rollback()


def is_postgresql() -> bool:
    """Whether the session speaks to PostgreSQL."""
    return db.engine.dialect.name == "postgresql"


def insert_rows(model: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Insert many rows of one table in one statement, without the cost of objects."""
    if rows:
        db.session.connection().execute(sa.insert(model.__table__), list(rows))


def insert_tuples(model: Any, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert very many rows: values in the order of ``names``, every column without a database default named.

    The driver is spoken to directly. Values are turned into the database's own once for each object, so give the same
    object where many rows share a value.
    """
    if not rows:
        return
    connection = db.session.connection()
    mark = "%s" if is_postgresql() else "?"
    statement = f"INSERT INTO {model.__tablename__} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"  # noqa: S608
    types = [model.__table__.c[name].type.dialect_impl(connection.dialect) for name in names]
    processors = {i: type_.bind_processor(connection.dialect) for i, type_ in enumerate(types)}
    needed = {i: process for i, process in processors.items() if process is not None}
    connection.exec_driver_sql(statement, _processed(rows, needed) if needed else list(rows))


def _processed(
    rows: Sequence[tuple[Any, ...]], processors: Mapping[int, Callable[[Any], Any]]
) -> list[tuple[Any, ...]]:
    """The rows with the values at these places as the driver wants them."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for i, process in processors.items():
        column = columns[i]
        # Each object once. They all live in ``rows``, so an id stands for one of them.
        known = {key: process(value) for key, value in {id(value): value for value in column}.items()}
        columns[i] = [known[id(value)] for value in column]
    return list(zip(*columns, strict=True))


def reserve_ids(model: Any, count: int) -> Sequence[int]:
    """Ids for ``count`` new rows, for rows that refer to each other and are inserted together."""
    connection, name = db.session.connection(), model.__tablename__
    if is_postgresql():
        sequence = sa.func.nextval(sa.func.pg_get_serial_sequence(name, "id"))
        return connection.scalars(sa.select(sequence).select_from(sa.func.generate_series(1, count))).all()
    # The write lock is ours, so nobody else takes one meanwhile.
    last = connection.scalar(sa.select(sa.func.max(model.__table__.c.id))) or 0
    return range(last + 1, last + 1 + count)


def insert_ignore(table: Any) -> Any:
    """``INSERT … ON CONFLICT DO NOTHING`` for the database in use."""
    return upsert(table).on_conflict_do_nothing()


def insert_new(model: Any, values: dict[str, Any]) -> Any:
    """Insert one row, unless it breaks a unique key: without the cost of objects, the statement built once.

    :returns: the primary key of the new row; None when there was one already.
    """
    connection = db.session.connection()
    return connection.scalar(_insert_new(model, connection.dialect.name == "postgresql"), values)


@cache
def _insert_new(model: Any, _on_postgresql: bool) -> Any:
    return insert_ignore(model.__table__).returning(*model.__table__.primary_key)


def upsert(table: Any) -> Any:
    """An ``INSERT`` of the database in use, which takes ``on_conflict_…``."""
    if is_postgresql():
        from sqlalchemy.dialects.postgresql import insert as pg_insert

        return pg_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)
