"""The storefront API, ``/api/v1``."""

from flask import Blueprint

from nexnotify.web.guards import store_api_key

blueprint = Blueprint("storefront", __name__)
blueprint.before_request(store_api_key)

from nexnotify.web.storefront import messages, products, requests, restocks, settings, stock  # noqa: E402, F401
