"""What a shopper may ask for: on which channels, and to hear of what."""

from __future__ import annotations

from nexnotify.catalog.models import Variant
from nexnotify.errors import Conflict, Invalid
from nexnotify.inventory.available import IN_STOCK, OFFERS, reaches
from nexnotify.inventory.service import status_of
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.scope import Scope
from nexnotify.words import N_


class InStock(Conflict):
    """This can be bought right now, so there is nothing to wait for."""

    code = "in_stock"


class AlreadyOffered(Conflict):
    """This can be ordered so right now, so there is nothing to wait for."""

    code = "already_offered"


class ChannelOff(Invalid):
    """Messages on this channel are switched off for this product."""

    code = "channel_off"


def offered_channels(store: Store, variant: Variant, quantity: int = 1) -> tuple[str, tuple[str, ...]]:
    """The variant's product status and the channels a shopper may ask on.

    None while ``quantity`` units can be bought, and none where the product is hidden or excluded from alerts. Whoever
    wants more units than there are asks what shoppers ask when there are none.
    """
    status, product = status_of(variant), variant.product
    if status == "in_stock" and not reaches(variant.available, quantity):
        status = variant.unavailable_as
    if status == "in_stock" or not product.published or not product.alerts:
        return status, ()
    return status, store_settings(store).switches.but(product.switches).offered(status)


def offered_intents(store: Store, variant: Variant) -> dict[str, tuple[str, ...]]:
    """Intent → channels, of those but "in_stock" that the merchant switched on for a variant that is not in stock.

    None of what it is already: there is nothing to wait for.
    """
    status, product = status_of(variant), variant.product
    if status == IN_STOCK or not product.published or not product.alerts:
        return {}
    switches = store_settings(store).switches.but(product.switches)
    found = {intent: switches.offered(news) for intent, news in OFFERS.items() if intent != status}
    return {intent: channels for intent, channels in found.items() if channels}


def asked_status_of(store: Store, scope: Scope, channel: str, quantity: int, intent: str) -> str:
    """Which of the three questions is asked.

    :raises InStock: one of what is asked for can be bought.
    :raises AlreadyOffered: one of it can be ordered as the intent has it.
    :raises ChannelOff: none of it offers the channel.
    """
    offers = {item.id: offered_channels(store, item, quantity) for item in scope.variants if item.product.published}
    if any(status == IN_STOCK for status, _ in offers.values()):
        raise InStock()
    if intent != IN_STOCK:
        if any(status == intent for status, _ in offers.values()):
            raise AlreadyOffered()
        offers = {
            item.id: (offers[item.id][0], offered_intents(store, item).get(intent, ()))
            for item in scope.variants
            if item.id in offers
        }
    own = offers.pop(scope.variant.id, ("", ()))
    found = next((status for status, channels in (own, *offers.values()) if channel in channels), None)
    if found is None:
        raise ChannelOff(fields={"channels": N_("%(channel)s is not offered for this product.", channel=channel)})
    return found
