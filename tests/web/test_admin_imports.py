"""Import and export, Import: upload, try, run, report."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask

from nexnotify.db import db
from nexnotify.workers.importing import run_imports
from tests.admin import Desk
from tests.shop import Shop

CUSTOMERS = "id,first_name,email,phone,field:I would like to receive SMS messages\n"


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """An admin's browser."""
    return Desk.of(shop, "admin")


def work(app: Flask) -> None:
    """What a worker does when it is nudged."""
    with app.app_context():
        run_imports()
        db.session.remove()


def upload(desk: Desk, kind: str, data: str | bytes, name: str = "file.csv", status: int = 302, **more: Any) -> str:
    """Upload a file; the address of its import, or the page that refuses it."""
    raw = data.encode() if isinstance(data, str) else data
    form = {"csrf_token": desk.token(), "kind": kind, "file": (io.BytesIO(raw), name), **more}
    answer = desk.browser.post("/admin/import", data=form, content_type="multipart/form-data")
    assert answer.status_code == status, answer.get_data(as_text=True)[-500:]
    if status == 302:
        return str(answer.headers["Location"]).removeprefix("/admin")
    return answer.get_data(as_text=True)


def test_smoke(app: Flask, shop: Shop, desk: Desk) -> None:
    where = upload(desk, "customers", CUSTOMERS + "c1,Ann,ann@mail.example,2015550123,yes\nc2,Ben,not-an-email,,no\n")
    assert "The file is being read" in desk.page(where)
    work(app)
    page = desk.page(where)
    assert "1 customer would be taken in" in " ".join(page.replace("<b>", "").replace("</b>", "").split())
    assert shop.get("customers")["customers"] == []
    desk.post(f"{where}/begin")
    work(app)
    assert [item["id"] for item in shop.get("customers")["customers"]] == ["c1"]
