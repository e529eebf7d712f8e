"""Examples of bodies and answers. Tests send each body to the app and hold each answer against its schema."""

from __future__ import annotations

from typing import Any

from nexnotify.web.apidoc import order_examples
from nexnotify.web.apidoc.request_examples import REQUEST, TRACE
from nexnotify.web.apidoc.restock_examples import ACTIVITY, DEMAND, FORECAST, LIFT, OUTCOMES, RESTOCK

BODIES: dict[str, Any] = {
    **order_examples.BODIES,
    "correctRestock": {
        "sms": "[[store]]: sorry, our message was a mistake: [[product]] is not back yet.",
        "preview": True,
    },
    "simulateRestock": {"sku": "TEE-M", "units": 5, "at": "2026-01-05T10:00:00Z"},
    "changeSettings": {
        "switches": {"preordered": {"sms": True}},
        "quiet_hours": {"from": "21:00", "to": "08:00"},
        "domains": ["https://shop.example"],
    },
    "putProducts": {
        "products": [
            {
                "id": "tee",
                "title": "Tee",
                "url": "https://shop.example/tee",
                "published": True,
                "threshold": 3,
                "substitutes": ["tee-long"],
                "variants": [
                    {
                        "id": "tee-m",
                        "sku": "TEE-M",
                        "options": {"size": "M"},
                        "price": "20.00",
                        "currency": "USD",
                        "unavailable_as": "sold_out",
                        "min_order_quantity": 1,
                    }
                ],
            }
        ]
    },
    "putStock": {
        "levels": [
            {
                "sku": "TEE-M",
                "location": "main",
                "on_hand": 0,
                "committed": 0,
                "safety_stock": 0,
                "as_of": "2026-01-05T10:00:00Z",
            }
        ]
    },
    "putRegions": {
        "regions": [
            {
                "key": "north",
                "name": "The north",
                "locations": ["main"],
                "delivery": "Arrives in 2 to 3 days",
                "offered": True,
            }
        ]
    },
    "putCustomers": {
        "customers": [
            {
                "id": "c1",
                "first_name": "Ann",
                "last_name": "Lee",
                "email": "ann@shop.example",
                "phone": "+12015550123",
                "country": "US",
                "region": "NJ",
                "fields": {"I would like to receive SMS messages": True},
            }
        ]
    },
    "addRequests": {
        "requests": [
            {
                "sku": "TEE-M",
                "phone": "+12015550123",
                "first_name": "Ann",
                "quantity": 1,
                "channels": ["sms"],
                "consent": True,
                "source": "counter",
                "confirm": False,
            }
        ]
    },
}

ANSWERS: dict[str, Any] = {
    **order_examples.ANSWERS,
    "putProducts": {"accepted": 1, "errors": [], "products": [{"id": "tee"}]},
    "listProducts": {
        "products": [
            {
                "id": "tee",
                "title": "Tee",
                "url": "https://shop.example/tee",
                "image_url": None,
                "published": True,
                "tags": ["summer"],
                "alerts": True,
                "threshold": 3,
                "switches": None,
                "substitutes": ["tee-long"],
                "variants": [
                    {
                        "id": "tee-m",
                        "sku": "TEE-M",
                        "options": {"size": "M"},
                        "price": "20.00",
                        "currency": "USD",
                        "url": None,
                        "unavailable_as": "sold_out",
                        "threshold": None,
                        "min_order_quantity": 1,
                        "available": 0,
                        "status": "sold_out",
                        "waiting": 12,
                        "units_wanted": 14,
                    }
                ],
            }
        ],
        "next": None,
    },
    "putStock": {
        "accepted": 1,
        "errors": [
            {
                "index": 1,
                "code": "invalid",
                "message": "on_hand: Field required",
                "fields": {"on_hand": "Field required"},
            }
        ],
        "unknown": [],
    },
    "putRegions": {"accepted": 1, "errors": [], "regions": [{"key": "north"}]},
    "listRegions": {
        "regions": [
            {
                "key": "north",
                "name": "The north",
                "locations": ["main"],
                "delivery": "Arrives in 2 to 3 days",
                "offered": True,
            }
        ],
        "locations": ["main"],
    },
    "putCustomers": {"accepted": 1, "errors": [], "customers": [{"id": "c1"}]},
    "listCustomers": {
        "customers": [
            {
                "id": "c1",
                "first_name": "Ann",
                "last_name": "Lee",
                "email": "ann@shop.example",
                "phone": "+12015550123",
                "country": "US",
                "region": "NJ",
                "fields": {"I would like to receive SMS messages": True},
                "may_be_sent_marketing": True,
                "created_at": "2026-01-05T09:00:00Z",
                "updated_at": "2026-01-05T09:00:00Z",
            }
        ],
        "next": None,
    },
    "addRequests": {
        "accepted": 1,
        "errors": [],
        "requests": [{"index": 0, "id": 7, "channel": "sms", "status": "waiting"}],
    },
    "listRequests": {"requests": [REQUEST], "next": "/api/v1/requests?limit=1&after=7"},
    "traceRequest": {
        "id": 7,
        "status": "alerted",
        "summary": "The message was sent.",
        "ends_at": None,
        "events": TRACE,
    },
    "listActivities": {"activities": [ACTIVITY], "next": None},
    "reportDemand": DEMAND,
    "reportLift": LIFT,
    "reportOutcomes": OUTCOMES,
    "listRestocks": {"restocks": [RESTOCK], "next": None},
    "readPlan": {
        "restock": RESTOCK,
        "decisions": [
            {
                "stage": "plan",
                "verdict": "send",
                "reason": "eligible",
                "words": "Nothing stood in the way.",
                "people": 12,
            }
        ],
        "waves": [
            {
                "number": 1,
                "at": "2026-01-05T10:00:00.050000Z",
                "size": None,
                "told": 12,
                "units": 5,
                "words": "Everybody who waits, at once.",
            }
        ],
        "messages": {"delivered": 11, "queued": 1},
        "segments": 12,
        "forecast": None,
    },
    "correctRestock": {
        "id": 9,
        "state": "scheduled",
        "confirmed_at": "2026-01-05T10:20:00Z",
        "words": {
            "sms": {
                "subject": None,
                "body": "[[store]]: sorry, our message was a mistake: [[product]] is not back yet.",
            }
        },
        "people": 11,
        "left_out": {"opted_out": 1},
        "segments": 11,
        "credits": None,
    },
    "simulateRestock": {
        "sku": "TEE-M",
        "variant_id": "tee-m",
        "product": "Tee",
        "location": None,
        "region": None,
        "units": 5,
        "at": "2026-01-05T10:00:00Z",
        "forecast": FORECAST,
    },
    "listMessages": {
        "messages": [
            {
                "reference": "0f8fad5bd9cb469fa16570867728950e",
                "kind": "back_in_stock",
                "channel": "sms",
                "to": "+12015550123",
                "sku": "TEE-M",
                "status": "delivered",
                "reason": None,
                "subject": None,
                "body": "Shop: Tee is back in stock. https://shop.example/tee Reply STOP to end.",
                "segments": 1,
                "encoding": "gsm7",
                "gateway": "outbox",
                "gateway_id": "6f1c",
                "attempts": 1,
                "due_at": "2026-01-05T10:00:00.080000Z",
                "created_at": "2026-01-05T10:00:00.080000Z",
                "accepted_at": "2026-01-05T10:00:00.412000Z",
                "delivered_at": "2026-01-05T10:00:02Z",
            }
        ],
        "next": None,
    },
}
