"""People by the command line: made, unlocked, given a password."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from nexnotify.cli import cli
from nexnotify.errors import NexnotifyError
from nexnotify.settings import Settings
from tests.admin import Desk, door
from tests.shop import PASSWORD, Shop
from tests.web.test_second_factor import set_up

ANN = "ann@acme.example"
NEW = "a better horse battery"


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NEXNOTIFY_INSTANCE", str(settings.instance))
    monkeypatch.setenv("NEXNOTIFY_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("NEXNOTIFY_SECRET_KEYS", settings.secret_keys)

    def command(*words: str, typed: str = "") -> dict[str, Any]:
        done = CliRunner().invoke(cli, ["user", *words, "--json"], input=typed, catch_exceptions=True)
        if done.exception:
            raise done.exception
        found: dict[str, Any] = json.loads(done.output.splitlines()[-1])
        return found

    return command


def opens(app: Flask, password: str) -> str:
    """Where signing in leads; empty where it does not."""
    answer = door(app.test_client(), "/admin/login", email=ANN, password=password)
    return answer.headers.get("Location", "").split("?")[0]


def test_a_locked_person_is_unlocked(app: Flask, shop: Shop, run: Any) -> None:
    desk = Desk(shop.sign_in(ANN))
    for _ in range(5):
        opens(app, "wrong")
    assert opens(app, PASSWORD) == ""
    assert run("unlock", "--email", "Ann@acme.example") == {"email": ANN}
    assert opens(app, PASSWORD) == "/admin"
    assert "by: command line" not in desk.page("/settings/audit")
    assert "command line" in desk.page("/settings/audit")


def test_a_new_password_ends_sessions_and_keeps_the_second_factor_unless_told(app: Flask, shop: Shop, run: Any) -> None:
    desk = Desk(shop.sign_in(ANN))
    set_up(desk)
    run("password", "--email", ANN, typed=f"{NEW}\n")
    assert desk.browser.get("/admin/waitlist").status_code == 302
    assert opens(app, NEW) == "/admin/tf-validate"
    run("password", "--email", ANN, "--second-factor-off", typed=f"{NEW}\n")
    assert opens(app, NEW) == "/admin"


def test_nobody_and_no_password_are_refused(shop: Shop, run: Any) -> None:
    shop.staff(ANN)
    for words, typed in ((("unlock", "--email", "x@acme.example"), ""), (("password", "--email", ANN), "short\n")):
        with pytest.raises(NexnotifyError):
            run(*words, typed=typed)
