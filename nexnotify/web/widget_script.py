"""The widget's script, and the one that counts views and orders: a rolling address for most shops, an immutable one with its hash for those that pin."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from nexnotify.errors import NotFound
from nexnotify.settings import ROOT, Settings

blueprint = Blueprint("widget_script", __name__)

FOLDER = ROOT / "static" / "widget"
#: The scripts there are: the widget, and the tracking and order-confirmation code.
WIDGET, TRACK = "nexnotify", "track"
#: What lies on the shop's own domain.
PUSH_WORKER = "nexnotify-sw"
#: Former scripts whose immutable addresses still answer: ``<version>.js``, so that an upgrade breaks no pinned page;
#: those of the tracking code lie in ``track`` below.
KEPT = FOLDER / "kept"

ROLLING = "public, max-age=300, stale-while-revalidate=86400"
IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Release:
    """One state of the script. The version follows from the content, so an address never changes what it serves."""

    version: str
    #: Subresource integrity, for the script tag.
    integrity: str
    content: bytes
    packed: bytes


def release_of(content: bytes) -> Release:
    """Version, hash and packed form of a script."""
    version = f"v1.{hashlib.sha256(content).hexdigest()[:12]}"
    integrity = "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()
    return Release(version, integrity, content, gzip.compress(content, 9, mtime=0))


@cache
def current_release(name: str = WIDGET) -> Release:
    """A script of this installation."""
    return release_of((FOLDER / "v1" / f"{name}.js").read_bytes())


@cache
def kept_releases(name: str = WIDGET) -> dict[str, Release]:
    """Former states of a script, by version."""
    folder = KEPT if name == WIDGET else KEPT / name
    releases = [release_of(path.read_bytes()) for path in sorted(folder.glob("*.js"))] if folder.is_dir() else []
    return {release.version: release for release in releases}


def script_tag(store_key: str, *, pinned: bool = False) -> str:
    """The snippet a merchant pastes. A pinned one stays the same until it is pasted anew; the other one follows us."""
    return f'<script async {_source(WIDGET, pinned)} data-nexnotify data-store="{store_key}"></script>'


def tracking_tag(store_key: str, more: Mapping[str, str], *, pinned: bool = False) -> str:
    """The tag of the tracking code; of the order-confirmation code where ``more`` has "nexnotify-track".

    :param more: further data attributes, without "data-"; values as they shall stand there, merge tags among them.
    """
    attributes = {"nexnotify-track": "", "store": store_key, **more}
    written = "".join(
        f' data-{name}="{escape(value)}"' if value or name != "nexnotify-track" else f" data-{name}"
        for name, value in attributes.items()
    )
    return f"<script async {_source(TRACK, pinned)}{written}></script>"


def _source(name: str, pinned: bool) -> str:
    settings: Settings = current_app.extensions["nexnotify"].settings
    if not pinned:
        return f'src="{settings.public_url}/widget/v1/{name}.js"'
    release = current_release(name)
    address = f"{settings.public_url}/widget/{release.version}/{name}.js"
    return f'src="{address}" integrity="{release.integrity}" crossorigin="anonymous"'


@blueprint.get("/v1/nexnotify.js", defaults={"name": WIDGET})
@blueprint.get("/v1/track.js", defaults={"name": TRACK})
def rolling(name: str) -> ResponseReturnValue:
    """The script of today; pages have a new one within minutes of an upgrade."""
    return _serve(current_release(name), ROLLING)


@blueprint.get("/v1/nexnotify-sw.js")
def push_worker() -> ResponseReturnValue:
    """The file that a merchant puts on the shop's own domain, by which browsers take pushes."""
    return _serve(current_release(PUSH_WORKER), ROLLING)


@blueprint.get("/<version>/nexnotify.js", defaults={"name": WIDGET})
@blueprint.get("/<version>/track.js", defaults={"name": TRACK})
def immutable(version: str, name: str) -> ResponseReturnValue:
    """One state of the script, for ever."""
    current = current_release(name)
    release = current if version == current.version else kept_releases(name).get(version)
    if release is None:
        raise NotFound("There is no such version of the widget; take the snippet from the admin anew.")
    return _serve(release, IMMUTABLE)


def _serve(release: Release, caching: str) -> Response:
    packed = request.accept_encodings["gzip"] > 0
    answer = Response(release.packed if packed else release.content, content_type="text/javascript; charset=utf-8")
    if packed:
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_etag(f"{release.version}{'-gz' if packed else ''}")
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Cache-Control"] = caching
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.make_conditional(request)
    return answer
