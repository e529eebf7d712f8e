"""The tags of an HTML page, as browsers tell them from its text, in time that grows with the page's length alone.

Only so much of HTML as the check of a page needs. Every expression here is possessive or ends the page where it fails, so
that no text, however it is made, is looked at again and again; the standard library's parser does that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import NamedTuple

#: Up to their own end tag there is text in them, no markup; noscript is so where scripts run.
RAW = ("script", "style", "textarea", "title", "iframe", "noembed", "noframes", "noscript", "xmp")
#: Within these, tags that close themselves do so, as in XML.
_FOREIGN = ("svg", "math")
#: Longer values, and tags with more attributes, are nobody's we look for.
MAX_VALUE, MAX_ATTRIBUTES = 4000, 100
_NONE: Mapping[str, str] = {}

_NAME = re.compile(r"(/?)([a-zA-Z][^\s/>]*+)")
_REST = re.compile(r"""(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+|(?=>)))*+>""")
_ATTRIBUTE = re.compile(r"""([^\s/>=]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]*+)))?+""")
_COMMENT_END = re.compile(r"-->|(?<!<!)--!>")
_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in RAW}


class Tag(NamedTuple):
    """A start or end tag. ``text`` is what a raw element holds, such as a script."""

    name: str
    is_end: bool
    attributes: Mapping[str, str]
    text: str


def read_tags(html: str) -> Iterator[Tag]:
    """The tags outside comments and raw elements, in order; what is not finished at the end is not there."""
    at, foreign = 0, 0
    while (at := html.find("<", at) + 1) > 0:
        if found := _NAME.match(html, at):
            rest = _REST.match(html, found.end())
            if rest is None:
                return
            at, name, is_end = rest.end(), found[2].lower(), bool(found[1])
            closes_itself = html[at - 2] == "/"
            if name in _FOREIGN and not closes_itself:
                foreign = max(foreign + (-1 if is_end else 1), 0)
            if name == "plaintext" and not is_end:
                return
            text = ""
            if name in RAW and not is_end and not (foreign and closes_itself):
                end = _ENDS[name].search(html, at)
                text = html[at : end.start() if end else len(html)]
                if end is None:
                    return
                at = end.start()
            yield Tag(name, is_end, _NONE if is_end or rest[0] == ">" else _attributes(rest[0]), text)
        elif html.startswith("!--", at):
            end = _COMMENT_END.search(html, at + 1)
            if end is None:
                return
            at = end.end()
        elif html.startswith(("!", "?", "/"), at):
            at = html.find(">", at)
            if at < 0:
                return


def _attributes(text: str) -> dict[str, str]:
    """Names in lower case; of two with one name, browsers take the first."""
    found: dict[str, str] = {}
    for number, match in enumerate(_ATTRIBUTE.finditer(text)):
        if number == MAX_ATTRIBUTES:
            break
        value = match[2] or match[3] or match[4] or ""
        found.setdefault(match[1].lower(), unescape(value[:MAX_VALUE]))
    return found
