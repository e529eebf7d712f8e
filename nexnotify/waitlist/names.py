"""RULE: what a first name may not carry. Plain Python."""

from __future__ import annotations

import re
import unicodedata

#: What mail and text clients make a link of.
_LINK = re.compile(r"://|www\.|@|[^\s.]\.\w{2,}", re.IGNORECASE)


def has_link(name: str) -> bool:
    """Whether a name carries a message of its own: it stands in texts to people who may not have typed it."""
    # Read as a client would: wide characters as narrow ones, without what cannot be seen.
    plain = unicodedata.normalize("NFKD", name).replace("\u3002", ".")
    return bool(_LINK.search("".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Mn", "Mc", "Me"))))
