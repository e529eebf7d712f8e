"""The seam to the task engine. A nudge says "there is work", never which: the rows say that.

So a nudge is safe to lose, to double and to run anywhere; the sweep finds what a lost one left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import current_app
from huey import Huey, MemoryHuey, SqliteHuey
from huey.exceptions import ConfigurationError

from nexnotify.settings import Settings, SettingsError

log = logging.getLogger(__name__)

Step = Callable[[], None]

#: The head of the queue that is looked at: there are few steps, so it is seldom longer.
LOOK_AT = 7


def make_huey(settings: Settings) -> Huey:
    """The engine for the queue address: SQLite, PostgreSQL, Redis, or memory for tests."""
    url = settings.queue_url
    if url.startswith("memory:"):
        return MemoryHuey("nexnotify", results=False)
    if url.startswith("sqlite:///"):
        settings.instance.mkdir(parents=True, exist_ok=True)
        return SqliteHuey("nexnotify", filename=url.removeprefix("sqlite:///"), results=False)
    if url.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        from huey import PostgresHuey

        return PostgresHuey("nexnotify", dsn=url.replace("+psycopg", "", 1), results=False)
    if url.startswith(("redis:", "rediss:")):
        from huey import RedisHuey

        try:
            return RedisHuey("nexnotify", url=url, results=False)
        except ConfigurationError:
            raise SettingsError("A redis:// queue needs the Python package redis: pip install redis.") from None
    raise SettingsError("NEXNOTIFY_QUEUE_URL must start with sqlite:///, postgresql:// or redis://.")


class Nudges:
    """Names of steps in, runs of steps out."""

    def __init__(self, huey: Huey) -> None:
        self.huey = huey
        self.steps: dict[str, Step] = {}
        self._task = huey.task(name="step")(self._run)

    def __call__(self, step: str) -> None:
        """Ask a worker to run ``step`` soon. A queue that is away costs at most a sweep's wait, so it is no error."""
        try:
            if not self._waits(step):
                self._task(step)
        except Exception:
            log.warning("nudge lost", extra={"step": step}, exc_info=True)

    def _waits(self, step: str) -> bool:
        """Whether the same nudge is in the queue. It is taken after this look, so its step sees what was committed before.

        Sign-ups come in crowds, and a look costs less than a commit of the queue for each.
        """
        read = self.huey.serializer.deserialize
        return any(read(task).args == (step,) for task in self.huey.storage.enqueued_items(LOOK_AT))

    def _run(self, step: str) -> None:
        self.steps[step]()


def nudge(step: str) -> None:
    """Nudge from an edge, after its commit."""
    nudges: Any = current_app.extensions["nexnotify"].nudges
    nudges(step)
