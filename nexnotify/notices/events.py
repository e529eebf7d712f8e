"""RULE: which templates an event sets off, and when it is too old to be told."""

from __future__ import annotations

from datetime import datetime, timedelta

#: Older events are history: an import that was taken for news must not text anybody.
FRESH = timedelta(days=1)

#: Status an order has come to → kinds of the templates that tell it.
OF_ORDERS: dict[str, tuple[str, ...]] = {
    "new": ("order_new", "merchant_order_new"),
    "paid": ("merchant_order_paid",),
    "sent": ("order_sent",),
}
#: What happened to a ticket → the same.
OF_TICKETS: dict[str, tuple[str, ...]] = {"opened": ("merchant_ticket_new",), "answered": ("ticket_answered",)}
#: An order in one of these has ended: its customer is told no more of what came before.
ENDED = ("cancelled", "returned")


def may_tell(notify: bool, at: datetime, now: datetime) -> bool:
    """Whether anybody may still be told of an event."""
    return notify and now - at <= FRESH


def order_kinds(event_status: str, order_status: str) -> tuple[str, ...]:
    """The templates that tell of an order's event, given where the order stands by now."""
    kinds = OF_ORDERS.get(event_status, ())
    if order_status in ENDED:
        return tuple(kind for kind in kinds if is_to_merchant(kind))
    return kinds


def is_to_merchant(kind: str) -> bool:
    """Whether a template speaks to the store itself."""
    return kind.startswith("merchant_")
