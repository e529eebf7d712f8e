"""Examples of orders and tickets, as in ``examples``."""

from __future__ import annotations

from typing import Any

BODIES: dict[str, Any] = {
    "addOrders": {
        "orders": [
            {
                "id": "1001",
                "customer_id": "c1",
                "status": "new",
                "placed_at": "2026-01-05T10:00:00Z",
                "lines": [{"sku": "TEE-M", "quantity": 2, "price": "20.00"}],
                "notify": True,
            }
        ]
    },
    "addTickets": {
        "tickets": [
            {
                "id": "t1",
                "customer_id": "c1",
                "subject": "Where is it?",
                "messages": [
                    {"id": "m1", "from": "customer", "text": "I ordered last week.", "at": "2026-01-05T10:00:00Z"},
                    {"id": "m2", "from": "merchant", "text": "It left today.", "at": "2026-01-05T11:00:00Z"},
                ],
            }
        ]
    },
}

_ANN = {
    "customer_id": "c1",
    "first_name": "Ann",
    "last_name": "Lee",
    "phone": "+12015550123",
    "email": "ann@shop.example",
}

ANSWERS: dict[str, Any] = {
    "addOrders": {"accepted": 1, "errors": [], "orders": [{"index": 0, "id": "1001", "status": "new"}]},
    "listOrders": {
        "orders": [
            {
                **_ANN,
                "id": "1001",
                "status": "new",
                "placed_at": "2026-01-05T10:00:00Z",
                "currency": "USD",
                "total": "40.00",
                "lines": [
                    {"sku": "TEE-M", "variant_id": "tee-m", "title": None, "quantity": 2, "price": "20.00"},
                ],
            }
        ],
        "next": None,
    },
    "addTickets": {"accepted": 1, "errors": [], "tickets": [{"index": 0, "id": "t1"}]},
    "listTickets": {
        "tickets": [
            {**_ANN, "id": "t1", "subject": "Where is it?", "messages": BODIES["addTickets"]["tickets"][0]["messages"]}
        ],
        "next": None,
    },
}
