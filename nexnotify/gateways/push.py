"""What a gateway of the channel push has besides the contract's verbs: the key that browsers subscribe for."""

from __future__ import annotations

from typing import ClassVar

from nexnotify.gateways.contract import Channel, Gateway


class PushGateway(Gateway):
    """Base of a gateway that sends to browsers; the address of a message is a subscription as JSON."""

    channel: ClassVar[Channel] = "push"

    def push_key(self) -> str:
        """The public key (65 bytes, base64url) with which browsers subscribe."""
        raise NotImplementedError

    def takes(self, address: str) -> bool:
        """Whether it can send to this subscription; asked when a shopper brings one. Calls nobody."""
        raise NotImplementedError
