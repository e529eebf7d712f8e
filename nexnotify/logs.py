"""Logging: one line each, with the fields that were given, and no address in clear."""

from __future__ import annotations

import logging
import re

#: Anything that looks like a phone number or an email address; messages are ours, but libraries log too.
_ADDRESS = re.compile(r"\+?\d{8,15}\b|[\w.+-]+@[\w-]+\.[\w.]+")
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Formatter(logging.Formatter):
    """``2026-01-05 10:00:00 WARNING nexnotify.nudge: nudge lost step=restock``."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        text += "".join(f" {name}={value}" for name, value in sorted(fields.items()))
        return _ADDRESS.sub("•••", text)


def configure_logging(level: str) -> None:
    """Log to standard error, once per process."""
    root = logging.getLogger()
    if any(isinstance(handler.formatter, Formatter) for handler in root.handlers):
        return
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S"))
    root.addHandler(handler)
    root.setLevel(level)
    logging.getLogger("huey").setLevel("WARNING")
