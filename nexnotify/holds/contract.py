"""What a storefront that keeps units is to us: one file ``plugins/holds/<name>.py`` with one class ``HOLDS``.

A plugin sees the plain types of this module and nothing else of the house: no Flask, no database, and no network but the
``post`` that it is given. When to ask, what to do without an answer, and that nothing is kept twice are the house's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from wtforms import Form


@dataclass(frozen=True, slots=True)
class Variant:
    """What is to be kept, as the storefront names it."""

    #: The storefront's id.
    id: str
    sku: str | None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units that are kept, or may be: ``key`` alone is known of one whose answer never came."""

    #: Ours, the same in each call about these units; at most 60 letters, digits and "-".
    key: str
    #: The storefront's own name of it, at most 200 characters.
    reference: str | None = None
    #: Where the storefront keeps them for a shorter time than it was asked to.
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is kept: there are not so many. The words are for the merchant."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Released:
    """The units can be sold to anybody again, or were never kept."""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The units have been bought; nothing was released."""


class NoAnswer(Exception):
    """Nobody knows whether it was done: no connection, no whole answer, or one that means nothing.

    The words are for the merchant and hold no secret. The house asks again with the same key.
    """


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered."""

    status: int
    body: bytes


#: (address, body, headers) → the answer, whatever its status. Calls public addresses alone, follows no redirect, takes a
#: few seconds at most; raises :class:`NoAnswer`.
Post = Callable[[str, bytes, Mapping[str, str]], Answer]


class HoldsSettings(Form):
    """Base of every plugin's ``Settings``.

    Secrets are :class:`wtforms.PasswordField`: stored encrypted, never rendered back, kept when left empty.
    """


class Holds:
    """A storefront that keeps units. Subclass it, name the subclass ``HOLDS``. Both verbs block, and may be called twice."""

    key: ClassVar[str]
    label: ClassVar[str]
    #: What the merchant should know beforehand, in a sentence.
    hint: ClassVar[str] = ""
    Settings: ClassVar[type[HoldsSettings]] = HoldsSettings

    def __init__(self, settings: Mapping[str, Any], post: Post) -> None:
        """``settings`` holds the form's values."""
        self.settings = settings
        self.post = post

    def reserve(self, variant: Variant, quantity: int, until: datetime, key: str) -> Reservation | Refused:
        """Keep ``quantity`` units until ``until`` (aware UTC), all or none; by themselves they are free afterwards.

        The same key again keeps nothing more: it gives the same answer.

        :raises NoAnswer: they may be kept or not.
        """
        raise NotImplementedError

    def release(self, reservation: Reservation) -> Released | Redeemed:
        """Let the units go, also where only the key is known, and where there are none (any more).

        :raises NoAnswer: they may be kept still.
        """
        raise NotImplementedError
