"""What a payment plugin is: one file ``plugins/payments/<name>.py`` with one class ``PAYMENT``.

A plugin sees the plain types of this module and nothing else of the house: no Flask, no database. It says where to pay,
and reads what the provider calls us with. What was agreed (how many credits, for how much) and whether it has been paid
already are the house's to know: a plugin only names the purchase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from wtforms import Form

from nexnotify.words import N_

#: Seconds after which a call to a provider is given up.
TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid."""

    #: Ours: 32 hex digits. The same order again has the same, so that a provider can tell.
    reference: str
    #: What the buyer reads, such as "1,000 credits".
    title: str
    #: In the currency's smallest unit, such as cents.
    amount: int
    #: Three capital letters.
    currency: str
    #: The purchase's page of ours: where the buyer comes back to, paid or not.
    page_url: str


@dataclass(frozen=True, slots=True)
class Begun:
    """The provider knows of the order."""

    #: Its id of the payment.
    provider_id: str | None = None
    #: Where the buyer pays; None where nobody is sent anywhere.
    pay_url: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the provider's, as it came."""

    method: str
    #: Names in lower case.
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class News:
    """The provider's word on a payment."""

    reference: str
    status: Literal["paid", "failed", "cancelled"]
    provider_id: str | None = None
    #: What was paid, as an order states it; None where the provider does not say.
    amount: int | None = None
    currency: str | None = None


class PaymentError(Exception):
    """The provider did not take the order. The words are for the buyer and hold no secret."""


class BadSignature(Exception):
    """The call does not come from the provider."""


class BadCall(Exception):
    """The call cannot be read; the words say what is missing."""


class PaymentSettings(Form):
    """Base of every plugin's ``Settings``.

    Secrets are :class:`wtforms.PasswordField`: stored encrypted, never rendered back, kept when left empty.
    """


class Payment:
    """One configured way to pay. Subclass it, name the subclass ``PAYMENT``."""

    key: ClassVar[str]
    label: ClassVar[str]
    #: What the buyer should know beforehand, in a sentence.
    hint: ClassVar[str] = ""
    #: An owner says that it was paid; the provider does not.
    by_hand: ClassVar[bool] = False
    Settings: ClassVar[type[PaymentSettings]] = PaymentSettings

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """``settings`` holds the form's values."""
        self.settings = settings

    def begin(self, order: Order) -> Begun:
        """Tell the provider of an order. Blocking, at most :data:`TIMEOUT`; the same order again is no second one.

        :raises PaymentError: it was not taken.
        """
        raise NotImplementedError

    def receive(self, call: Call) -> News | None:
        """Read a provider's call; None where it is about something else.

        :raises BadSignature: it does not come from the provider. :raises BadCall: it cannot be read.
        """
        raise BadCall(N_("This way to pay takes no calls."))
