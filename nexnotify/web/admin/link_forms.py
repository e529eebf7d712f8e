"""The part of the settings' form about links and what they earn."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from nexnotify.stores.link_settings import LinkSettings, Utm
from nexnotify.words import N_


def _stripped(text: str | None) -> str:
    return (text or "").strip()


class LinksForm(FlaskForm):
    """Short links, where they lead, and the orders that count for them."""

    short_links = BooleanField(
        N_("Short links that count"),
        description=N_(
            "The link in an alert is one of ours: it is short, you see who opened it, and who comes too late can keep "
            "their place. Off: the product’s own address."
        ),
    )
    link_domain = StringField(
        N_("Domain of your links"),
        [Optional(), Length(max=300, message=N_("300 characters is the most."))],
        filters=[_stripped],
    )
    variant_parameter = StringField(
        N_("How your pages choose a variant"),
        [
            Optional(),
            Regexp(
                r"^[A-Za-z0-9._-]{1,50}=\{(id|sku)\}$",
                message=N_("Write it like variant={id} or v={sku}, or leave it empty."),
            ),
        ],
        description=N_(
            "Only for variants without an address of their own. {id} becomes the variant’s id in your storefront, {sku} "
            "its SKU: variant={id} on Shopify."
        ),
        filters=[_stripped],
    )
    utm = BooleanField(
        N_("UTM parameters"), description=N_("So that your shop’s own statistics know who came from a message.")
    )
    utm_source = StringField(
        "utm_source",
        [Optional(), Regexp(r"^[A-Za-z0-9._~-]{1,100}$", message=N_("Letters, digits, and . _ ~ - only."))],
        filters=[_stripped],
    )
    utm_campaign = StringField(
        "utm_campaign",
        [Optional(), Regexp(r"^[A-Za-z0-9._~-]{1,100}$", message=N_("Letters, digits, and . _ ~ - only."))],
        filters=[_stripped],
    )
    attribution_days = IntegerField(
        N_("Days in which an order counts"),
        [InputRequired(N_("Write a number.")), NumberRange(1, 90, N_("Write a number from 1 to 90."))],
        description=N_(
            "From being told to ordering. After a change, the orders of the last 400 days are counted anew; with many of "
            "them that takes some minutes."
        ),
    )

    @staticmethod
    def link_data(settings: LinkSettings) -> dict[str, Any]:
        """What is set, as the fields take it; values of what is off are those it would begin with."""
        utm = settings.utm or Utm()
        return {
            "short_links": settings.short_links,
            "link_domain": settings.link_domain,
            "variant_parameter": settings.variant_parameter,
            "attribution_days": settings.attribution_days,
            "utm": settings.utm is not None,
            "utm_source": utm.source,
            "utm_campaign": utm.campaign,
        }

    def link_changes(self) -> dict[str, Any]:
        """What was typed, as :func:`nexnotify.stores.settings.merge_settings` takes it. Emptied words are the usual ones."""
        words = {"source": self.utm_source.data, "campaign": self.utm_campaign.data}
        return {
            "short_links": self.short_links.data,
            "link_domain": self.link_domain.data,
            "variant_parameter": self.variant_parameter.data,
            "attribution_days": self.attribution_days.data,
            "utm": {name: word for name, word in words.items() if word} if self.utm.data else None,
        }
