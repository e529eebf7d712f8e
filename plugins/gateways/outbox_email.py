"""The email outbox: emails go nowhere and arrive at once."""

from __future__ import annotations

from nexnotify.gateways.contract import (
    Accepted,
    Capabilities,
    Found,
    Gateway,
    Health,
    LookupAnswer,
    OutgoingMessage,
    Receipt,
    SentMessage,
)


class GATEWAY(Gateway):
    key = "outbox_email"
    label = "Outbox for email (sends nothing)"
    channel = "email"
    capabilities = Capabilities(receipts=True, lookup=True, idempotent=True)
    default_rate = 0

    def send(self, message: OutgoingMessage) -> Accepted:
        receipt = _delivered(message.reference)
        return Accepted(receipt.gateway_id, "kept in the outbox", receipts=(receipt,))

    def check(self) -> Health:
        return Health(True, "The outbox keeps every email and sends none.")

    def lookup(self, message: SentMessage) -> LookupAnswer:
        return Found(_delivered(message.reference))


def _delivered(reference: str) -> Receipt:
    return Receipt("delivered", reference, f"outbox-{reference}")
