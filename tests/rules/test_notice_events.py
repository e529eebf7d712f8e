"""Which event is told, by which templates, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nexnotify.content.models import EVENT_TEMPLATES, KINDS, MESSAGE_KINDS
from nexnotify.notices.events import OF_ORDERS, OF_TICKETS, is_to_merchant, may_tell, order_kinds
from nexnotify.orders.models import ORDER_STATUSES

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "notify, age, told",
    [(True, 0, True), (True, 24, True), (True, 24.1, False), (False, 0, False)],
)
def test_an_event_is_told_for_a_day_unless_nobody_is_to_be_told(notify: bool, age: float, told: bool) -> None:
    assert may_tell(notify, NOW - timedelta(hours=age), NOW) is told


def test_every_template_of_an_event_is_set_off_by_one_and_can_be_switched_off() -> None:
    used = [kind for kinds in (*OF_ORDERS.values(), *OF_TICKETS.values()) for kind in kinds]
    assert sorted(used) == sorted(kind for kind, of in EVENT_TEMPLATES.items() if of in ("order", "ticket"))
    assert EVENT_TEMPLATES.keys() <= KINDS.keys() & MESSAGE_KINDS.keys()
    assert OF_ORDERS.keys() <= ORDER_STATUSES.keys()


@pytest.mark.parametrize("ended", ["cancelled", "returned"])
def test_of_an_order_that_has_ended_only_the_merchant_hears_what_came_before(ended: str) -> None:
    assert order_kinds("new", "paid") == ("order_new", "merchant_order_new")
    assert order_kinds("new", ended) == ("merchant_order_new",)
    assert order_kinds("sent", ended) == ()


def test_only_templates_that_begin_with_merchant_speak_to_the_merchant() -> None:
    to_merchant = {kind for kind in EVENT_TEMPLATES if is_to_merchant(kind)}
    assert to_merchant == {kind for kind in EVENT_TEMPLATES if MESSAGE_KINDS[kind] == "merchant"}
