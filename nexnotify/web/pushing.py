"""Browser push at a sign-up: whether it is offered, the key that browsers subscribe for, and what they bring."""

from __future__ import annotations

from nexnotify.gateways.loader import UnknownGateway
from nexnotify.gateways.push import PushGateway
from nexnotify.gateways.service import open_gateway, sender_of
from nexnotify.stores.models import Store


def push_gateway(store: Store) -> PushGateway | None:
    """What sends the store's pushes; None where nothing does, and nobody is asked for a subscription."""
    instance = sender_of(store, "push")
    try:
        gateway = open_gateway(instance) if instance is not None else None
    except UnknownGateway:
        return None
    return gateway if isinstance(gateway, PushGateway) else None


def push_fault(store: Store, address: str | None) -> tuple[str, str] | None:
    """(field, sentence) of what stands against this subscription; None: it is fine."""
    gateway = push_gateway(store)
    if gateway is None:
        return "channels", "push is not offered for this product."
    if address is None:
        return "push", "Send the browser's subscription: endpoint and keys."
    return None if gateway.takes(address) else ("push", "This is no subscription at a push service that we send to.")
