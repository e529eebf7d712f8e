"""Examples of a request and its story."""

from __future__ import annotations

from typing import Any

REQUEST: dict[str, Any] = {
    "id": 7,
    "sku": "TEE-M",
    "variant_id": "tee-m",
    "product": "Tee",
    "channel": "sms",
    "to": "+12015550123",
    "first_name": "Ann",
    "scope": "variant",
    "any_of": [],
    "quantity": 1,
    "intent": "in_stock",
    "location": None,
    "region": "north",
    "status": "alerted",
    "asked_status": "sold_out",
    "source": "widget",
    "created_at": "2026-01-05T09:30:00Z",
    "alerted_at": "2026-01-05T10:00:00.412000Z",
    "closed_reason": None,
    "ends_at": None,
}
TRACE: list[dict[str, Any]] = [
    {
        "at": "2026-01-05T09:30:00Z",
        "what": "asked",
        "words": "Asked to be told about Tee M, which was Sold Out.",
        "source": "widget",
    },
    {
        "at": "2026-01-05T10:00:00.080000Z",
        "what": "decided_send",
        "words": "A message was planned. Nothing stood in the way.",
        "reason": "eligible",
        "stage": "plan",
        "restock_id": 3,
        "rules_version": 4,
    },
    {
        "at": "2026-01-05T10:00:00.412000Z",
        "what": "message_accepted",
        "words": "The gateway has taken it.",
        "reference": "0f8fad5bd9cb469fa16570867728950e",
        "kind": "back_in_stock",
    },
]
