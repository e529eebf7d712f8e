"""The names by which gateways know messages."""

from __future__ import annotations

import os
from datetime import datetime

#: Bytes of chance in a reference.
_CHANCE = 10


def new_reference(now: datetime) -> str:
    """One of :func:`new_references`."""
    return new_references(now, 1)[0]


def new_references(now: datetime, count: int) -> list[str]:
    """References of 32 hex digits nobody can guess: 12 of the moment in milliseconds, 20 of chance.

    They begin with the time, as UUIDs of version 7 do (RFC 9562), so that new ones stand side by side in their index:
    purely random ones touch a page of it each, which costs the more the longer the store's past is.
    """
    moment, chance, length = f"{int(now.timestamp() * 1000):012x}", os.urandom(_CHANCE * count).hex(), 2 * _CHANCE
    return [moment + chance[at : at + length] for at in range(0, length * count, length)]
