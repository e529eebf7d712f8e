"""The audit trail in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nexnotify.stores.models import AuditEntry

_WORDS = {
    "sms": "text message",
    "api": "API",
    "sold out": "Sold Out",
    "backordered": "Backordered",
    "preordered": "Preordered",
}


def audit_title(action: str) -> str:
    """ "API key created" for api_key.created."""
    title = " ".join(_word(part) for part in action.replace(".", "_").split("_"))
    return title[:1].upper() + title[1:]


def audit_lines(entry: AuditEntry) -> list[str]:
    """What the entry says beside its title, one thing a line; of a change only what is different."""
    lines: list[str] = []
    for name, value in entry.detail.items():
        if name == "by":
            continue
        if name == "changed" and isinstance(value, Mapping):
            for field, (before, after) in value.items():
                lines += _differences(_word(field), before, after)
        else:
            lines.append(f"{_word(name)}: {_text(value)}")
    return lines


def _differences(name: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for part in after:
            yield from _differences(f"{name}, {_word(part)}", before.get(part), after[part])
    elif before != after:
        yield f"{name}: {_text(before)} → {_text(after)}"


def _text(value: Any) -> str:
    if value is None or value is False:
        return "off"
    if value is True:
        return "on"
    if isinstance(value, Mapping):
        return ", ".join(f"{_word(name)} {_text(part)}" for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(part) for part in value) or "none"
    return str(value)


def _word(name: str) -> str:
    plain = str(name).replace("_", " ")
    return _WORDS.get(plain, plain)
