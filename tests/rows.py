"""The database as whoever stole it would read it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa


def everything(url: str) -> str:
    """Every value of every table as it lies there, and of SQLite the files' own bytes as well."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        found = [
            f"{table}: {tuple(row)}"
            for table in tables
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"')
        ]
    engine.dispose()
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        found += [file.read_bytes().decode("latin-1") for file in path.parent.glob(f"{path.name}*")]
    return "\n".join(found)
