"""What the document shows of restocks, their plans, and what these earned."""

from __future__ import annotations

from typing import Any

RESTOCK: dict[str, Any] = {
    "id": 3,
    "sku": "TEE-M",
    "variant_id": "tee-m",
    "product": "Tee",
    "available_before": 0,
    "available_after": 5,
    "status": "in_stock",
    "by_check": False,
    "at": "2026-01-05T10:00:00Z",
    "planned_at": "2026-01-05T10:00:00.080000Z",
    "state": "done",
    "words": "Everybody who waited has been looked at.",
    "next_at": None,
    "outcome": {
        "messages": 12,
        "clicked": 7,
        "won": 3,
        "assisted": 1,
        "revenue": "80.00",
        "revenue_won": "60.00",
        "revenue_per_message": "6.67",
    },
}
ACTIVITY: dict[str, Any] = {
    "activity": "back_in_stock",
    "at": "2026-01-05T10:00:00Z",
    "request_id": 7,
    "sku": "TEE-M",
    "variant_id": "tee-m",
    "product": "Tee",
    "channel": "sms",
    "to": "+12015550123",
    "first_name": "Ann",
    "source": "widget",
    "location": "main",
    "available": 5,
}
FORECAST: dict[str, Any] = {
    "waiting": 14,
    "looked_at": 14,
    "is_estimate": False,
    "starts_at": "2026-01-05T10:00:00Z",
    "ends_at": "2026-01-05T10:00:02Z",
    "people": [
        {"verdict": "send", "reason": "eligible", "words": "Nothing stood in the way.", "people": 12},
        {"verdict": "skip", "reason": "opted_out", "words": "The contact has said STOP.", "people": 2},
    ],
    "messages": {"sms": 12},
    "segments": 12,
    "credits": None,
    "money": "0.0900",
    "currency": "USD",
    "waves": [
        {
            "at": "2026-01-05T10:00:00Z",
            "people": 12,
            "units": 5,
            "words": "Everybody who waits, at once.",
            "is_estimate": False,
        }
    ],
}
FIGURES: dict[str, Any] = {
    "requests": 14,
    "requests_for_one_variant": 13,
    "sent": 12,
    "sent_in_time": 12,
    "in_time_rate": 1.0,
    "delivered": 11,
    "delivery_rate": 0.916667,
    "not_delivered": 1,
    "taken_for_spam": 0,
    "alerts": 12,
    "alerts_clicked": 7,
    "click_rate": 0.583333,
    "won": 3,
    "assisted": 1,
    "conversion": 0.428571,
    "within_hour": 2,
    "within_day": 4,
    "revenue": [{"currency": "USD", "revenue": "80.00", "revenue_won": "60.00"}],
}
OUTCOMES: dict[str, Any] = {
    "first_day": "2026-01-05",
    "last_day": "2026-01-05",
    "zone": "America/New_York",
    "total": FIGURES,
    "signup_rate": 0.07,
    "restocks": 1,
    "opt_outs": 0,
    "opt_outs_per_1000": 0.0,
    "by_channel": [{"channel": "sms"} | FIGURES],
    "by_template": [{"template": "Back in stock", "kind": "back_in_stock", "channel": "sms"} | FIGURES],
    "by_day": [{"day": "2026-01-05"} | FIGURES],
}
