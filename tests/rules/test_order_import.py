"""Order files: our own form and Shopify's, each order whole or refused with what to do."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from nexnotify.catalog.imports.rows import RefusedRow, UnreadableFile
from nexnotify.orders.imports import ParsedOrder, read_orders
from nexnotify.orders.service import LineData

OWN = """order_id,status,placed_at,customer_id,first_name,phone,currency,total,sku,quantity,price
1001,sent,2026-01-05T10:00:00Z,c1,Ann,(201) 555-0123,EUR,45.00,TEE-M,2,20.00
1001,,,,,,,,GONE,,5.00
1002,paid,,,,,,,HAT-L,1,
"""
SHOPIFY = """Name,Email,Financial Status,Fulfillment Status,Currency,Total,Lineitem quantity,Lineitem name,Lineitem price,\
Lineitem sku,Created at,Cancelled at,Billing Name,Phone
#1001,ann@mail.example,paid,fulfilled,USD,45.00,2,Tee - M,20.00,TEE-M,2026-01-05 10:00:00 -0500,,Ann Lee,12
#1001,ann@mail.example,,,,,1,Hat,5.00,,,,,
"""


def read(text: str) -> list[ParsedOrder | RefusedRow]:
    return list(read_orders(io.StringIO(text), country="US", currency="USD"))


def orders(text: str) -> list[ParsedOrder]:
    found = read(text)
    assert all(isinstance(item, ParsedOrder) for item in found), found
    return [item for item in found if isinstance(item, ParsedOrder)]


def test_rows_of_one_number_are_one_order() -> None:
    first, second = (item.data for item in orders(OWN))
    assert (first.id, first.status, first.currency, first.total) == ("1001", "sent", "EUR", Decimal("45.00"))
    assert first.placed_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert (first.person.customer_id, first.person.first_name, first.person.phone) == ("c1", "Ann", "+12015550123")
    assert first.lines == [
        LineData("TEE-M", None, None, 2, Decimal("20.00")),
        LineData("GONE", None, None, 1, Decimal("5.00")),
    ]
    assert (second.id, second.currency, second.lines) == ("1002", "USD", [LineData("HAT-L", None, None, 1, None)])


@pytest.mark.parametrize("text", [OWN, SHOPIFY])
def test_history_is_never_told(text: str) -> None:
    assert [item.data.notify for item in orders(text)] == [False] * len(orders(text))


def test_a_shopify_export_is_read_as_shopify_writes_it() -> None:
    (order,) = (item.data for item in orders(SHOPIFY))
    assert (order.id, order.status, order.total) == ("1001", "sent", Decimal("45.00"))
    assert order.placed_at == datetime(2026, 1, 5, 15, tzinfo=UTC)
    assert (order.person.first_name, order.person.last_name) == ("Ann", "Lee")
    assert (order.person.email, order.person.phone) == ("ann@mail.example", None)
    assert order.lines == [
        LineData("TEE-M", None, "Tee - M", 2, Decimal("20.00")),
        LineData(None, None, "Hat", 1, Decimal("5.00")),
    ]


@pytest.mark.parametrize(
    "paid, fulfilled, cancelled, status",
    [
        ("pending", "", "", "new"),
        ("paid", "", "", "paid"),
        ("paid", "fulfilled", "", "sent"),
        ("refunded", "fulfilled", "", "returned"),
        ("voided", "", "", "cancelled"),
        ("paid", "", "2026-01-06 10:00:00 -0500", "cancelled"),
    ],
)
def test_shopifys_states_become_ours(paid: str, fulfilled: str, cancelled: str, status: str) -> None:
    head = "Name,Financial Status,Fulfillment Status,Cancelled at,Lineitem quantity\n"
    (order,) = orders(f"{head}#1,{paid},{fulfilled},{cancelled},1\n")
    assert order.data.status == status


@pytest.mark.parametrize(
    "row, column",
    [
        ("1001,lost,,,,,,,,,", "status"),
        (",paid,,,,,,,,,", "order_id"),
        ("1001,paid,yesterday,,,,,,,,", "placed_at"),
        ("1001,paid,,,,12,,,,,", "phone"),
        ("1001,paid,,,,,,,TEE-M,1,1.299", "price"),
    ],
)
def test_a_bad_row_is_refused_with_its_column(row: str, column: str) -> None:
    (refused,) = read(OWN.splitlines()[0] + "\n" + row + "\n")
    assert isinstance(refused, RefusedRow)
    assert (refused.line, refused.column) == (2, column)


@pytest.mark.parametrize("header", ["order_id,total", "order_id,status,colour", ""])
def test_a_file_of_another_kind_is_refused_whole(header: str) -> None:
    with pytest.raises(UnreadableFile):
        read(header + "\n")


@pytest.mark.parametrize(
    "row,reason",
    [
        ("1001,paid,,TEE-M,1,100000000", "Write a price below 100,000,000."),
        ("1001,paid,,TEE-M,2000000000,20.00", "come to more than can be kept"),
        ("1001,paid,0001-01-01T00:00:00Z,TEE-M,1,20.00", "Write the time as in"),
    ],
)
def test_what_no_database_and_no_calendar_can_hold_is_refused(row: str, reason: str) -> None:
    [refused, good] = read(f"order_id,status,placed_at,sku,quantity,price\n{row}\n1002,paid,,,,\n")
    assert isinstance(refused, RefusedRow)
    assert reason in refused.reason
    assert isinstance(good, ParsedOrder)
