"""The widget: how it gets onto the shop, how it looks there, and whether it works."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.catalog.models import Product, Variant
from nexnotify.clock import utcnow
from nexnotify.content.contrast import PAIRS, WORN, poor
from nexnotify.content.widget_texts import pick_language
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid, TooMany
from nexnotify.fetch import Busy, Page, Unreachable, fetch_page, origin_of
from nexnotify.inventory.available import STATUSES
from nexnotify.reports.widget import CHECKED, FAILS, WORKS, last_asked, last_check
from nexnotify.settings import Settings
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import merge_settings, store_settings
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.widget_forms import CheckForm, DomainForm, LookForm
from nexnotify.web.page_check import Finding, Ours, judge, works
from nexnotify.web.shop_page import read_shop_page
from nexnotify.web.signups import CHANNELS
from nexnotify.web.widget_config import Choice, Offer, config_json, find_offers
from nexnotify.web.widget_script import current_release, kept_releases, script_tag
from nexnotify.words import N_

bp = Blueprint("admin_widget", __name__)
bp.before_request(staff_guard)


@bp.get("")
def index() -> ResponseReturnValue:
    """The snippet, the colours, the check."""
    return _page()


def _page(
    look: LookForm | None = None,
    check: CheckForm | None = None,
    findings: Sequence[Finding] = (),
    add: str | None = None,
    status: int = 422,
) -> ResponseReturnValue:
    """The page, with a form as it was typed and with what a check found.

    :param add: the origin that one press may add to the domains.
    :param status: of the answer where a form was refused.
    """
    store, settings, asked = current_store(), store_settings(current_store()), last_asked(current_store())
    context: dict[str, Any] = {
        "rolling": script_tag(store.key),
        "pinned": script_tag(store.key, pinned=True),
        "public_url": _installation().public_url,
        "look": look or LookForm.of(settings.widget),
        "poor": list(poor(settings.widget.colours)),
        "colours": {"pairs": [_pair(pair) for pair in PAIRS], "worn": WORN},
        "check": check or CheckForm(formdata=None, data={"page": _a_page(store)}),
        "findings": findings,
        "works": works(findings),
        "add": add,
        "last_check": last_check(store),
        "last_asked": asked,
        "ago": _ago(utcnow() - asked.at) if asked else "",
        "domains": settings.domains,
        "off": [status for status in STATUSES if not _offered(store, status)],
    }
    body = render_template("admin/widget/index.html", **context)
    return (body, status) if (look and look.errors) or (check and check.errors) else body


def _pair(pair: Any) -> dict[str, Any]:
    return {"ink": pair.ink, "ground": pair.ground, "least": pair.least, "words": pair.words}


def _installation() -> Settings:
    settings: Settings = current_app.extensions["nexnotify"].settings
    return settings


def _offered(store: Store, status: str) -> list[str]:
    return [channel for channel in store_settings(store).switches.offered(status) if channel in CHANNELS]


def _ago(time: timedelta) -> str:
    """ "5 minutes ago": the largest unit that fits."""
    seconds = max(int(time.total_seconds()), 0)
    units = (
        (86_400, N_("1 day ago"), N_("%(number)s days ago", number=seconds // 86_400)),
        (3_600, N_("1 hour ago"), N_("%(number)s hours ago", number=seconds // 3_600)),
        (60, N_("1 minute ago"), N_("%(number)s minutes ago", number=seconds // 60)),
    )
    for length, one, many in units:
        if number := seconds // length:
            return one if number == 1 else many
    return N_("just now")


def _a_page(store: Store) -> str:
    """A page to begin with: the last one looked at, else that of the newest product."""
    if check := last_check(store):
        return check.page
    statement = sa.select(Product.url).where(Product.store_id == store.id, Product.published, Product.url.is_not(None))
    return db.session.scalar(statement.order_by(Product.id.desc()).limit(1)) or ""


# --- colours -------------------------------------------------------------------------------------------------------


@bp.post("/look")
def save_look() -> ResponseReturnValue:
    """Set the colours."""
    require("admin")
    form = LookForm()
    if form.validate():
        try:
            _save({"widget": form.look()})
        except Invalid as error:
            put_errors(form, error.fields)
        else:
            flash(N_("Colours saved. Your shop shows them within seconds."), "success")
            return redirect(url_for("admin_widget.index", _anchor="look"))
    return _page(look=form)


@bp.post("/look/reset")
def reset_look() -> ResponseReturnValue:
    """Back to the shop's own look."""
    require("admin")
    _save({"widget": {}})
    flash(N_("The widget is as your shop has it again."), "success")
    return redirect(url_for("admin_widget.index", _anchor="look"))


