"""RULE: how a text can be ended when nobody can reply to it.

A text that comes from a name says nothing of replying; it has its link to end instead.
"""

from __future__ import annotations

import re
from typing import Final

#: "Reply STOP to end.", "Reply HELP for help, STOP to end." and what merchants write in their place.
_REPLY: Final = re.compile(r"\s*\b(?:Reply|Text|Send|Answer)\s+(?:HELP|STOP|START)\b[^.\n]*\.?", re.IGNORECASE)
_LINK: Final = re.compile(r"\[\[\s*stop_url\b", re.IGNORECASE)


def without_replies(body: str) -> str:
    """The template of a text for a sender that takes no replies."""
    body = _REPLY.sub("", body)
    return body if _LINK.search(body) else f"{body.rstrip()} End: [[stop_url]]"
