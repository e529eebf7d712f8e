"""The outbox: texts go nowhere and arrive at once, but for ten numbers whose fate is written in ``SCRIPT``."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from nexnotify.gateways.contract import (
    Absent,
    Accepted,
    CannotTell,
    Capabilities,
    Found,
    Gateway,
    GatewayError,
    Health,
    LookupAnswer,
    OutgoingMessage,
    RateLimited,
    Receipt,
    Rejected,
    SentMessage,
    Transient,
    Unknown,
)

#: What one attempt meets: an error to raise, a receipt without its ids, or None for "accepted, and never a word more".
Fate = Callable[[], GatewayError] | Receipt | None

DELIVERED = Receipt("delivered")


class Line(NamedTuple):
    words: str
    #: By attempt; the last one holds for all that follow.
    fates: tuple[Fate, ...]
    #: What ``lookup`` answers: a receipt is found, else as it stands.
    lookup: Receipt | Absent | CannotTell = DELIVERED


SCRIPT: dict[str, Line] = {
    "+12015550190": Line("accepted, then undelivered (unreachable)", (Receipt("undelivered", reason="unreachable"),)),
    "+12015550191": Line("rejected: invalid number", (lambda: Rejected("Not a number.", reason="invalid_number"),)),
    "+12015550192": Line("rejected: opted out", (lambda: Rejected("Texted STOP before.", reason="opted_out"),)),
    "+12015550193": Line(
        "refused for now twice, then delivered",
        (lambda: Transient("Busy."), lambda: Transient("Busy."), DELIVERED),
    ),
    # A refusal for speed costs no attempt, so this one is remembered by message instead (see `limited`).
    "+12015550194": Line("told to slow down once, then delivered", (DELIVERED,)),
    "+12015550195": Line("unknown; the lookup finds it delivered", (lambda: Unknown("No answer."),)),
    "+12015550196": Line(
        "unknown; the lookup finds nothing; delivered on the second attempt",
        (lambda: Unknown("No answer."), DELIVERED),
        Absent(),
    ),
    "+12015550197": Line("accepted, and no receipt ever", (None,)),
    "+12015550198": Line("accepted, then expired", (Receipt("expired", reason="expired"),)),
    "+12015550199": Line(
        "unknown, and the lookup cannot tell", (lambda: Unknown("No answer."),), CannotTell("Nobody knows.")
    ),
}
EVERYBODY_ELSE = Line("delivered at once", (DELIVERED,))


class GATEWAY(Gateway):
    key = "outbox"
    label = "Outbox (sends nothing)"
    capabilities = Capabilities(receipts=True, lookup=True, sender_numbers=True, sender_names=True)
    default_rate = 0
    #: Messages told once to slow down, in this process.
    limited: ClassVar[set[str]] = set()

    def send(self, message: OutgoingMessage) -> Accepted:
        if message.to == "+12015550194" and message.reference not in self.limited:
            self.limited.add(message.reference)
            raise RateLimited("Slow down.", retry_after=1)
        fates = SCRIPT.get(message.to, EVERYBODY_ELSE).fates
        fate = fates[min(message.attempt, len(fates)) - 1]
        if callable(fate):
            raise fate()
        receipts = () if fate is None else (_about(fate, message.reference),)
        return Accepted(
            f"outbox-{message.reference}",
            f"kept in the outbox, from {message.sender}" if message.sender else "kept in the outbox",
            message.segments,
            receipts,
        )

    def check(self) -> Health:
        return Health(True, "The outbox keeps every text and sends none.")

    def lookup(self, message: SentMessage) -> LookupAnswer:
        answer = SCRIPT.get(message.to, EVERYBODY_ELSE).lookup
        return Found(_about(answer, message.reference)) if isinstance(answer, Receipt) else answer


def _about(receipt: Receipt, reference: str) -> Receipt:
    return Receipt(receipt.status, reference, f"outbox-{reference}", receipt.reason)
