"""Import and export, Import: upload, try, run, report."""

from __future__ import annotations

import importlib
import io
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import Workbook, load_workbook

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.imports import service
from nexnotify.imports.models import ImportFault, ImportRun
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


def tried(app: Flask, desk: Desk, kind: str, data: str | bytes, name: str = "file.csv", **more: Any) -> str:
    """Upload a file and let it be read; the address of its import."""
    where = upload(desk, kind, data, name, **more)
    work(app)
    return where


def imported(app: Flask, desk: Desk, kind: str, data: str | bytes, name: str = "file.csv", **more: Any) -> str:
    """The whole way of a good file; the page it ends on, as a person reads it."""
    where = tried(app, desk, kind, data, name, **more)
    desk.post(f"{where}/begin")
    work(app)
    return words(desk.page(where))


def words(page: str) -> str:
    """A page's words without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def rows_of(app: Flask, *leave_out: str) -> set[str]:
    """Every row of every table but those that only tell of imports and people."""
    left = {"import_run", "import_fault", "audit_entry", "staff_session", "guess_counter", "staff_user", *leave_out}
    with app.app_context():
        found = {
            f"{table.name}: {tuple(row)}"
            for table in db.metadata.sorted_tables
            if table.name not in left
            for row in db.session.execute(sa.select(table))
        }
        db.session.remove()
    return found


def sheet(*rows: tuple[Any, ...]) -> bytes:
    """A workbook with these rows."""
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


PRODUCTS = "product_id,title,variant_id,sku,price,on_hand\ntee,Tee,tee-m,TEE-M,20.00,0\nhat,Hat,hat-l,HAT-L,x,3\n"
ORDERS = "order_id,status,placed_at,email,sku,quantity,price\n1001,paid,2026-01-05T10:00:00Z,ann@mail.example,TEE-M,2,20.00\n"
REQUESTS = "sku,phone,email,first_name,consent,asked_at\nTEE-M,2015550123,,Ann,yes,2026-01-05T10:00:00Z\n"


# --- from the file to what it changed ------------------------------------------------------------------------------------


def test_a_file_is_tried_first_and_changes_nothing_before_somebody_says_so(app: Flask, shop: Shop, desk: Desk) -> None:
    file = CUSTOMERS + "c1,Ann,ann@mail.example,2015550123,yes\nc2,Ben,not-an-email,,no\n"
    where, before = upload(desk, "customers", file, "people.csv"), rows_of(app)
    assert "is being read" in desk.page(where)
    work(app)
    page = words(desk.page(where))
    assert "1 customer would be taken in; 1 row would be refused" in page
    assert "Row 3" in page
    assert "not-an-email" in page
    assert rows_of(app) == before
    desk.post(f"{where}/begin")
    work(app)
    page = words(desk.page(where))
    assert "1 customer was taken in; 1 row was refused" in page
    [ann] = shop.get("customers")["customers"]
    assert (ann["id"], ann["phone"]) == ("c1", "+12015550123")


def test_what_only_the_store_can_refuse_is_found_by_the_try_too(app: Flask, shop: Shop, desk: Desk) -> None:
    shop.put("customers", {"customers": [{"id": "c1", "email": "ann@mail.example"}]})
    where = tried(app, desk, "customers", "id,email\nc2,ann@mail.example\nc3,ben@mail.example\n")
    page = words(desk.page(where))
    assert "1 customer would be taken in; 1 row would be refused" in page
    assert "c1" in page, "whose address it is"


@pytest.mark.parametrize("kind", ["products", "stock", "customers", "orders", "requests"])
def test_each_kind_is_taken_in_and_the_same_file_again_changes_nothing_and_texts_nobody(
    app: Flask, shop: Shop, desk: Desk, kind: str
) -> None:
    shop.product("TEE-M")
    files = {
        "products": PRODUCTS.replace(",x,", ",9.50,").replace("tee-m,TEE-M", "cap-1,CAP-1"),
        "stock": "sku,on_hand,as_of\nTEE-M,0,2026-01-05T10:00:00Z\nNEW-1,4,2026-01-05T10:00:00Z\n",
        "customers": CUSTOMERS + "c1,Ann,ann@mail.example,2015550123,yes\n",
        "orders": ORDERS,
        "requests": REQUESTS,
    }
    before = rows_of(app)
    imported(app, desk, kind, files[kind])
    shop.work()
    after = rows_of(app, "variant", "product", "customer", "customer_order", "order_line", "stock_change")
    assert rows_of(app) != before
    page = imported(app, desk, kind, files[kind])
    assert "refused" not in page
    shop.work()
    again = rows_of(app, "variant", "product", "customer", "customer_order", "order_line", "stock_change")
    assert again == after
    assert shop.messages(None) == []


def test_products_bring_their_quantities_only_where_it_was_asked(app: Flask, shop: Shop, desk: Desk) -> None:
    imported(app, desk, "products", PRODUCTS.replace(",x,", ",9.50,"))
    assert shop.get("products?sku=HAT-L")["products"][0]["variants"][0]["available"] == 0
    imported(app, desk, "products", PRODUCTS.replace(",x,", ",9.50,"), with_stock="y")
    assert shop.get("products?sku=HAT-L")["products"][0]["variants"][0]["available"] == 3


def test_who_was_told_or_left_is_not_put_back_by_the_file_they_came_with(app: Flask, shop: Shop, desk: Desk) -> None:
    shop.product("TEE-M")
    file = "sku,phone,consent\nTEE-M,2015550123,yes\nTEE-M,2015550124,yes\n"
    imported(app, desk, "requests", file)
    assert [(item["source"], item["status"]) for item in shop.requests()] == [("import", "waiting")] * 2
    desk.post(f"/waitlist/requests/{shop.requests()[1]['id']}/cancel")
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["to"] for message in shop.messages(None)] == ["+12015550123"]
    shop.stock("TEE-M", 0)
    imported(app, desk, "requests", file)
    shop.stock("TEE-M", 5)
    shop.work()
    assert len(shop.requests()) == 2
    assert len(shop.messages(None)) == 1


def test_a_request_for_what_is_not_there_or_can_be_bought_says_why(app: Flask, shop: Shop, desk: Desk) -> None:
    shop.product("HAT-L", on_hand=5)
    where = tried(app, desk, "requests", "sku,email\nGONE,ann@mail.example\nHAT-L,ann@mail.example\n")
    page = desk.page(where)
    assert "import the product first" in page
    assert "nothing to wait for" in page
    assert "No row of this file can be imported" in page
    assert f"{where}/begin" not in page


def test_an_old_file_sets_no_order_back_and_says_so(app: Flask, shop: Shop, desk: Desk) -> None:
    shop.post("orders", {"orders": [{"id": "1001", "status": "sent", "total": "50.00", "notify": False}]})
    where = tried(app, desk, "orders", ORDERS + "1002,new,2026-01-05T10:00:00Z,,,,\n")
    page = desk.page(where)
    assert "This order is “sent” by now, and the file says “paid”" in page
    desk.post(f"{where}/begin")
    work(app)
    kept = {item["id"]: (item["status"], item["total"]) for item in shop.get("orders")["orders"]}
    assert kept == {"1001": ("sent", "50.00"), "1002": ("new", None)}


def test_a_file_that_every_worker_dies_over_is_given_up(app: Flask, shop: Shop, desk: Desk) -> None:
    where = upload(desk, "customers", CUSTOMERS + "c1,Ann,,,\n")
    died = utcnow() - service.SILENCE * 2
    with app.app_context():
        with transaction():
            begun = utcnow() - service.STUBBORN - timedelta(minutes=1)
            db.session.execute(sa.update(ImportRun).values(created_at=begun, worked_at=died))
        db.session.remove()
    work(app)
    page = desk.page(where)
    assert "Not readable" in page
    assert "however often it was tried" in page
    where = upload(desk, "customers", CUSTOMERS + "c1,Ann,,,\n")
    with app.app_context():
        with transaction():
            db.session.execute(sa.update(ImportRun).values(worked_at=died))
        db.session.remove()
    work(app)
    assert "1 customer</b> would be taken in" in desk.page(where), "one death is no reason"


# --- what no reader takes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name,data,answer",
    [
        ("people.xlsx", b"<html>no</html>", "called an Excel workbook, but it is none"),
        ("people.csv", b"id,first_name\nc1,Zo\x81\n", "not UTF-8: line 2 has the byte 0x81"),
    ],
)
def test_a_file_that_cannot_be_read_gets_a_clear_answer_and_changes_nothing(
    app: Flask, shop: Shop, desk: Desk, name: str, data: bytes, answer: str
) -> None:
    before = rows_of(app)
    where = tried(app, desk, "customers", data, name)
    page = desk.page(where)
    assert answer in page
    assert "Not readable" in page
    desk.post(f"{where}/begin")
    work(app)
    assert rows_of(app) == before


def test_a_guessed_encoding_is_shown_before_anything_is_taken_in(app: Flask, shop: Shop, desk: Desk) -> None:
    where = tried(app, desk, "customers", "id,first_name\nc1,Zoë\n".encode("cp1252"))
    page = words(desk.page(where))
    assert "it was read as Windows-1252" in page
    assert "Zoë" in page
    desk.post(f"{where}/begin")
    work(app)
    assert "Windows-1252" not in desk.page(where)
    assert shop.get("customers")["customers"][0]["first_name"] == "Zoë"


def test_a_header_alone_brings_nothing(app: Flask, shop: Shop, desk: Desk) -> None:
    where = tried(app, desk, "customers", b"id,email\n")
    assert "it has a header and nothing else" in desk.page(where)


def test_a_file_too_large_empty_or_missing_is_said_so_beside_its_field(
    shop: Shop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module("nexnotify.web.admin.imports"), "MAX_BYTES", 100_000)
    assert "The file is larger than" in upload(desk, "customers", "id\n" + "c" * 100_000, status=422)
    assert "The file is empty" in upload(desk, "customers", "", status=422)
    assert "Choose what is in the file." in desk.post("/import", 422)
    assert "Choose a file." in desk.post("/import", 422, kind="stock")


def test_a_store_keeps_few_files_that_wait(app: Flask, shop: Shop, other_shop: Shop, desk: Desk) -> None:
    first = upload(desk, "customers", "id\nc1\n")
    for _ in range(4):
        upload(desk, "customers", "id\nc1\n")
    assert "wait already" in upload(desk, "customers", "id\nc1\n", status=422)
    upload(Desk.of(other_shop), "customers", "id\nc1\n")
    desk.post(f"{first}/cancel")
    upload(desk, "customers", "id\nc1\n")


def test_nobody_outside_sends_a_large_file(app: Flask) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n' + b"x" * 2_000_000
    answer = app.test_client().post("/admin/import", data=form, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413


# --- workbooks -----------------------------------------------------------------------------------------------------------


def test_a_workbook_is_read_as_it_looks(app: Flask, shop: Shop, desk: Desk) -> None:
    desk.post("/customers/fields", name="Born", type="date")
    desk.post("/customers/fields", name="Shoe size", type="number")
    desk.post("/customers/fields", name="Note", type="text")
    title = ("id", "phone", "field:Born", "field:Shoe size", "field:I would like to receive SMS messages", "field:Note")
    data = sheet(
        title,
        (1001, 12015550123, date(1990, 5, 31), 42.5, True, "_x005F_x0041_"),
        (),
        ("c3", None, None, 42.0, False, "two\nlines"),
        ("c4", 12, None, None, None, None),
    )
    page = imported(app, desk, "customers", data, "people.xlsx")
    assert "2 customers were taken in; 1 row was refused" in page
    assert "Row 5" in page
    first, third = sorted(shop.get("customers")["customers"], key=lambda item: str(item["id"]))
    assert (first["id"], first["phone"]) == ("1001", "+12015550123")
    assert first["fields"]["Born"] == "1990-05-31"
    assert (first["fields"]["Shoe size"], third["fields"]["Shoe size"]) == (42.5, 42)
    assert first["fields"]["Note"] == "_x0041_"
    assert third["fields"]["Note"] == "two lines"
    assert [item["fields"]["I would like to receive SMS messages"] for item in (first, third)] == [True, False]


def test_a_time_in_a_workbook_is_the_stores(app: Flask, shop: Shop, desk: Desk) -> None:
    data = sheet(("order_id", "status", "placed_at", "sku"), ("1001", "paid", datetime(2026, 7, 1, 10, 30), "TEE-M"))
    imported(app, desk, "orders", data, "orders.xlsx")
    assert shop.get("orders")["orders"][0]["placed_at"] == "2026-07-01T14:30:00Z"


# --- the worker ----------------------------------------------------------------------------------------------------------


def many(count: int) -> str:
    return "id,first_name\n" + "".join(f"c{n},Ann {n}\n" for n in range(count))


def kill_after(pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker die, as a killed process does, while it does the piece after these."""
    left, take = [pieces], service.Work.take

    def dying(self: service.Work, *args: Any) -> Any:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return take(self, *args)

    monkeypatch.setattr(service.Work, "take", dying)


