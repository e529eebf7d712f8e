"""Who opened a link: a person, or a program that looks into messages."""

from __future__ import annotations

from typing import Any

import pytest

from nexnotify.outcomes.scanners import MOST_LINKS, MOST_LINKS_OF_PHONES, SIGNS, Opening, sign_of_scanner

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
)
CUBOT = (
    "Mozilla/5.0 (Linux; Android 9; CUBOT_P30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile Safari/537.36"
)
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
SERVER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
#: What iMessage calls itself when it draws a preview.
IMESSAGE = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
    "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
)


def opening(**facts: Any) -> Opening:
    """A tap on a phone, a quarter of a minute after the gateway took the text; and what is different."""
    return Opening(**{"user_agent": IPHONE, "since_accepted": 15.0, **facts})


PEOPLE: list[dict[str, Any]] = [
    {},
    {"user_agent": ANDROID},
    {"user_agent": CUBOT},
    {"user_agent": WINDOWS},
    {"user_agent": MAC},
    {"has_arrived": True, "since_accepted": 2.0},
    {"since_accepted": None},
    {"since_accepted": 86_400.0},
    {"user_agent": SERVER, "has_arrived": True},
    {"user_agent": SERVER, "since_accepted": 60.0},
    {"user_agent": SERVER, "channel": "email"},
    {"user_agent": SERVER, "since_accepted": None},
    {"says_language": False, "has_arrived": True},
    {"links": MOST_LINKS_OF_PHONES},
    {"user_agent": WINDOWS, "links": MOST_LINKS},
    {"purpose": "   "},
]
PROGRAMS: list[tuple[str, dict[str, Any]]] = [
    ("not_a_visit", {"method": "HEAD"}),
    ("not_a_visit", {"method": "OPTIONS"}),
    ("ahead", {"purpose": "prefetch"}),
    ("ahead", {"purpose": "prefetch;prerender"}),
    ("ahead", {"purpose": "Preview"}),
    ("robot", {"user_agent": ""}),
    ("robot", {"user_agent": "   "}),
    *(
        ("robot", {"user_agent": agent})
        for agent in (
            IMESSAGE,
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "WhatsApp/2.23.20.0",
            "TelegramBot (like TwitterBot)",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0 Safari/537.36",
            "Mozilla/5.0 (compatible; Barracuda Sentinel)",
            "Mozilla/5.0 (Windows; U) Proofpoint URL Defense",
            "curl/8.5.0",
            "python-requests/2.32.3",
            "Go-http-client/2.0",
            "okhttp/4.12.0",
            "Java/17.0.9",
            "Apache-HttpClient/4.5.14 (Java/17.0.9)",
            "Skype preview: SkypeUriPreview Preview/0.5",
        )
    ),
    ("not_sent", {"was_sent": False, "since_accepted": None}),
    ("too_soon", {"since_accepted": 0.0}),
    ("too_soon", {"since_accepted": 1.99}),
    ("too_soon", {"since_accepted": -0.5}),
    ("too_soon", {"since_accepted": 1.0, "channel": "email"}),
    ("before_delivery", {"user_agent": SERVER}),
    ("before_delivery", {"user_agent": SERVER, "since_accepted": 59.9}),
    ("before_delivery", {"user_agent": WINDOWS, "says_language": False}),
    ("many", {"links": MOST_LINKS_OF_PHONES + 1}),
    ("many", {"user_agent": WINDOWS, "links": MOST_LINKS + 1}),
]


@pytest.mark.parametrize("facts", PEOPLE, ids=str)
def test_a_person_s_tap_is_a_person_s(facts: dict[str, Any]) -> None:
    assert sign_of_scanner(opening(**facts)) == ""


@pytest.mark.parametrize("sign, facts", PROGRAMS, ids=str)
def test_a_program_gives_itself_away(sign: str, facts: dict[str, Any]) -> None:
    assert sign_of_scanner(opening(**facts)) == sign


def test_every_sign_is_one_that_something_gives() -> None:
    assert {sign for sign, _ in PROGRAMS} == set(SIGNS)
