"""The admin as a staff user's browser sees it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from tests.shop import Shop


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
        """The CSRF token of this browser's session."""
        page = self.browser.get("/admin/settings", follow_redirects=True).get_data(as_text=True)
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found is not None
        return found.group(1)

    def id_of(self, page: str, kind: str) -> int:
        """The id in the page's first link to an address such as ``/admin/messages/<id>``."""
        found = re.search(rf'"/admin/{kind}/(\d+)"', self.raw(page))
        assert found is not None, f"{page} has no link to {kind}"
        return int(found.group(1))
