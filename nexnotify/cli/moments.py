"""Moments of a demo shop's past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened."""

    at: datetime
    happen: Callable[[datetime], None]
    #: Whether messages may come of it.
    stirs: bool = True
