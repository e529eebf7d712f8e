"""What a widget or hosted form needs to know about one product: variants, words, countries, consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nexnotify.catalog.models import Product, Variant
from nexnotify.catalog.queries import find_products
from nexnotify.catalog.service import find_product, find_variant
from nexnotify.content.countries import dial_codes
from nexnotify.content.disclosure import disclosure
from nexnotify.content.widget_texts import Language
from nexnotify.stores.models import Store
from nexnotify.stores.settings import can_reply, store_settings
from nexnotify.waitlist.offers import offered_channels, offered_intents
from nexnotify.web.signups import CHANNELS


@dataclass(frozen=True, slots=True)
class Choice:
    """A variant, its status, and the channels it can be asked for on (none: it cannot be asked for)."""

    variant: Variant
    status: str
    channels: tuple[str, ...]
    #: To be told that it can be ordered before it is in stock: intent → channels.
    intents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """A product's variants, and the one the page named."""

    product: Product
    choices: Sequence[Choice]
    chosen: Choice | None

    @property
    def askable(self) -> list[Choice]:
        """What can be asked for."""
        return [choice for choice in self.choices if choice.channels]

    @property
    def has_push(self) -> bool:
        """Whether a browser may be subscribed for one of them."""
        return any("push" in its for choice in self.askable for its in (choice.channels, *choice.intents.values()))

    @property
    def any_askable(self) -> bool:
        """Whether "any of them" can be asked for: there are several, and none of them can be bought."""
        return len(self.askable) > 1 and all(choice.status != "in_stock" for choice in self.choices)


def find_offer(
    store: Store,
    sku: str | None = None,
    variant_id: str | None = None,
    product_id: str | None = None,
    *,
    can_push: bool = False,
) -> Offer | None:
    """The product by the first of the three that is given; None when the store does not have it, or hides it.

    :param can_push: whoever asks can subscribe a browser, and something sends pushes to it.
    """
    variant = find_variant(store, sku=sku or None, variant_id=variant_id) if sku or variant_id else None
    if sku or variant_id:
        product = variant.product if variant else None
    else:
        product = find_product(store, product_id) if product_id else None
    return _offer(store, product, variant, can_push)


def find_offers(store: Store, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Offer]:
    """The same for many products at once, each named by ("sku" | "variant_id" | "product", value)."""
    named = list(names)
    skus, variant_ids, products = (
        [value for kind, value in named if kind == wanted] for wanted in ("sku", "variant_id", "product")
    )
    found: dict[tuple[str, str], Offer | None] = {}
    for product in find_products(store, skus, variant_ids, products):
        found["product", product.external_id] = _offer(store, product, None)
        for variant in product.variants:
            found["variant_id", variant.external_id] = offer = _offer(store, product, variant)
            if variant.sku:
                found["sku", variant.sku] = offer
    return {name: offer for name in named if (offer := found.get(name))}


def _offer(store: Store, product: Product | None, variant: Variant | None, can_push: bool = False) -> Offer | None:
    if product is None or not product.published:
        return None
    usable = (*CHANNELS, "push") if can_push else CHANNELS
    choices = [_choice(store, item, usable) for item in product.variants]
    named = variant or (product.variants[0] if len(product.variants) == 1 else None)
    return Offer(product, choices, next((choice for choice in choices if choice.variant is named), None))


def _choice(store: Store, variant: Variant, usable: Sequence[str]) -> Choice:
    status, channels = offered_channels(store, variant)
    each = {intent: _of(its, usable) for intent, its in offered_intents(store, variant).items()}
    return Choice(variant, status, _of(channels, usable), {intent: its for intent, its in each.items() if its})


def _of(channels: Iterable[str], usable: Sequence[str]) -> tuple[str, ...]:
    return tuple(channel for channel in channels if channel in usable)


def config_json(
    store: Store, offer: Offer, language: Language, push: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The answer of ``config``. Words come only where there is something to ask for: most pages sell what they show.

    :param push: the ``key`` that browsers subscribe for, and the ``worker`` they do it by; None: they cannot.
    """
    chosen = offer.chosen
    answer: dict[str, Any] = {
        "product": {"id": offer.product.external_id, "title": offer.product.title},
        "selected": chosen.variant.external_id if chosen else None,
        "variants": [choice_json(choice) for choice in offer.choices],
    }
    if offer.askable:
        settings = store_settings(store)
        texts = language.texts_for(must_confirm=settings.double_opt_in)
        answer |= {
            "store": store.name,
            "language": language.code,
            "dir": language.direction,
            "texts": {name: text for name, text in texts.items() if not name.startswith("page_")},
            "consent_text": disclosure(store.name, language.code, can_reply(store)),
            "links": {name: url for name, url in _links(settings.terms_url, settings.privacy_url) if url},
            "look": settings.widget.chosen,
            "ask_quantity": settings.ask_quantity,
            "ask_any": settings.ask_any and offer.any_askable,
        }
    if any("sms" in choice.channels for choice in offer.askable):
        answer |= {"country": store.country, "countries": list(dial_codes().items())}
    if offer.has_push:
        answer["push"] = push
    return answer


def choice_json(choice: Choice) -> dict[str, Any]:
    """One variant, as answers write it."""
    more = {"intents": choice.intents} if choice.intents else {}
    return more | {
        "sku": choice.variant.sku,
        "variant_id": choice.variant.external_id,
        "name": choice.variant.name,
        "status": choice.status,
        "channels": list(choice.channels),
    }


def _links(terms: str, privacy: str) -> tuple[tuple[str, str], ...]:
    return ("terms", terms), ("privacy", privacy)
