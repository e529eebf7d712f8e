"""Storefront code: the two codes that count views and orders on the shop's pages, and whether they are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Regexp

from nexnotify.clock import to_local, utcnow
from nexnotify.content.platforms import NEXTERNAL_PAGE, PLATFORMS, Platform
from nexnotify.customers.custom_fields import OPT_IN
from nexnotify.customers.models import Customer
from nexnotify.customers.people import opt_in_field
from nexnotify.db import db, transaction
from nexnotify.errors import TooMany
from nexnotify.fetch import Busy, Unreachable, origin_of
from nexnotify.reports.storefront_code import recovered_since, sightings, views_since
from nexnotify.settings import Settings
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import merge_settings, store_settings
from nexnotify.stores.storefront_code import PATH, StorefrontCode
from nexnotify.web.admin.access import current_store, require, staff_guard
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.widget import read_page_of_shop
from nexnotify.web.code_check import judge_code
from nexnotify.web.page_check import Finding, Ours, works
from nexnotify.web.shop_page import ShopPage, read_shop_page
from nexnotify.web.widget_script import TRACK, current_release, kept_releases, script_tag, tracking_tag
from nexnotify.words import N_

bp = Blueprint("admin_storefront_code", __name__)
bp.before_request(staff_guard)

#: Days that the figures of this page are of.
DAYS = 30
#: Of a pasted page; a form that is much longer is refused before it is read.
MAX_SOURCE = 250_000
#: The action of the audit trail that keeps a check.
CHECKED = "storefront_code.checked"


def _path_of(text: str | None) -> str | None:
    """The path, of what may be a whole address, or lack its first slash."""
    text = (text or "").strip()
    try:
        text = urlsplit(text).path or "/" if "://" in text else text
    except ValueError:
        return text  # refused below
    return f"/{text}" if text and not text.startswith("/") else text


class SetupForm(FlaskForm):
    """The shop system and its confirmation page."""

    platform = SelectField(
        N_("Website Platform"), choices=[SelectChoice(key, each.name) for key, each in PLATFORMS.items()]
    )
    confirmation_url = StringField(
        N_("Confirmation Page URL"),
        [
            DataRequired(N_("Write the path of the page that follows an order.")),
            Length(max=500, message=N_("500 characters is the most.")),
            Regexp(PATH, message=N_("Write a path such as /thank-you.")),
        ],
        filters=[_path_of],
        description=N_(
            "The path of the page that follows an order, such as /thank-you. For Nexternal: %(nexternal_page)s.",
            nexternal_page=NEXTERNAL_PAGE,
        ),
    )
    require_consent = BooleanField(
        N_("Wait for the shop’s consent tool"),
        description=N_(
            "Nothing is counted until the tool says that the visitor agreed. The codes change with it: paste them anew."
        ),
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """Nexternal's path is the one its own set-up asks for, and no other shop's."""
        if not super().validate(extra_validators):
            return False
        wanted = PLATFORMS[self.platform.data].confirmation_url
        if wanted and self.confirmation_url.data != wanted:
            put_errors(
                self,
                {
                    "confirmation_url": N_(
                        "For %(name)s this is %(wanted)s.", name=PLATFORMS[self.platform.data].name, wanted=wanted
                    )
                },
            )
            return False
        if not wanted and self.confirmation_url.data == NEXTERNAL_PAGE:
            put_errors(
                self,
                {
                    "confirmation_url": N_(
                        "%(nexternal_page)s is for Nexternal alone. Write your shop’s own path.",
                        nexternal_page=NEXTERNAL_PAGE,
                    )
                },
            )
            return False
        return True


class PageForm(FlaskForm):
    """The page to look at, by its address or its source."""

    code = RadioField(
        N_("Look for"),
        choices=[
            SelectChoice("tracking", N_("The tracking code")),
            SelectChoice("order", N_("The order-confirmation code")),
        ],
        default="tracking",
    )
    page = StringField(
        N_("Address of the page"),
        [Length(max=2000, message=N_("2,000 characters is the most."))],
        filters=[lambda text: text.strip() if text else text],
        description=N_("A page that anybody can open, such as a product page."),
    )
    source = TextAreaField(
        N_("Or its source"),
        [
            Length(
                max=MAX_SOURCE,
                message=N_(
                    "%(max_source)s characters is the most. The part with the code is enough.",
                    max_source=f"{MAX_SOURCE:,}",
                ),
            )
        ],
        description=N_(
            "For the page that follows an order, which only its buyer can open: place a test order, show the "
            "page’s source (Ctrl+U in most browsers), and paste all of it here. It is read and not kept."
        ),
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """One of the two is there."""
        if not super().validate(extra_validators):
            return False
        if not (self.page.data or (self.source.data or "").strip()):
            put_errors(self, {"page": N_("Write the address of a page, or paste its source.")})
            return False
        return True


@bp.get("")
def index() -> ResponseReturnValue:
    """The set-up; once that is done, the codes, what they have told, and the check."""
    return _page()


def _page(setup: SetupForm | None = None, check: PageForm | None = None, findings: Sequence[Finding] = ()) -> str:
    store, now = current_store(), utcnow()
    chosen = store_settings(store).storefront_code
    platform = PLATFORMS.get(chosen.platform)
    field = opt_in_field(store.id)
    agreed = sa.select(sa.func.count()).where(Customer.store_id == store.id, Customer.sms_opt_in.is_(True))
    return render_template(
        "admin/storefront_code/index.html",
        setup=setup or _filled(chosen),
        platform=platform,
        chosen=chosen,
        codes=_codes(store, platform, chosen) if platform else None,
        seen=sightings(store),
        views=views_since(store, to_local(now - timedelta(days=DAYS - 1), store.zone).date()),
        recovered=recovered_since(store, now - timedelta(days=DAYS)),
        days=DAYS,
        opt_in=OPT_IN,
        field=field,
        agreed=db.session.scalar(agreed),
        domains=store_settings(store).domains,
        check=check or PageForm(formdata=None),
        findings=findings,
        works=works(findings),
    )


def _filled(chosen: StorefrontCode) -> SetupForm:
    first = next(iter(PLATFORMS))
    return SetupForm(
        formdata=None,
        data={
            "platform": chosen.platform or first,
            "confirmation_url": chosen.confirmation_url or PLATFORMS[first].confirmation_url,
            "require_consent": chosen.require_consent,
        },
    )


def _codes(store: Store, platform: Platform, chosen: StorefrontCode) -> dict[str, str]:
    """The codes as they are pasted: with the store's key, and the tags that its shop system fills in."""
    consent = {"consent": "required"} if chosen.require_consent else {}
    tags = {name: platform.tags.get(name, "") for name in ("order", "total", "currency", "email", "phone")}
    # Where the code may stand on other pages too, it looks whether it is the right one.
    page = {} if platform.confirmation_url else {"page": chosen.confirmation_url}
    told = {"nexnotify-track": "order", **consent, **page, **tags}
    return {
        "tracking": f"{script_tag(store.key)}\n{tracking_tag(store.key, consent)}",
        "tracking_pinned": f"{script_tag(store.key, pinned=True)}\n{tracking_tag(store.key, consent, pinned=True)}",
        "order": tracking_tag(store.key, told),
        "order_pinned": tracking_tag(store.key, told, pinned=True),
    }


