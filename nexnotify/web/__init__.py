"""Everything that faces the outside: one table of blueprints, each with its guard."""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from werkzeug.routing import IntegerConverter, Map
from whitenoise import WhiteNoise

from nexnotify.settings import ROOT
from nexnotify.web import (
    apidoc,
    callbacks,
    demo_shop,
    filters,
    health,
    hooks,
    hosted_form,
    shopper,
    short_links,
    tracking,
    widget,
    widget_script,
)
from nexnotify.web.admin import ADMIN_BLUEPRINTS, init_admin
from nexnotify.web.errors import init_errors
from nexnotify.web.languages import init_languages
from nexnotify.web.storefront import blueprint as storefront

#: (blueprint, address prefix): the whole surface.
BLUEPRINTS = (
    (health.blueprint, None),
    (widget.blueprint, "/widget/v1"),
    (tracking.blueprint, "/widget/v1"),
    (widget_script.blueprint, "/widget"),
    (callbacks.blueprint, "/callbacks"),
    (hooks.blueprint, "/hooks"),
    (shopper.blueprint, "/s"),
    (hosted_form.blueprint, "/s/ask"),
    (short_links.blueprint, "/l"),
    (demo_shop.blueprint, "/demo"),
    (storefront, "/api/v1"),
    (apidoc.blueprint, "/api/v1"),
    *ADMIN_BLUEPRINTS,
)

log = logging.getLogger(__name__)

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; font-src 'self'; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class _Id(IntegerConverter):
    """A whole number in an address, as large as the database keeps; a larger one is an address we do not have."""

    def __init__(self, map: Map, fixed_digits: int = 0, min: int | None = None, max: int | None = 2**63 - 1) -> None:
        super().__init__(map, fixed_digits, min, max)


def init_web(app: Flask) -> None:
    """Register the blueprints, the error pages and the headers every answer carries."""
    app.url_map.converters["int"] = _Id
    app.url_map.strict_slashes = False  # an address typed with a slash at its end is meant without
    init_errors(app)
    filters.register(app)
    init_languages(app)
    init_admin(app)
    for blueprint, prefix in BLUEPRINTS:
        app.register_blueprint(blueprint, url_prefix=prefix)
    app.after_request(_secure)
    if not app.extensions["nexnotify"].settings.trusted_proxies:
        _warn_of_untold_proxy(app)
    app.wsgi_app = WhiteNoise(app.wsgi_app, root=str(ROOT / "static"), prefix="static/", max_age=3600)  # type: ignore[method-assign]


def _warn_of_untold_proxy(app: Flask) -> None:
    """Say once, in this process's log, that a proxy seems to stand in front whose word is not taken."""
    warned = False

    def notice() -> None:
        nonlocal warned
        if not warned and "X-Forwarded-For" in request.headers:
            warned = True
            log.warning(
                "a request came with X-Forwarded-For, but NEXNOTIFY_TRUSTED_PROXIES is 0: if there is a proxy in front, "
                "all the world counts as one address, so set it to the number of proxies"
            )

    app.before_request(notice)


def _secure(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
