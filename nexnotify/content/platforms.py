"""Shop systems: where each takes the tracking code and the order-confirmation code, as far as that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nexnotify.words import N_

#: The path of its confirmation page that Nexternal's set-up asks for.
NEXTERNAL_PAGE = "/nexternal"
_HEAD = N_("The code ends up in the head of every page.")


@dataclass(frozen=True, slots=True)
class Platform:
    """A shop system. A path is the steps through its settings, in its own words; None where we do not know it."""

    name: str
    #: To the place of the tracking code, and what to set there.
    tracking: tuple[str, ...]
    tracking_note: str
    #: To the place of the order-confirmation code.
    order: tuple[str, ...] | None = None
    order_note: str = ""
    #: Merge tags which it fills in there: attribute of the code → tag. An attribute without one stays empty.
    tags: Mapping[str, str] = field(default_factory=dict)
    #: The path its confirmation page has; None: the merchant says.
    confirmation_url: str | None = None
    #: To its fields of customers, where the SMS opt-in belongs.
    fields: tuple[str, ...] | None = None


PLATFORMS: Mapping[str, Platform] = {
    "nexternal": Platform(
        "Nexternal",
        ("Settings", "Policies, Addenda and Disclaimers > Edit", N_("Tracking Code")),
        N_("Set Tracking Code Position to End of Head."),
        ("Settings", "Policies, Addenda and Disclaimers > Edit", N_("Order/Affiliate Addendum")),
        N_("Set Tracking Code Position to End of Head, then click Finish."),
        confirmation_url=NEXTERNAL_PAGE,
        fields=("Customers", "Preferences", N_("Customer Custom Fields")),
    ),
    "shopify": Platform(
        "Shopify",
        (N_("Online Store"), "Themes", N_("Edit code"), "layout/theme.liquid"),
        "Paste it before </head>. Shopify’s own checkout pages are not part of the theme.",
    ),
    "woocommerce": Platform(
        "WooCommerce",
        (N_("Child theme"), "header.php"),
        "Paste it before </head>, or use a plugin that adds code to the head.",
    ),
    "bigcommerce": Platform(
        "BigCommerce",
        ("Storefront", N_("Script Manager")),
        N_("Create a script for the header, on store pages."),
        (N_("Advanced Settings"), N_("Affiliate Conversion Tracking"), N_("Conversion Tracking Code")),
        N_("BigCommerce fills in the two tags between percent signs."),
        tags={"order": "%%ORDER_ID%%", "total": "%%ORDER_AMOUNT%%"},
    ),
    "lightspeed": Platform(
        N_("Lightspeed eCom"), ("Theme", N_("Code editor"), N_("Layout file")), "Paste it before </head>."
    ),
    "prestashop": Platform(
        "PrestaShop", ("Theme", "templates/_partials/head.tpl"), N_("Paste it within literal tags. ") + _HEAD
    ),
    "magento": Platform(
        N_("Magento, Adobe Commerce"),
        ("Content", "Design", "Configuration", N_("HTML Head"), N_("Scripts and Style Sheets")),
        _HEAD,
    ),
    "other": Platform(
        N_("Any other"),
        ("Theme", N_("End of the head")),
        N_("On every page. A tag manager works, too, only later on each page."),
    ),
}
