"""Whether a gateway takes the sender that its store has set."""

from __future__ import annotations

from nexnotify.db import db
from nexnotify.gateways.loader import UnknownGateway
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import registry
from nexnotify.stores.models import Store
from nexnotify.stores.senders import is_name
from nexnotify.stores.settings import store_settings


def store_sender(instance: GatewayInstance) -> str:
    """The sender that the store has set, where this gateway's kind takes it; else empty."""
    if instance.channel != "sms":
        return ""
    store = db.session.get_one(Store, instance.store_id, populate_existing=True)
    wanted = store_settings(store).sms_sender
    return wanted if takes_sender(instance, wanted) else ""


def takes_sender(instance: GatewayInstance, sender: str) -> bool:
    """Whether texts through this gateway can come from a sender that the store names."""
    try:
        able = registry().get(instance.kind).capabilities
    except UnknownGateway:
        return False
    return able.sender_names if is_name(sender) else able.sender_numbers
