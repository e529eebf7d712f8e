"""The storefront API, ``/api/v1``."""

from flask import Blueprint, Response

from nexnotify.web.guards import store_api_key

blueprint = Blueprint("storefront", __name__)
blueprint.before_request(store_api_key)


@blueprint.after_request
def _challenge(response: Response) -> Response:
    """Whoever is not let in is told how to ask (RFC 9110)."""
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


from nexnotify.web.storefront import (  # noqa: E402
    activities,
    corrections,
    customers,
    lift,
    messages,
    orders,
    products,
    regions,
    reports,
    requests,
    restocks,
    settings,
    simulations,
    stock,
    tickets,
)

__all__ = [
    "activities",
    "blueprint",
    "corrections",
    "customers",
    "lift",
    "messages",
    "orders",
    "products",
    "regions",
    "reports",
    "requests",
    "restocks",
    "settings",
    "simulations",
    "stock",
    "tickets",
]
