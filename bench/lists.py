"""The admin's lists at a million rows: how long a page takes, and what ten times the rows cost."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from contextvars import Context
from functools import cache
from urllib.parse import urlencode

from flask.testing import FlaskClient

from bench.figures import NotRun
from bench.house import Installation, installation
from bench.long_lists import LAST4, MIDDLE, NUMBER, Size, fill_lists
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.stores.models import Store
from nexnotify.stores.service import create_user
from tests.postgres import PostgresServer, available

MANY = Size(customers=200_000, orders=500_000, messages=1_000_000)
FEW = Size(customers=20_000, orders=50_000, messages=100_000)
#: Times each page is asked for.
ROUNDS = 6
EMAIL, PASSWORD = "bench@mail.example", "correct horse battery"


def admin_lists_p95_ms() -> float:
    """Milliseconds within which 95 of 100 pages of lists are made, on SQLite without statistics."""
    return _p95(_measured("sqlite"))


def admin_lists_p95_ms_postgresql() -> float:
    """The same on PostgreSQL."""
    return _p95(_measured("postgresql"))


def admin_lists_growth() -> float:
    """What all these pages cost together ÷ beside a tenth of the rows, on SQLite."""
    return _growth(_measured("sqlite"))


def admin_lists_growth_postgresql() -> float:
    """The same on PostgreSQL."""
    return _growth(_measured("postgresql"))


Times = dict[str, tuple[list[float], list[float]]]


def _p95(times: Times) -> float:
    return statistics.quantiles([each for _, many in times.values() for each in many], n=20)[-1] * 1000


def _growth(times: Times) -> float:
    few, many = (sum(statistics.median(each[place]) for each in times.values()) for place in (0, 1))
    return many / few


@cache
def _measured(database: str) -> Times:
    """Page → its seconds beside few rows and beside many, which take turns."""
    if database == "postgresql" and not available():
        raise NotRun("there is no PostgreSQL here.")
    with ExitStack() as stack:
        urls = ["", ""]
        if database == "postgresql":
            server = stack.enter_context(PostgresServer())
            urls = [server.create_database("few"), server.create_database("many")]
        houses = [stack.enter_context(installation(database_url=url)) for url in urls]
        browsers = [_filled(house, size) for house, size in zip(houses, (FEW, MANY), strict=True)]
        pages = [list(list_pages(size)) for size in (FEW, MANY)]
        times: Times = {name: ([], []) for name, _ in pages[1]}
        for round_ in range(ROUNDS + 1):
            for each in zip(*pages, strict=True):
                name = each[1][0]
                for place, (_, address) in enumerate(each):
                    # In a context of its own: the installation's would be taken for the request's.
                    seconds = Context().run(ask, browsers[place], address)
                    if round_:  # the first fills the caches
                        times[name][place].append(seconds)
    for name, (few, many) in sorted(times.items(), key=lambda item: -max(item[1][1]))[:8]:
        print(
            f"{'':27} ({name}: {statistics.median(few) * 1e3:.0f} and {statistics.median(many) * 1e3:.0f} ms)",
            flush=True,
        )
    return times


def _filled(house: Installation, size: Size) -> FlaskClient:
    """A browser in which the owner of the filled store is signed in."""
    with house.app.app_context():
        with transaction():
            create_user(db.session.get_one(Store, house.store_id), EMAIL, PASSWORD, "owner", utcnow())
        fill_lists(house, size)
        db.session.remove()
    browser = house.app.test_client()
    Context().run(sign_in, browser)
    return browser


def sign_in(browser: FlaskClient) -> None:
    page = browser.get("/admin/login").get_data(as_text=True)
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    answer = browser.post("/admin/login", data={"email": EMAIL, "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 302, answer.status_code


def ask(browser: FlaskClient, address: str) -> float:
    begun = time.perf_counter()
    answer = browser.get(address)
    answer.get_data()
    seconds = time.perf_counter() - begun
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return seconds


def list_pages(size: Size) -> Iterator[tuple[str, str]]:
    """Every list, its first page and one in its middle, with what merchants filter and search by."""
    middle = (utcnow() - MIDDLE).isoformat()
    customer, order, message = size.customers // 2, size.orders // 2, size.messages // 2
    ticket, restock = size.customers // 8, size.customers // 200
    asked: dict[str, list[dict[str, object]]] = {
        "customers": [
            {},
            {"after": customer},
            {"sort": "name"},
            {"sort": "name", "after": f"{customer}~first2 last5"},
            {"sort": "-changed", "after": f"{customer}~{middle}"},
            {"opt_in": "yes", "after": customer},
            {"opt_in": "unknown", "sort": "name"},
            {"opt_in": "no", "sort": "-changed"},
            {"q": "first7"},
            {"q": "last100"},
            {"q": "first7 last100", "opt_in": "yes", "sort": "name"},
            {"q": NUMBER},
            {"q": LAST4},
        ],
        "orders": [
            {},
            {"after": f"{order}~{middle}"},
            {"status": "sent", "after": f"{order}~{middle}"},
            {"status": "new"},
            {"status": "new", "placed": "7d"},
            {"placed": "30d", "sort": "placed"},
            {"sort": "-total"},
            {"sort": "-total", "after": f"{order}~250.5"},
            {"status": "paid", "sort": "total"},
            {"q": str(100000 + order)},
            {"q": NUMBER},
            {"q": LAST4, "status": "sent"},
            {"q": "nobody@mail.example"},
        ],
        "tickets": [{}, {"after": f"{ticket}~{middle}"}, {"opened": "merchant"}, {"q": f"t{ticket}"}, {"q": NUMBER}],
        "messages": [
            {},
            {"after": message},
            {"before": message},
            {"status": "failed", "after": message},
            {"status": "delivered"},
            {"status": "uncertain"},
            {"kind": "test", "after": message},
            {"kind": "order", "status": "suppressed"},
            {"made": "30d", "status": "undelivered"},
            {"q": NUMBER},
            {"q": LAST4, "status": "delivered"},
        ],
        "waitlist": [{}, {"q": "thing 7"}],
        "waitlist/variants/4000": [{}, {"status": "all"}],
        "requests": [{"days": 30}],
        "opt-outs": [{"days": 30}],
        "restocks": [{}, {"after": restock}, {"q": "thing 7"}],
        "products": [{}, {"after": "2500~2500"}, {"q": "thing 7"}],
        "sends": [{}, {"state": "done", "after": restock}, {"state": "draft"}],
        "settings/audit": [{}, {"after": ticket}, {"kind": "messages"}, {"person": 1, "kind": "settings"}],
        f"customers/{customer}": [{}],
        f"orders/{order}": [{}],
    }
    for place, queries in asked.items():
        for query in queries:
            kept = {key: value for key, value in query.items() if key not in ("after", "before")}
            name = f"{place}?{urlencode(kept)}" + (", in the middle" if kept != query else "")
            yield name, f"/admin/{place}?{urlencode(query)}"
