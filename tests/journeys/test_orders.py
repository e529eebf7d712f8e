"""News of orders and tickets: told once, to those who may be told, whatever the worker or the shop does."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.notices.models import Notice
from nexnotify.notices.service import write_notices
from nexnotify.orders.models import OrderEvent
from nexnotify.workers.steps import run_sweep
from tests.shop import Shop
from tests.texting import Twilio

ANN = "+12015550123"


def order(shop: Shop, status: str = "new", **fields: Any) -> None:
    """A guest's order comes to a status."""
    row = {"id": "1001", "status": status, "phone": ANN, "first_name": "Ann", **fields}
    assert shop.post("orders", {"orders": [row]})["errors"] == []


def kinds(shop: Shop) -> list[str]:
    """Kinds of all messages, oldest first."""
    return [message["kind"] for message in shop.messages(None)]


def test_a_stop_ends_news_of_orders_too_also_what_is_queued(shop: Shop, twilio: Twilio) -> None:
    order(shop)
    shop.plan()
    twilio.text(ANN, "STOP")
    shop.work()
    order(shop, "sent")
    shop.work()
    (message,) = shop.messages("order")
    assert (message["status"], message["reason"]) == ("suppressed", "opted_out")


def test_neither_quiet_hours_nor_the_cap_hold_news_of_an_order(shop: Shop) -> None:
    shop.put("settings", {"quiet_hours": {"from": "00:00", "to": "23:59"}, "frequency_cap": {"texts": 1, "hours": 24}})
    order(shop)
    order(shop, "sent")
    shop.work()
    assert [message["status"] for message in shop.messages("order")] == ["delivered", "delivered"]


def test_the_step_may_run_twice_and_a_lost_nudge_is_found_by_the_sweep(app: Flask, shop: Shop) -> None:
    order(shop)
    with app.app_context():
        run_sweep()
        with transaction():
            db.session.execute(sa.update(OrderEvent).values(seen_at=None))
        run_sweep()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Notice)) == 1
        db.session.remove()
    assert kinds(shop) == ["order"]


def test_an_event_that_breaks_keeps_no_other_from_being_told(
    app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(shop)
    order(shop, id="1002", phone="+12015550124")
    from nexnotify.notices import service

    told = service.queue_notice

    def breaks(*args: Any) -> Any:
        if args[1].address == ANN:
            raise RuntimeError("broken")
        return told(*args)

    monkeypatch.setattr(service, "queue_notice", breaks)
    with app.app_context():
        with transaction():
            assert write_notices(utcnow()) == 2
            assert write_notices(utcnow()) == 0
        db.session.remove()
    assert [message["to"] for message in shop.messages("order")] == ["+12015550124"]


def test_a_cancelled_orders_customer_is_not_told_that_it_was_placed(shop: Shop) -> None:
    order(shop)
    order(shop, "cancelled")
    shop.work()
    assert kinds(shop) == []


def test_a_status_that_comes_late_is_written_down_and_told_to_nobody(shop: Shop) -> None:
    order(shop, "sent")
    order(shop, "new")
    shop.work()
    (message,) = shop.messages("order")
    assert "on its way" in message["body"]


def test_an_order_that_comes_before_its_customer_is_told_once_the_customer_is_known(shop: Shop) -> None:
    shop.post("orders", {"orders": [{"id": "1001", "customer_id": "c1", "status": "new"}]})
    shop.put("customers", {"customers": [{"id": "c1", "first_name": "Ann", "phone": ANN}]})
    shop.work()
    (message,) = shop.messages("order")
    assert message["to"] == ANN
    assert message["body"].startswith("Acme: hello Ann, ")


def test_the_number_of_the_order_goes_before_the_customers_own(shop: Shop) -> None:
    shop.put("customers", {"customers": [{"id": "c1", "phone": "+12015550124"}]})
    order(shop, customer_id="c1")
    shop.work()
    assert [message["to"] for message in shop.messages("order")] == [ANN]


def test_a_name_with_a_link_is_left_out_of_the_text_and_the_order_is_kept(shop: Shop) -> None:
    order(shop, first_name="win at http://bad.example")
    shop.work()
    (message,) = shop.messages("order")
    assert message["body"].startswith("Acme: hello there, ")


def test_a_template_without_a_value_writes_nothing_and_the_order_says_why(shop: Shop, app: Flask) -> None:
    with app.app_context():
        with transaction():
            db.session.execute(
                sa.text("UPDATE template_version SET body = 'For [[lastname]][[fullname|]]x[[product]]'")
            )
        db.session.remove()
    order(shop)
    shop.work()
    assert kinds(shop) == []
    with app.app_context():
        assert db.session.scalars(sa.select(Notice.reason)).all() == ["no_text"]
        db.session.remove()
