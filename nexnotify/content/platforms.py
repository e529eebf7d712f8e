"""Shop systems: where each takes the tracking code and the order-confirmation code, as far as that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: The path of its confirmation page that Nexternal's set-up asks for.
NEXTERNAL_PAGE = "/nexternal"
_HEAD = "The code ends up in the head of every page."


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
        ("Settings", "Policies, Addenda and Disclaimers > Edit", "Tracking Code"),
        "Set Tracking Code Position to End of Head.",
        ("Settings", "Policies, Addenda and Disclaimers > Edit", "Order/Affiliate Addendum"),
        "Set Tracking Code Position to End of Head, then click Finish.",
        confirmation_url=NEXTERNAL_PAGE,
        fields=("Customers", "Preferences", "Customer Custom Fields"),
    ),
    "shopify": Platform(
        "Shopify",
        ("Online Store", "Themes", "Edit code", "layout/theme.liquid"),
        "Paste it before </head>. Shopify’s own checkout pages are not part of the theme.",
    ),
    "woocommerce": Platform(
        "WooCommerce",
        ("Child theme", "header.php"),
        "Paste it before </head>, or use a plugin that adds code to the head.",
    ),
    "bigcommerce": Platform(
        "BigCommerce",
        ("Storefront", "Script Manager"),
        "Create a script for the header, on store pages.",
        ("Advanced Settings", "Affiliate Conversion Tracking", "Conversion Tracking Code"),
        "BigCommerce fills in the two tags between percent signs.",
        tags={"order": "%%ORDER_ID%%", "total": "%%ORDER_AMOUNT%%"},
    ),
    "lightspeed": Platform("Lightspeed eCom", ("Theme", "Code editor", "Layout file"), "Paste it before </head>."),
    "prestashop": Platform(
        "PrestaShop", ("Theme", "templates/_partials/head.tpl"), "Paste it within literal tags. " + _HEAD
    ),
    "magento": Platform(
        "Magento, Adobe Commerce",
        ("Content", "Design", "Configuration", "HTML Head", "Scripts and Style Sheets"),
        _HEAD,
    ),
    "other": Platform(
        "Any other",
        ("Theme", "End of the head"),
        "On every page. A tag manager works, too, only later on each page.",
    ),
}
