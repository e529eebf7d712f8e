"""A storefront that keeps units, as docs/holds.md asks: it has stock, checks signatures, and counts what it does.

with HoldsStub(units=3) as storefront:
    storefront.url, storefront.kept, storefront.buy(key)
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nexnotify.gateways.testkit import Answer, Asked, ScriptedServer

SECRET = "a secret of both sides"


@dataclass
class Kept:
    """A reservation as the storefront has it."""

    quantity: int
    until: datetime
    #: "reserved", "released" or "redeemed".
    status: str = "reserved"


class HoldsStub(ScriptedServer):
    """A server on this machine with so many units of everything."""

    def __init__(self, units: int = 1) -> None:
        super().__init__(self._answer)
        self.units = units
        self.kept: dict[str, Kept] = {}
        #: What it was asked, as (action, key), and the whole of it.
        self.calls: list[tuple[str, str]] = []
        self.told: list[dict[str, Any]] = []
        #: Most units that were kept or bought at any moment.
        self.most = 0
        self.given_back: list[str] = []
        #: Answer with this status instead; before or after it has been done.
        self.trouble: int | None = None
        self.loses_answers = False
        #: Said beside each answer, or instead of a part of it.
        self.says: dict[str, Any] = {}
        #: It keeps nothing for longer than this, and says so.
        self.no_longer_than: timedelta | None = None
        #: Called in the middle of each call.
        self.meanwhile: Callable[[], None] = lambda: None
        self._taking = threading.Lock()

    def __enter__(self) -> HoldsStub:
        super().__enter__()
        self.origin = self.url
        self.url = f"{self.origin}/holds"
        return self

    # --- the storefront's own side -------------------------------------------------------------------------------

    @property
    def taken(self) -> int:
        """Units that are kept or bought."""
        return sum(kept.quantity for kept in self.kept.values() if kept.status != "released")

    def reserved(self) -> list[str]:
        """Keys of what is kept now."""
        return [key for key, kept in self.kept.items() if kept.status == "reserved"]

    def buy(self, key: str) -> None:
        """Somebody comes with this reservation and buys."""
        self.kept[key].status = "redeemed"

    def _answer(self, asked: Asked) -> Answer:
        status, answer = self._take(asked.headers, asked.body)
        return Answer(status, json.dumps(answer), {"Content-Type": "application/json"})

    def _take(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        told = json.loads(body)
        self.meanwhile()
        with self._taking:
            self.calls.append((told["action"], told["key"]))
            self.told.append(told)
            if not _is_signed(headers.get("nexnotify-signature", ""), body):
                return 401, {"error": "signature"}
            if headers["idempotency-key"] != f"{told['action']}-{told['key']}":
                return 400, {"error": "idempotency key"}
            if self.trouble is not None:
                return self.trouble, {"error": "trouble"}
            answer = self._reserve(told) if told["action"] == "reserve" else self._release(told)
            self.most = max(self.most, self.taken)
            return (502, {}) if self.loses_answers else (200, answer | self.says)

    def _reserve(self, told: dict[str, Any]) -> dict[str, Any]:
        key = told["key"]
        if key not in self.kept:
            if self.units - self.taken < told["quantity"]:
                return {"status": "refused", "reason": "sold out"}
            until = datetime.fromisoformat(told["until"])
            assert until > datetime.now(UTC)
            self.kept[key] = Kept(told["quantity"], until)
        if self.kept[key].status != "reserved":
            return {"status": "refused", "reason": "released before"}
        answer = {"status": "reserved", "reference": f"ref-{key[:6]}-{key.rpartition('-')[2]}"}
        if self.no_longer_than is not None:
            self.kept[key].until = min(self.kept[key].until, datetime.now(UTC) + self.no_longer_than)
            answer["until"] = self.kept[key].until.isoformat()
        return answer

    def _release(self, told: dict[str, Any]) -> dict[str, Any]:
        kept = self.kept.setdefault(told["key"], Kept(0, datetime.now(UTC), "released"))
        if kept.status == "redeemed":
            return {"status": "redeemed"}
        if kept.status == "reserved":
            kept.status = "released"
            self.given_back.append(told["key"])
        return {"status": "released"}


def _is_signed(header: str, body: bytes) -> bool:
    parts = dict(part.split("=", 1) for part in header.split(","))
    signed = hmac.new(SECRET.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signed, parts["v1"]) and abs(time.time() - int(parts["t"])) < 300
