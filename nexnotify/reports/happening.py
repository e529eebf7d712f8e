"""One thing that happened to a customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a customer's timeline."""

    at: datetime
    title: str
    #: "ok", "info", "warn", "bad" or "neutral"
    kind: str
    words: str = ""
    #: What was written, if it was a message.
    text: str = ""
    #: ("request", "message", "order" or "ticket", its id)
    link: tuple[str, int] | None = None
    status: str = ""
