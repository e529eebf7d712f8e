"""Documents are about what people do, so their tests need no second database and no other program."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """SQLite alone."""
    path = tmp_path / "nexnotify.sqlite"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


class _Form(HTMLParser):
    """The fields of the form that has a certain field, as a browser would send them."""

    def __init__(self, having: str) -> None:
        super().__init__()
        self._having = having
        self._fields: dict[str, str] = {}
        self._names: set[str] = set()
        self._action = self._select = self._area = ""
        self.found: dict[str, str] | None = None
        self.action = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._fields, self._names, self._action = {}, set(), given.get("action", "")
        elif name:
            self._names.add(name)
        if tag == "input" and name:
            ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            if ticked and given.get("type") != "submit":
                self._fields[name] = given.get("value", "on" if given.get("type") == "checkbox" else "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or self._select not in self._fields):
            self._fields[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._area = name
            self._fields[name] = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self._fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._fields[self._area] = self._fields[self._area].removeprefix("\n")
            self._area = ""
        elif tag == "form" and self._having in self._names and self.found is None:
            self.found, self.action = self._fields, self._action


class Admin:
    """A merchant's browser: opens a page, fills its form in, sends it."""

    def __init__(self, browser: FlaskClient) -> None:
        self._browser = browser

    def page(self, address: str, status: int = 200) -> str:
        """The page at an address."""
        answer = self._browser.get(address)
        assert answer.status_code == status, f"{address}: {answer.status_code}"
        return answer.get_data(as_text=True)

    def file(self, address: str) -> bytes:
        """What a link for downloading brings."""
        with self._browser.get(address) as answer:
            assert answer.status_code == 200, f"{address}: {answer.status_code}"
            return answer.get_data()

    def fill_in(self, address: str, fields: dict[str, str | bool]) -> TestResponse:
        """Send the form with those fields; ``True`` ticks a box, ``False`` unticks it, all others stay as shown."""
        return self.send_form(address, self.page(address), fields)

    def send_form(self, address: str, page: str, fields: dict[str, str | bool]) -> TestResponse:
        """The same with a page that is on the screen already, such as the next step of a guide."""
        form = _Form(next(iter(fields)))
        form.feed(page)
        assert form.found is not None, f"{address} has no form with {next(iter(fields))}"
        values = dict(form.found)
        for name, value in fields.items():
            if value is False:
                values.pop(name, None)
            else:
                values[name] = "y" if value is True else value
        return self._browser.post(form.action or address, data=values)
