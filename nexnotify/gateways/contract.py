"""The contract between the house and a gateway plugin.

A plugin is one file in ``plugins/gateways/`` with one class ``GATEWAY``, a subclass of :class:`Gateway`. The house makes
one instance for each configured gateway and calls five verbs on it, of which only ``send`` is required. A plugin sees
nothing but plain types, and pacing, retries, suppression, segments, logs and redaction belong to the house.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from wtforms import Form

from nexnotify.gateways.estimate import Prices

Channel = Literal["sms", "email", "push"]
ReceiptStatus = Literal["accepted", "sent", "delivered", "undelivered", "rejected", "expired"]
RejectedReason = Literal[
    "invalid_number", "landline", "unreachable", "opted_out", "content", "sender", "not_routable", "expired", "other"
]

#: Seconds after which a client inside ``send`` must give up.
SEND_TIMEOUT = 10.0


# --- what the house gives a plugin ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message, ready to go out. Everything a plugin needs, nothing it could misuse."""

    #: Our id for the message (32 hex digits, unique); give it to the provider wherever it takes one.
    reference: str
    #: The recipient: E.164 with a plus for sms, an address for email, a browser's subscription as JSON for push.
    to: str
    #: The text exactly as it shall arrive.
    body: str
    #: Only for email, and the title of a push.
    subject: str | None = None
    #: "gsm7" or "ucs2"; only for sms.
    encoding: Literal["gsm7", "ucs2"] = "gsm7"
    #: Billable parts of the text; 1 for other channels.
    segments: int = 1
    #: Address the provider shall call with receipts for this message; it ends in ``?reference=<reference>``.
    receipt_url: str | None = None
    #: After this moment (aware UTC) the message is worth nothing.
    valid_until: datetime | None = None
    #: 1 for the first try.
    attempt: int = 1
    #: Instead of the gateway's own, where the capabilities say it is taken: a number (E.164), a short code or a name.
    sender: str | None = None
    #: Email and push: where a shopper ends these messages (a page; for emails also one-click POST).
    unsubscribe_url: str | None = None


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message whose outcome is not known, for :meth:`Gateway.lookup`."""

    reference: str
    to: str
    body: str
    #: The provider's id, where one was ever told.
    gateway_id: str | None
    #: When the last attempt began, aware UTC.
    attempted_at: datetime


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A provider's call to us, as it arrived."""

    method: str
    #: The whole address as the sender saw it, query included (behind a proxy: the public one).
    url: str
    #: Header names in lower case.
    headers: Mapping[str, str]
    body: bytes
    #: Query and form fields, each with all its values in order.
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)


# --- what a plugin answers -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider's later word on a message: by our reference, by its own id, or both."""

    status: ReceiptStatus
    reference: str | None = None
    gateway_id: str | None = None
    #: Why, where the status is a failure.
    reason: RejectedReason | None = None
    #: The provider's own code and words, for the merchant's eyes.
    code: str | None = None
    detail: str | None = None
    #: Segments as the provider counts them, where it says so.
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has taken the message and will answer for it."""

    gateway_id: str | None = None
    #: The provider's own words, for the message's history.
    detail: str | None = None
    #: Segments as the provider counts them, where it says so.
    segments: int | None = None
    #: What a gateway knows at once (the outbox, a local relay); applied as if it had come by callback.
    receipts: tuple[Receipt, ...] = ()


@dataclass(frozen=True, slots=True)
class Inbound:
    """A shopper's text to us."""

    from_: str
    to: str
    body: str
    #: The provider's id of the text; repeats are recognised by it.
    gateway_id: str | None = None
    #: Where the provider itself says what the text was: "stop", "start" or "help".
    keyword: Literal["stop", "start", "help"] | None = None
    #: True when the provider has answered the shopper itself, so that we must not answer again.
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """The exact answer that a provider wants to its callback."""

    status: int = 204
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Received:
    """What a callback said, and how to answer it."""

    events: tuple[Receipt | Inbound, ...] = ()
    reply: Reply = Reply()


@dataclass(frozen=True, slots=True)
class Health:
    """What ``check`` found without sending anything."""

    ok: bool
    #: One sentence for the merchant: what is right, or what to do.
    detail: str


@dataclass(frozen=True, slots=True)
class Found:
    """``lookup``: the provider has the message; this is its state."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Absent:
    """``lookup``: the provider's list is complete and the message is not on it, so it may be sent again."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """``lookup``: the provider cannot say; the message stays uncertain."""

    detail: str = ""


