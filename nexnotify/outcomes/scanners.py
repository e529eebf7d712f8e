"""RULE: whether a link was opened by a person or by a program that looks into messages.

The signs are plain ones. A scanner that waits, and calls itself a phone, cannot be told from its owner.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from nexnotify.words import N_

#: Sign → what it says, for people; the table in docs/links.md is compared with this one.
SIGNS: Final = {
    "not_a_visit": N_("It asked for the address only, not for the page."),
    "ahead": N_("A browser fetched it ahead, before anybody tapped."),
    "robot": N_("It calls itself a program, or does not say what it is."),
    "not_sent": N_("The message had not been sent."),
    "too_soon": N_("It came within two seconds of the gateway taking the message."),
    "before_delivery": N_("It came before the text had arrived, from what looks like a server."),
    "many": N_("The same visitor opened several people's links in a moment."),
}
#: Programs that read pages and say so; what hides cannot be told from a shopper. Cubot makes phones.
ROBOTS: Final = re.compile(
    r"(?<!cu)bot\b|bots?/|crawl|spider|slurp|headless|lighthouse|prerender|preview|monitor|facebookexternalhit|python-|curl/|wget",
    re.IGNORECASE,
)
#: Programs that open links of messages and mails: virus scanners, link previews, HTTP libraries.
_LINK_READERS: Final = re.compile(
    r"whatsapp|telegram|slack-?img|skype|iframely|embedly|bitly|barracuda|proofpoint|mimecast|cloudmark|zscaler|symantec|"
    r"messagelabs|urlscan|safe-?browsing|virustotal|yahoomailproxy|imageproxy|google-safety|phantomjs|selenium|puppeteer|"
    r"okhttp|go-http-client|apache-httpclient|libwww|^java/|axios|node-fetch|undici|aiohttp|guzzle|ruby",
    re.IGNORECASE,
)
#: Nobody reads a message and taps within so many seconds of the gateway taking it.
TOO_SOON: Final = 2.0
#: A text that has not arrived after so many seconds may come without a receipt.
UNDER_WAY: Final = 60.0
#: What counts as a moment, in seconds, and the most links of different messages that one visitor opens in it. Phones of
#: one carrier may share an address and all look alike, so of phones more are believed.
MOMENT: Final = 2.0
MOST_LINKS: Final = 2
MOST_LINKS_OF_PHONES: Final = 9
_PHONE: Final = re.compile(r"iphone|ipad|android|mobile", re.IGNORECASE)
_SERVER: Final = re.compile(r"x11; (linux|ubuntu|freebsd)|windows nt 6\.1", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Opening:
    """A link was opened."""

    method: str = "GET"
    user_agent: str = ""
    #: What the browser says of why it fetches: ``Sec-Purpose``, ``Purpose``, ``X-Moz`` or ``X-Purpose``.
    purpose: str = ""
    #: Whether it said which languages it reads, as browsers do.
    says_language: bool = True
    #: Of the message.
    channel: str = "sms"
    #: Whether the message has been handed to the gateway, as far as we know.
    was_sent: bool = True
    #: Seconds since the gateway took it; None where nobody knows.
    since_accepted: float | None = None
    has_arrived: bool = False
    #: Links of different messages that this visitor has opened in a :data:`MOMENT`, with this one.
    links: int = 1


def sign_of_scanner(opening: Opening) -> str:
    """The first of :data:`SIGNS` that speaks for a program; empty for a person."""
    agent, since = opening.user_agent.strip(), opening.since_accepted
    found = {
        "not_a_visit": opening.method != "GET",
        "ahead": re.search("prefetch|prerender|preview", opening.purpose.lower()) is not None,
        "robot": not agent or ROBOTS.search(agent) is not None or _LINK_READERS.search(agent) is not None,
        "not_sent": not opening.was_sent,
        "too_soon": since is not None and since < TOO_SOON,
        "before_delivery": (
            opening.channel == "sms"
            and not opening.has_arrived
            and since is not None
            and since < UNDER_WAY
            and looks_like_server(agent, opening.says_language)
        ),
        "many": opening.links > (MOST_LINKS_OF_PHONES if _PHONE.search(agent) else MOST_LINKS),
    }
    return next((sign for sign in SIGNS if found[sign]), "")


def looks_like_server(user_agent: str, says_language: bool) -> bool:
    """Whether it looks like a machine in a data centre: no language, or a system that hardly anybody shops with."""
    return not says_language or (_SERVER.search(user_agent) is not None and not _PHONE.search(user_agent))
