"""What a shopper may ask for: on which channels, and to hear of what."""

from __future__ import annotations

from collections.abc import Sequence

from nexnotify.catalog.models import Variant
from nexnotify.errors import Conflict, Invalid
from nexnotify.inventory.available import IN_STOCK, OFFERS, reaches
from nexnotify.inventory.regions import Places
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


def places_of(variants: Sequence[Variant], region_id: int | None) -> Places:
    """What can be sold of these variants of one store."""
    return Places(variants[0].store_id, [variant.id for variant in variants], [region_id])


def offered_channels(
    store: Store, variant: Variant, quantity: int = 1, region_id: int | None = None, places: Places | None = None
) -> tuple[str, tuple[str, ...]]:
    """The variant's product status and the channels a shopper may ask on.

    None while ``quantity`` units can be bought, and none where the product is hidden or excluded from alerts. Whoever
    wants more units than there are asks what shoppers ask when there are none.

    :param region_id: only stock of this region counts; None: all of it.
    :param places: where it was read for several variants.
    """
    places = places or places_of([variant], region_id)
    status, product = places.status(variant, region_id), variant.product
    if status == IN_STOCK and not reaches(places.available(variant, region_id), quantity):
        status = variant.unavailable_as
    if status == IN_STOCK or not product.published or not product.alerts:
        return status, ()
    return status, store_settings(store).switches.but(product.switches).offered(status)


def offered_intents(
    store: Store, variant: Variant, region_id: int | None = None, places: Places | None = None
) -> dict[str, tuple[str, ...]]:
    """Intent → channels, of those but "in_stock" that the merchant switched on for a variant that is not in stock.

    None of what it is already: there is nothing to wait for.
    """
    status, product = (places or places_of([variant], region_id)).status(variant, region_id), variant.product
    if status == IN_STOCK or not product.published or not product.alerts:
        return {}
    switches = store_settings(store).switches.but(product.switches)
    found = {intent: switches.offered(news) for intent, news in OFFERS.items() if intent != status}
    return {intent: channels for intent, channels in found.items() if channels}


def asked_status_of(
    store: Store, scope: Scope, channel: str, quantity: int, intent: str, region_id: int | None = None
) -> str:
    """Which of the three questions is asked.

    :raises InStock: one of what is asked for can be bought.
    :raises AlreadyOffered: one of it can be ordered as the intent has it.
    :raises ChannelOff: none of it offers the channel.
    """
    places, shown = places_of(scope.variants, region_id), [item for item in scope.variants if item.product.published]
    offers = {item.id: offered_channels(store, item, quantity, region_id, places) for item in shown}
    if any(status == IN_STOCK for status, _ in offers.values()):
        raise InStock()
    if intent != IN_STOCK:
        if any(status == intent for status, _ in offers.values()):
            raise AlreadyOffered()
        offers = {
            item.id: (offers[item.id][0], offered_intents(store, item, region_id, places).get(intent, ()))
            for item in shown
        }
    own = offers.pop(scope.variant.id, ("", ()))
    found = next((status for status, channels in (own, *offers.values()) if channel in channels), None)
    if found is None:
        raise ChannelOff(fields={"channels": N_("%(channel)s is not offered for this product.", channel=channel)})
    return found