LookupAnswer = Found | Absent | CannotTell


class GatewayError(Exception):
    """Base of the five errors of ``send``. ``code`` is the provider's, ``detail`` a sentence; neither may hold a secret."""

    def __init__(self, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(detail or (type(self).__doc__ or "").split("\n")[0])
        self.detail = str(self)
        self.code = code


class Transient(GatewayError):
    """The message was surely not accepted and may be tried again (refused connection, DNS, 503 before acceptance)."""


class RateLimited(GatewayError):
    """The provider asked us to wait ``retry_after`` seconds; the sender's lane does, no attempt is counted."""

    def __init__(self, detail: str = "", *, code: str | None = None, retry_after: float = 1.0) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Rejected(GatewayError):
    """Final for this message. ``opted_out`` is written to the consent ledger."""

    def __init__(self, detail: str = "", *, reason: RejectedReason = "other", code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.reason = reason


class Misconfigured(GatewayError):
    """Final for this gateway (bad key, suspended, sender not owned): it is paused and its queue kept."""


class Unknown(GatewayError):
    """The message may have been accepted (read timeout, reset after write, garbage in a 2xx, most 5xx)."""


class BadSignature(Exception):
    """``receive``: the call does not come from the provider. Answered 403, kept, never applied."""


class BadCallback(Exception):
    """``receive``: the call cannot be read. Answered 400; the words say what is missing."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do; the admin and the dispatcher adapt to it."""

    receipts: bool = False
    inbound: bool = False
    #: ``lookup`` answers something better than CannotTell.
    lookup: bool = False
    #: The provider drops a second message with the same reference.
    idempotent: bool = False
    #: The provider answers STOP, START and HELP itself.
    answers_keywords: bool = False
    #: ``opted_out`` answers something better than None.
    lists_opt_outs: bool = False
    #: ``send`` uses the message's ``sender`` where it is a number, and where it is a name.
    sender_numbers: bool = False
    sender_names: bool = False


class GatewaySettings(Form):
    """Base of every plugin's ``Settings``: fields, with their help as ``description``; the house adds ``rate``.

    Secrets are :class:`wtforms.PasswordField`: stored encrypted, never rendered back, kept when left empty.
    """


class Gateway:
    """One configured gateway. Subclass it, name the subclass ``GATEWAY``, override what the provider can do."""

    key: ClassVar[str]
    label: ClassVar[str]
    channel: ClassVar[Channel] = "sms"
    capabilities: ClassVar[Capabilities] = Capabilities()
    #: Segments per second for a new gateway of this kind; 0 is "as fast as it goes".
    default_rate: ClassVar[float] = 1.0
    #: Settings that can hold the number. While all of them are empty it is awaited: no ``send``, the queue is kept.
    number_fields: ClassVar[tuple[str, ...]] = ()
    #: What the provider is known to charge: a suggestion, for the merchant to check.
    prices: ClassVar[Prices | None] = None
    Settings: ClassVar[type[GatewaySettings]] = GatewaySettings

    def __init__(self, settings: Mapping[str, Any], receipt_url: str = "", inbound_url: str = "") -> None:
        """``settings`` holds the form's values; the two addresses are this gateway's own callback addresses."""
        self.settings = settings
        self.receipt_url = receipt_url
        self.inbound_url = inbound_url

    def send(self, message: OutgoingMessage) -> Accepted:
        """Hand one message to the provider. Blocking, thread-safe, no retry or sleep inside, at most SEND_TIMEOUT.

        :raises GatewayError: one of the five; anything else is a fault of the plugin and counts as ``Unknown``.
        """
        raise NotImplementedError

    def receive(self, request: CallbackRequest, kind: Literal["receipts", "inbound"]) -> Received:
        """Read a provider's call.

        :raises BadSignature, BadCallback: it does not come from the provider; it cannot be read.
        """
        raise BadCallback("This gateway takes no callbacks.")

    def check(self) -> Health:
        """Ask the provider whether the settings work, without sending a text."""
        return Health(True, "This gateway cannot be checked without sending.")

    def lookup(self, message: SentMessage) -> LookupAnswer:
        """What became of a message whose outcome is unknown."""
        return CannotTell("This provider keeps no list we can ask.")

    def opted_out(self) -> Iterable[str] | None:
        """Addresses that the provider itself sends to no more, with country code; None where it cannot say."""
        return None
