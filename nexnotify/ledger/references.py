"""The name by which a gateway knows a message."""

from __future__ import annotations

import secrets
from datetime import datetime


def new_reference(now: datetime) -> str:
    """32 hex digits nobody can guess: 12 of the moment in milliseconds, 20 of chance.

    They begin with the time, as UUIDs of version 7 do (RFC 9562), so that new ones stand side by side in their index:
    purely random ones touch a page of it each, which costs the more the longer the store's past is.
    """
    return f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(10)}"
