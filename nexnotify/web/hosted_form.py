"""The widget's form as a plain page, for where scripts cannot run: no script, no cookie, the same rules."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from nexnotify.content.countries import country_names, dial_codes, with_dial_code
from nexnotify.content.disclosure import disclosure
from nexnotify.content.widget_texts import Language, pick_language
from nexnotify.errors import Invalid, NotFound, TooMany
from nexnotify.inventory.available import OFFERS
from nexnotify.phone import mask, mask_email
from nexnotify.stores.models import Store
from nexnotify.stores.service import find_store
from nexnotify.stores.settings import can_reply, field_errors, store_settings
from nexnotify.waitlist.offers import AlreadyOffered, ChannelOff, InStock
from nexnotify.web.languages import speak_of
from nexnotify.web.private import keep_private
from nexnotify.web.request_payloads import RequestPayload
from nexnotify.web.signups import take_signup
from nexnotify.web.widget_config import Offer, find_offer, named_place, regions_to_choose
from nexnotify.words import N_

blueprint = Blueprint("hosted_form", __name__)
keep_private(blueprint)

MAX_BODY = 16_384
#: Chosen in place of a variant: whichever is back first.
ANY = "*"


@blueprint.before_request
def _small_bodies_only() -> None:
    request.max_content_length = MAX_BODY


@blueprint.get("/<store_key>")
def form(store_key: str) -> ResponseReturnValue:
    """The form for the product of ``sku``, ``variant_id`` or ``product``, in ``lang`` or the browser's language."""
    store = _store(store_key)
    chosen = request.args.get("variant_id")
    offer = find_offer(store, request.args.get("sku"), chosen, request.args.get("product"), named_place(store))
    return _page(store, offer, {"country": store.country}, {})


@blueprint.post("/<store_key>")
def ask(store_key: str) -> ResponseReturnValue:
    """Join the waitlist, or show the form again with what is wrong beside each field."""
    store = _store(store_key)
    typed = {
        name: request.form.get(name, "").strip()
        for name in ("variant", "intent", "region", "quantity", "country", "phone", "email", "consent")
    }
    wants_any = typed["variant"] == ANY
    place = named_place(store)
    variant_id = (not wants_any and typed["variant"]) or None
    offer = find_offer(store, variant_id=variant_id, product_id=request.args.get("product"), region_id=place)
    offer = offer or find_offer(store, request.args.get("sku"), request.args.get("variant_id"), region_id=place)
    if offer is None:
        return _page(store, None, typed, {})
    language = _language(store)
    try:
        payload = _payload(store, offer, typed, language, wants_any)
        take_signup(store, payload, method="page", source="form")
    except TooMany as error:
        return _page(store, offer, typed, {"general": language.texts["err_limit"]}, error.status)
    except InStock as error:
        return _page(store, offer, typed, {"general": language.texts["page_in_stock"]}, error.status)
    except (AlreadyOffered, ChannelOff) as error:
        return _page(store, offer, typed, {"general": language.texts["err_off"]}, error.status)
    except Invalid as error:
        return _page(store, offer, typed, error.fields or {"general": error.message}, error.status)
    return _page(store, offer, typed, {}, done=_done(store, payload, offer, language))


def _payload(store: Store, offer: Offer, typed: dict[str, str], language: Language, wants_any: bool) -> RequestPayload:
    """What the widget would have sent.

    :raises Invalid: no variant chosen, or a field that is too long.
    """
    if not typed["variant"]:
        raise Invalid(fields={"which": language.texts["err_which"]})
    quantity = typed["quantity"] or "1"
    if not (quantity.isdecimal() and len(quantity) <= 9 and 1 <= int(quantity) <= 1_000_000):
        raise Invalid(fields={"quantity": language.texts["err_quantity"]})
    intent = typed["intent"] if typed["intent"] in OFFERS and not wants_any else "in_stock"
    phone, email = with_dial_code(typed["phone"], typed["country"] or store.country), typed["email"]
    try:
        return RequestPayload(
            variant_id=offer.askable[0].variant.external_id if wants_any and offer.askable else typed["variant"],
            any_variant=wants_any,
            quantity=int(quantity),
            intent=intent,  # type: ignore[arg-type]
            location=request.args.get("location") or None,
            region=request.args.get("region") or typed["region"] or None,
            phone=phone or None,
            email=email or None,
            push=None,
            channels=None,  # those with an address
            consent=typed["consent"] == "yes",
            consent_text=disclosure(store.name, language.code, can_reply(store)),
            page_url=request.base_url[:2000],
            language=language.code,
        )
    except ValidationError as error:
        raise Invalid(fields=field_errors(error)) from None


def _store(key: str) -> Store:
    store = find_store(key)
    if store is None:
        raise NotFound(N_("This link is not complete. Open it again from the shop's page."))
    speak_of(store)
    return store


def _language(store: Store) -> Language:
    return pick_language(request.args.get("lang"), *request.accept_languages.values(), store.locale)


def _page(
    store: Store,
    offer: Offer | None,
    typed: dict[str, str],
    errors: dict[str, str],
    status: int = 200,
    done: str | None = None,
) -> ResponseReturnValue:
    language = _language(store)
    context: dict[str, Any] = {"store": store, "offer": offer, "typed": typed, "errors": errors, "done": done}
    context |= {"language": language, "texts": language.texts, "settings": store_settings(store)}
    if offer is None:
        return render_template("shopper/ask.html", **context), 404
    askable = offer.askable
    # The variant the page named is offered alone when it cannot be asked for: its state is what the shopper came for.
    if offer.chosen and not offer.chosen.channels:
        askable = []
    channels = {channel for choice in askable for channel in choice.channels}
    if "sms" in channels:
        names, codes = country_names(language.code), dial_codes()
        context["countries"] = [(region, f"{name} +{codes[region]}") for region, name in names.items()]
    context |= {
        "askable": askable,
        "channels": channels,
        "intents": list(dict.fromkeys(name for choice in askable for name in choice.intents)),
        "regions": regions_to_choose(store, offer),
        "any": ANY if store_settings(store).ask_any and offer.any_askable else None,
        "consent_text": disclosure(store.name, language.code, can_reply(store)),
    }
    return render_template("shopper/ask.html", **context), status


def _done(store: Store, payload: RequestPayload, offer: Offer, language: Language) -> str:
    name = offer.chosen.variant.name if offer.chosen and not payload.any_variant else ""
    values = {
        "phone": mask(payload.phone or ""),
        "email": mask_email(payload.email or ""),
        "product": ", ".join(part for part in (offer.product.title, name) if part),
    }
    kind = "both" if payload.phone and payload.email else "sms" if payload.phone else "email"
    texts = language.texts_for(must_confirm=store_settings(store).double_opt_in)
    return texts[f"done_{kind}"].format_map(values)
