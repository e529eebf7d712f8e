"""RULE: how a text can be ended, or answered, when nobody can reply to it.

A text that comes from a name says nothing of replying; it has its links instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

#: "Reply STOP to end.", "Reply HELP for help, STOP to end." and what merchants write in their place.
_REPLY: Final = re.compile(r"\s*\b(?:Reply|Text|Send|Answer)\s+(?:HELP|STOP|START)\b[^.\n]*\.?", re.IGNORECASE)
#: The German of it: "Ende: STOP", "Hilfe: HELP, Ende: STOP", "Wieder anmelden: START".
_REPLY_GERMAN: Final = re.compile(
    r"\s*\b(?:Ende|Hilfe|Wieder anmelden): (?:HELP|STOP|START)\b[^.\n]*\.?", re.IGNORECASE
)
#: "Reply YES …" becomes "say yes on its page …", whatever follows.
_YES: Final = re.compile(r"\b(?:reply|answer|text|send)\s+(?:with\s+)?YES\b", re.IGNORECASE)
_YES_GERMAN: Final = re.compile(r"\bmit\s+JA\s+antworten\b", re.IGNORECASE)
_PAGE, _GERMAN_PAGE = "say yes on [[confirm_url]]", "auf [[confirm_url]] bestätigen"
_LINK: Final = re.compile(r"\[\[\s*stop_url\b", re.IGNORECASE)


def _like(words: str) -> Callable[[re.Match[str]], str]:
    """The words in place of others, with a capital where those had one."""
    return lambda found: words[0].upper() + words[1:] if found[0][0].isupper() else words


def without_replies(body: str) -> str:
    """The template of a text for a sender that takes no replies."""
    word = "Ende" if _REPLY_GERMAN.search(body) else "End"
    body = _REPLY_GERMAN.sub("", _REPLY.sub("", body))
    body = _YES_GERMAN.sub(_like(_GERMAN_PAGE), _YES.sub(_like(_PAGE), body))
    return body if _LINK.search(body) else f"{body.rstrip()} {word}: [[stop_url]]"
