"""nexnotify: a shopper finds a product sold out, leaves a number, and is told once, when it can be bought."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from nexnotify.credits.loader import Payments, load_payments
from nexnotify.credits.packs import Pack, read_packs
from nexnotify.db import init_db
from nexnotify.gateways.loader import Registry, load
from nexnotify.holds.loader import HoldKinds, load_holds
from nexnotify.logs import configure_logging
from nexnotify.nudge import Nudges, make_huey
from nexnotify.secrets import Cipher, derive, load_keys
from nexnotify.settings import PREFIX, ROOT, Settings, SettingsError

__version__ = "0.1.0"


@dataclass
class House:
    """What the app carries besides Flask's own: ``current_app.extensions["nexnotify"]``."""

    settings: Settings
    cipher: Cipher
    gateways: Registry
    payments: Payments
    holds: HoldKinds
    packs: tuple[Pack, ...]
    nudges: Nudges
    index_key: bytes | None = None


def create_app(settings: Settings | None = None) -> Flask:
    """The whole application, for web, worker, command line and tests alike."""
    settings = settings or Settings.from_env()
    configure_logging(settings.log_level)
    keys = load_keys(settings)
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(
        SECRET_KEY=derive(keys[0], "nexnotify.sessions").hex(),
        SECRET_KEY_FALLBACKS=[derive(key, "nexnotify.sessions").hex() for key in keys[1:]],
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
    )
    app.extensions["nexnotify"] = House(
        settings,
        Cipher(keys),
        load(ROOT / "plugins" / "gateways"),
        load_payments(ROOT / "plugins" / "payments"),
        load_holds(ROOT / "plugins" / "holds"),
        _packs(settings),
        Nudges(make_huey(settings)),
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    init_db(app, settings)
    from nexnotify.web import init_web

    init_web(app)
    return app


def _packs(settings: Settings) -> tuple[Pack, ...]:
    try:
        return read_packs(settings.credit_prices, settings.credit_currency)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}CREDIT_PRICES and {PREFIX}CREDIT_CURRENCY: {error}") from None