def _save(changes: dict[str, Any]) -> None:
    now = utcnow()
    with transaction():
        store = db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)
        changed = merge_settings(store, changes)
        if changed:
            audit(store, "settings.changed", current_user.id, now, changed=changed)


@bp.get("/preview")
def preview() -> ResponseReturnValue:
    """The widget itself on an empty page, for the frame of the colours. It asks nobody and sends nothing."""
    store = current_store()
    product = Product(external_id="example", title=N_("Example"), published=True)
    variant = Variant(external_id="example", sku="EXAMPLE", options={})
    choice = Choice(variant, "sold_out", CHANNELS)
    config = config_json(store, Offer(product, [choice], choice), pick_language(store.locale))
    config["look"] = store_settings(store).widget.chosen
    answer = make_response(render_template("admin/widget/preview.html", config=config))
    return _framed(answer)


def _framed(answer: Response) -> Response:
    """This one page may stand in a frame, and only in one of ours."""
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    )
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


# --- is it installed? ----------------------------------------------------------------------------------------------


@bp.post("/check")
def check_page() -> ResponseReturnValue:
    """Read a page of the shop and say what stands in the widget's way there."""
    require("staff")
    form = CheckForm()
    if not form.validate():
        return _page(check=form)
    address, now = str(form.page.data), utcnow()
    address = address if "://" in address else f"https://{address}"
    form.page.data = address
    try:
        findings, add = _look_at(address)
    except Busy:
        put_errors(form, {"page": N_("Another check is running. Try again in a few seconds.")})
        return _page(check=form, status=TooMany.status)
    with transaction():
        result = WORKS if works(findings) else FAILS
        audit(current_store(), CHECKED, current_user.id, now, page=address, result=result)
    return _page(check=form, findings=findings, add=add)


def _look_at(address: str) -> tuple[list[Finding], str | None]:
    """What is to say about a page, and its origin if only that is missing among the domains."""
    store, installation = current_store(), _installation()
    try:
        page = read_page_of_shop(store, installation, address)
    except Unreachable as error:
        advice = N_("Open it in a private window: is it there, without a password, and not only within your network?")
        return [Finding("unreachable", "bad", N_("The page could not be read. %(error)s", error=error), advice)], None
    shop_page = read_shop_page(page.url, page.text, page.is_whole)
    releases = {release.version: release.integrity for release in (current_release(), *kept_releases().values())}
    origin, domains = origin_of(page.url), store_settings(store).domains
    ours = Ours(
        store.key,
        installation.public_url,
        releases,
        current_release().version,
        domains,
        {named: _state(offer) for named, offer in find_offers(store, shop_page.products).items()},
    )
    findings = judge(shop_page, origin, page.policies, ours)
    return findings, origin if any(finding.code == "domain" for finding in findings) else None


def read_page_of_shop(store: Store, installation: Settings, address: str) -> Page:
    """A public page, as anybody on the internet would see it.

    :raises Unreachable: with the reason.
    :raises Busy: another one is being read.
    """
    return fetch_page(address, installation.readable_origins, reader=store.id)


def _state(offer: Offer) -> str:
    """What the widget would find for a product: its status, "in_stock" or "off"."""
    shown = [offer.chosen] if offer.chosen else list(offer.choices)
    askable = [choice for choice in shown if choice.channels]
    if askable:
        return askable[0].status
    return "in_stock" if all(choice.status == "in_stock" for choice in shown) else "off"


@bp.post("/domains")
def add_domain() -> ResponseReturnValue:
    """Let one more origin carry the widget."""
    require("admin")
    form = DomainForm()
    if not form.validate():
        raise Invalid(N_("That is not the address of a shop; write it like https://shop.example."))
    origin = str(form.origin.data)
    domains = store_settings(current_store()).domains
    if origin not in domains:
        _save({"domains": [*domains, origin]})
    flash(N_("%(origin)s may carry the widget now. Check the page again.", origin=origin), "success")
    return redirect(url_for("admin_widget.index", _anchor="check"))
