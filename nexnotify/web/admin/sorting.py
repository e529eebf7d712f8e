"""In which order a list stands: chosen from what it offers, kept in its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

#: Parts of an address that are the place in a list, and not what it shows.
PLACE = ("after", "before")


@dataclass(frozen=True, slots=True)
class By:
    """A column that a list can be sorted by; an index has it behind the columns that the list is filtered by."""

    column: Any
    #: What the menu calls it, rising and falling.
    rising: str
    falling: str
    #: Whether it falls at the first press of its title, as moments and sums do.
    falls_first: bool = True


@dataclass(frozen=True, slots=True)
class Sorting:
    """The order of a list, and how to change it."""

    offered: Mapping[str, By]
    name: str
    falls: bool

    @property
    def column(self) -> Any:
        """What it is sorted by; rows with the same stand by their ids."""
        return self.offered[self.name].column

    @property
    def value(self) -> str:
        """As the address says it."""
        return _word(self.name, self.falls)

    @property
    def options(self) -> list[tuple[str, str]]:
        """The menu: (value, words)."""
        return [
            (_word(name, falls), by.falling if falls else by.rising)
            for name, by in self.offered.items()
            for falls in (by.falls_first, not by.falls_first)
        ]

    def title(self, name: str) -> tuple[str, str]:
        """Where the press of a column's title leads, and how the list stands by it: "ascending", "descending", "none"."""
        falls = not self.falls if name == self.name else self.offered[name].falls_first
        state = ("descending" if self.falls else "ascending") if name == self.name else "none"
        kept = [(key, value) for key, value in request.args.items(multi=True) if key not in (*PLACE, "sort")]
        return f"{request.path}?{urlencode([*kept, ('sort', _word(name, falls))])}", state


def asked_sorting(offered: Mapping[str, By]) -> Sorting:
    """The order that the address asks for; else by the first that is offered."""
    asked = request.args.get("sort", "")
    name = asked.removeprefix("-")
    if name in offered:
        return Sorting(offered, name, asked.startswith("-"))
    first = next(iter(offered))
    return Sorting(offered, first, offered[first].falls_first)


def _word(name: str, falls: bool) -> str:
    return f"-{name}" if falls else name