def test_a_killed_worker_goes_on_where_it_stopped(
    app: Flask, shop: Shop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = tried(app, desk, "customers", many(120) + "c1,twice\n")
    desk.post(f"{where}/begin")
    with monkeypatch.context() as patched:
        kill_after(2, patched)
        with pytest.raises(KeyboardInterrupt):
            work(app)
    assert len(shop.get("customers?limit=200")["customers"]) == 2 * service.PIECE
    assert "51 of 121" in words(desk.page(where))
    work(app)
    assert "51 of 121" in words(desk.page(where)), "its worker may still live"
    with monkeypatch.context() as patched:
        patched.setattr(service, "SILENCE", timedelta(seconds=-1))
        taken: list[int] = []
        take = service.Work.take
        patched.setattr(
            service.Work, "take", lambda self, piece, now: (taken.append(len(piece)), take(self, piece, now))[1]
        )
        work(app)
    assert sum(taken) == 120 - 2 * service.PIECE, "none is taken twice"
    page = words(desk.page(where))
    assert "120 customers were taken in; 1 row was refused" in page
    assert len(shop.get("customers?limit=200")["customers"]) == 120


def test_an_import_that_is_stopped_keeps_what_it_took_and_takes_no_more(
    app: Flask, shop: Shop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = tried(app, desk, "customers", many(60))
    desk.post(f"{where}/begin")
    take = service.Work.take

    def stopped(self: service.Work, *args: Any) -> Any:
        done = take(self, *args)
        db.session.execute(sa.update(ImportRun).values(status="cancelled")) if self.position else None
        return done

    monkeypatch.setattr(service.Work, "take", stopped)
    work(app)
    assert len(shop.get("customers?limit=200")["customers"]) == service.PIECE


def test_a_fault_of_ours_ends_the_import_and_says_so(
    app: Flask, shop: Shop, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = tried(app, desk, "customers", many(2))
    desk.post(f"{where}/begin")
    monkeypatch.setattr(service.Work, "take", lambda *args: 1 / 0)
    work(app)
    assert "Something went wrong on our side" in desk.page(where)


def test_the_file_is_gone_once_it_is_over_and_lies_encrypted_before(app: Flask, shop: Shop, desk: Desk) -> None:
    def content(where: str) -> str | None:
        with app.app_context():
            found: str | None = db.session.scalar(
                sa.text("SELECT content FROM import_run WHERE id = :id"), {"id": int(where.rsplit("/", 1)[1])}
            )
            db.session.remove()
        return found

    where = tried(app, desk, "customers", "id,email\nc1,ann@mail.example\nc2,x\n")
    kept = content(where)
    assert kept is not None
    assert kept.startswith("gAAAA")
    desk.post(f"{where}/begin")
    work(app)
    assert content(where) is None
    other = tried(app, desk, "customers", "id\nc1\n")
    desk.post(f"{other}/cancel")
    assert content(other) is None
    forgotten = tried(app, desk, "customers", "id\nc1\n")
    with app.app_context():
        with transaction():
            service.forget_old(utcnow() + timedelta(days=2))
        assert content(forgotten) is None
        with transaction():
            service.forget_old(utcnow() + timedelta(days=31))
        assert db.session.scalar(sa.select(sa.func.count()).select_from(ImportFault)) == 0
        db.session.remove()


# --- the report, and who may -----------------------------------------------------------------------------------------------


def test_the_report_names_each_row_what_is_wrong_and_what_to_do(app: Flask, shop: Shop, desk: Desk) -> None:
    where = tried(app, desk, "customers", "id,email\nc1,=1+1\nc2,ann@mail.example\n,ben@mail.example\n")
    with desk.browser.get(f"/admin{where}/report.xlsx") as answer:
        titles, *rows = load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True)
    assert titles == ("Row", "Column", "What stands there", "What is wrong, and what to do")
    assert [row[:3] for row in rows] == [(2, "email", "=1+1"), (4, "id", None)]
    assert all(row[3].endswith(".") for row in rows)


def test_an_import_belongs_to_its_store_and_to_admins(app: Flask, shop: Shop, other_shop: Shop, desk: Desk) -> None:
    where = tried(app, desk, "customers", many(3))
    theirs = Desk.of(other_shop)
    assert "file.csv" not in theirs.page("/import")
    for path in (where, f"{where}/report.xlsx"):
        theirs.page(path, 404)
        Desk.of(shop, "staff").page(path, 403) if path == where else None
    for action in ("begin", "cancel"):
        theirs.post(f"{where}/{action}", 404)
    work(app)
    assert other_shop.get("customers")["customers"] == []
    assert "3 customers would be taken in" in words(desk.page(where))


def test_two_people_who_press_import_start_it_once(app: Flask, shop: Shop, desk: Desk) -> None:
    where = tried(app, desk, "customers", many(3))
    desk.post(f"{where}/begin")
    assert "It has changed meanwhile" in desk.post(f"{where}/begin")
    work(app)
    assert "3 customers were taken in." in words(desk.page(where))


def test_a_file_name_is_shown_as_text_and_without_its_folders(app: Flask, shop: Shop, desk: Desk) -> None:
    where = tried(app, desk, "customers", "id\nc1\n", "C:\\folder\\<b>x</b>" + "é" * 300 + ".csv")
    assert "<b>x</b>é" not in desk.raw(where)
    assert "folder" not in desk.raw(where)
