"""Who asked in these stories, and what became of it."""

from __future__ import annotations

from tests.admin import Desk
from tests.shop import Shop

ANN, BEN, CAT = "+12015550123", "+12015550124", "+12015550125"
EMAIL = "ann@mail.example"


def told(shop: Shop) -> list[str]:
    """Who was told, in order."""
    return [message["to"] for message in shop.messages() if message["status"] in ("accepted", "sent", "delivered")]


def statuses(shop: Shop) -> list[str]:
    """How the requests stand, oldest first."""
    return [request["status"] for request in shop.requests()]


def erase(desk: Desk, name: str) -> None:
    """As staff do on the page of a person."""
    number = desk.id_of(f"/customers?q={name.replace(' ', '+')}", "customers")
    desk.post(f"/customers/{number}/erase", typed=name)
