"""What a template of a new store is made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Default:
    """A template as every store starts with it."""

    kind: str
    channel: str
    name: str
    body: str
    subject: str | None = None
    product_status: str | None = None
    active: bool = True


STOP_HINT = "Reply STOP to end."
#: Ends an email.
BYE = "\n\nTo get no more of these: [[stop_url]]\n\n[[store]]"
