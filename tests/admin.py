"""The admin as a staff user's browser sees it."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from nexnotify import create_app
from nexnotify.db import db
from nexnotify.settings import Settings
from nexnotify.web.admin.letters import BACKGROUND
from tests.shop import Shop


def letters_written() -> None:
    """Wait until what is done after an answer is done."""
    for thread in threading.enumerate():
        if thread.name == BACKGROUND:
            thread.join()


@contextmanager
def another(settings: Settings) -> Iterator[Flask]:
    """Another web process of the same installation, with other settings."""
    app = create_app(settings)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def door(browser: FlaskClient, address: str, **typed: Any) -> TestResponse:
    """What somebody outside types into a page such as the sign-in; the answer as it comes."""
    page = browser.get(address, follow_redirects=True).get_data(as_text=True)
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None
    return browser.post(address, data={"csrf_token": found.group(1), **typed})


@dataclass
class Desk:
    """A browser in which a staff user works. Every POST carries the CSRF token."""

    browser: FlaskClient

    @classmethod
    def of(cls, shop: Shop, role: str = "owner") -> Desk:
        """Sign a new person of the shop in."""
        return cls(shop.sign_in(f"{role}-{shop.store_id}@acme.example", role))

    def page(self, path: str, status: int = 200) -> str:
        """A page as text, its entities read."""
        answer = self.browser.get(f"/admin{path}")
        assert answer.status_code == status, f"{path}: {answer.status_code}"
        return html.unescape(answer.get_data(as_text=True))

    def raw(self, path: str) -> str:
        """A page as it is sent."""
        return self.browser.get(f"/admin{path}").get_data(as_text=True)

    def post(self, path: str, status: int = 302, **data: Any) -> str:
        """Press a button; the answer is the page it leads to."""
        answer = self.browser.post(f"/admin{path}", data={"csrf_token": self.token(), **data})
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.get_data(as_text=True)[-600:]}"
        if status == 302:
            answer = self.browser.get(answer.headers["Location"], follow_redirects=True)
        return html.unescape(answer.get_data(as_text=True))

    def token(self) -> str:
        """The CSRF token of this browser's session; a page that says "not found" carries it like any other, soonest."""
        page = self.browser.get("/admin/nowhere").get_data(as_text=True)
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found is not None
        return found.group(1)

    def word_in(self, page: str, pattern: str) -> str:
        """What the pattern's group finds first in a page."""
        found = re.search(pattern, self.page(page))
        assert found is not None, f"{page} has no {pattern}"
        return found.group(1)

    def id_in(self, page: str, pattern: str) -> int:
        """The id that the pattern's group finds first in a page."""
        return int(self.word_in(page, pattern))

    def id_of(self, page: str, kind: str) -> int:
        """The id in the page's first link to an address such as ``/admin/messages/<id>``."""
        found = re.search(rf'"/admin/{kind}/(\d+)"', self.raw(page))
        assert found is not None, f"{page} has no link to {kind}"
        return int(found.group(1))
