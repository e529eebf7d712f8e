"""Parts of a page that keep themselves up to date: the page asks for them again, and is answered only when they differ.

htmx does the asking (``templates/admin/_live.html``), ``nx.js`` keeps hidden tabs silent. A part without a pace asks no
more: that is how a poll ends.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from nexnotify.ledger.models import Message

#: Header with which a part says what it shows.
SEEN = "X-Nx-Seen"
#: Seconds between two questions: while something is on its way, and while nothing is.
BUSY, IDLE = 2, 5
#: Statuses that are soon followed by another.
MOVING = ("queued", "claimed", "accepted", "sent")
#: What has not moved for so long is waiting for somebody else.
SOON = timedelta(minutes=10)


def is_moving(message: Message, now: datetime) -> bool:
    """Whether a message is likely to change within seconds."""
    return message.status in MOVING and abs(now - message.due_at) < SOON


def live_page(template: str, part: str, pace: int | None, **context: Any) -> ResponseReturnValue:
    """The page with its live part; or, where the part itself is asked for, that part, or 204 if it is still the same.

    :param template: the page's, which shows ``{{ live }}``.
    :param part: template of the live part; gets the same context.
    :param pace: seconds until it asks again; None ends it.
    """
    body = render_template(part, **context)
    mark = hashlib.sha256(f"{pace} {body}".encode()).hexdigest()[:16]
    seen = request.headers.get(SEEN)
    if seen == mark:
        return "", 204
    live = Markup(render_template("admin/_live.html", body=Markup(body), seen={SEEN: mark}, pace=pace))  # noqa: S704 - drawn by templates
    answer = make_response(live if seen else render_template(template, live=live, **context))
    answer.headers["Vary"] = SEEN  # going back must not show the part for the page
    return answer