@bp.post("")
def save() -> ResponseReturnValue:
    """Keep the set-up, and go on to the codes."""
    require("admin")
    form, now = SetupForm(), utcnow()
    if not form.validate():
        return _page(setup=form), 422
    with transaction():
        store = db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)
        changed = merge_settings(
            store, {"storefront_code": {name: form[name].data for name in StorefrontCode.model_fields}}
        )
        if changed:
            audit(store, "settings.changed", current_user.id, now, changed=changed)
    flash(
        N_("Saved. Your codes are below.") if changed else N_("Nothing was different. Your codes are below."), "success"
    )
    return redirect(url_for("admin_storefront_code.index", _anchor="review"))


@bp.post("/check")
def check() -> ResponseReturnValue:
    """Look for one of the codes on a page."""
    require("staff")
    form, now = PageForm(), utcnow()
    if not form.validate():
        return _page(check=form), 422
    try:
        findings = _look(form)
    except Busy:
        put_errors(form, {"page": N_("Another check is running. Try again in a few seconds.")})
        return _page(check=form), TooMany.status
    with transaction():
        result = "found" if works(findings) else N_("not found")
        page = "pasted source" if (form.source.data or "").strip() else form.page.data
        audit(current_store(), CHECKED, current_user.id, now, code=form.code.data, page=page, result=result)
    return _page(check=form, findings=findings)


def _look(form: PageForm) -> list[Finding]:
    store = current_store()
    installation: Settings = current_app.extensions["nexnotify"].settings
    releases = (current_release(TRACK), *kept_releases(TRACK).values())
    ours = Ours(
        store.key,
        installation.public_url,
        {release.version: release.integrity for release in releases},
        current_release(TRACK).version,
        store_settings(store).domains,
    )
    policies: Sequence[str] = ()
    origin, page = "", ShopPage("")
    if (form.source.data or "").strip():
        page = read_shop_page("", form.source.data or "")
    else:
        address = str(form.page.data)
        form.page.data = address = address if "://" in address else f"https://{address}"
        try:
            read = read_page_of_shop(store, installation, address)
        except Unreachable as error:
            advice = N_("If only a buyer can open it, paste its source instead.")
            return [Finding("unreachable", "bad", N_("The page could not be read. %(error)s", error=error), advice)]
        page, origin, policies = read_shop_page(read.url, read.text, read.is_whole), origin_of(read.url), read.policies
    return judge_code(page, origin, policies, ours, order=form.code.data == "order")
