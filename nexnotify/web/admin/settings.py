"""Switches and policy, API keys, and the audit trail."""

from __future__ import annotations

from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid
from nexnotify.inventory.minimums import threshold_changed
from nexnotify.nudge import nudge
from nexnotify.policy.jurisdictions import without_hours
from nexnotify.policy.quiet_hours import Window
from nexnotify.reports.audit import KINDS, audit_lines, audit_title
from nexnotify.reports.periods import PERIODS, begin_of
from nexnotify.stores.models import ApiKey, AuditEntry, StaffUser, Store
from nexnotify.stores.origins import is_of_this_machine
from nexnotify.stores.service import audit, create_api_key, revoke_api_key
from nexnotify.stores.settings import StoreSettings, merge_settings, store_settings
from nexnotify.web.admin.access import current_store, may, require, requires, staff_guard
from nexnotify.web.admin.filters import chosen, period_options, since
from nexnotify.web.admin.forms import KeyForm, put_errors
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import MAX_ID, keyset
from nexnotify.web.admin.settings_form import SettingsForm
from nexnotify.words import N_

bp = Blueprint("admin_settings", __name__)
bp.before_request(staff_guard)


def settings_tabs(current: str) -> list[tuple[str, str, bool, None]]:
    """The tabs of the settings pages; ``current`` is the endpoint of the page, without "admin_settings."."""
    shown = [
        ("index", N_("Settings")),
        ("admin_texts.index", N_("Text messages")),
        ("admin_credits.index", N_("Credits")),
        ("admin_prediction.index", N_("Expectations")),
        ("audit_trail", N_("Audit trail")),
    ]
    if may("admin"):
        shown[4:4] = [
            ("admin_holds.index", N_("Held units")),
            ("admin_compatible.index", N_("Compatible Software")),
            ("admin_alerts.index", N_("Alert subscriptions")),
            ("admin_regions.index", N_("Regions")),
            ("keys", N_("API keys")),
        ]
    return [
        (word, url_for(name if "." in name else f"admin_settings.{name}"), name == current, None)
        for name, word in shown
    ]


# --- switches and policy -------------------------------------------------------------------------------------------


@bp.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """What is sent, when, and to whom."""
    if request.method == "GET":
        form = SettingsForm.of(store_settings(current_store()))
        form.speak(current_store().locale)
        return _page(form)
    require("admin")
    form = SettingsForm()
    form.speak(current_store().locale)
    if form.validate() and _save(form):
        return redirect(url_for("admin_settings.index"))
    return _page(form), 422


def _page(form: SettingsForm) -> str:
    host = None
    ours: str = current_app.extensions["nexnotify"].settings.public_url
    if is_of_this_machine(ours):
        words = N_(
            "Such as https://go.shop.example. Empty: no short links, because NEXNOTIFY_PUBLIC_URL (%(url)s) is an address "
            "that no shopper reaches; alerts carry the product’s own address.",
            url=ours,
        )
    else:
        words = N_("Such as https://go.shop.example. Empty: %(url)s, the address of this server.", url=ours)
        host = urlsplit(ours).hostname
    tabs, closed = settings_tabs("index"), _closed(store_settings(current_store()))
    return render_template(
        "admin/settings/index.html", form=form, links_help=words, public_host=host, tabs=tabs, closed=closed
    )


def _closed(settings: StoreSettings) -> list[str]:
    """Places of the store's country to which its quiet hours and the law's hours leave no hour for texts."""
    quiet, country = settings.quiet_hours, settings.country
    found = without_hours(Window(*quiet.times), country, utcnow().date()) if quiet else []
    vague = N_("%(country)s, where the state is not known", country=country)
    return [vague if name == f"{country}-*" else name for name in found]


def _save(form: SettingsForm) -> bool:
    now = utcnow()
    try:
        with transaction():
            store = db.session.get_one(Store, current_store().id, with_for_update=True, populate_existing=True)
            changed = merge_settings(store, form.changes(store_settings(store)))
            if changed:
                audit(store, "settings.changed", current_user.id, now, changed=changed)
                threshold_changed(store, changed, now)
    except Invalid as error:
        put_errors(form, error.fields)
        return False
    nudge("restock")
    flash(N_("Settings saved.") if changed else N_("Nothing was different, so nothing was changed."), "success")
    if "quiet_hours" in changed and changed["quiet_hours"][1] is None:
        flash(
            N_("Quiet hours are off, and with them the law's hours: alerts go out at any hour of the night."), "warning"
        )
    return True


# --- API keys ------------------------------------------------------------------------------------------------------


@bp.get("/keys")
def keys() -> ResponseReturnValue:
    """The keys of the storefront API."""
    require("admin")
    return _keys_page(KeyForm(formdata=None))


def _keys_page(form: KeyForm) -> str:
    rows = db.session.scalars(
        sa.select(ApiKey).where(ApiKey.store_id == current_store().id).order_by(ApiKey.id.desc())
    ).all()
    return render_template("admin/settings/keys.html", keys=rows, form=form, tabs=settings_tabs("keys"))


@bp.post("/keys")
@requires("admin", fresh=True)
def create_key() -> ResponseReturnValue:
    """Make a key. The answer shows its secret, this once: it is kept nowhere, so there is nothing to redirect to."""
    form = KeyForm()
    if not form.validate():
        return _keys_page(form), 422
    store, now = current_store(), utcnow()
    with transaction():
        key, secret = create_api_key(store, form.name.data, now)
        audit(store, "api_key.created", current_user.id, now, name=key.name, prefix=key.prefix)
    page = render_template("admin/settings/key_created.html", key=key, secret=secret, tabs=settings_tabs("keys"))
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/keys/<int:key_id>/revoke")
@requires("admin", fresh=True)
def revoke_key(key_id: int) -> ResponseReturnValue:
    """End a key at once."""
    load(ApiKey, key_id)
    now = utcnow()
    with transaction():
        key = load(ApiKey, key_id, lock=True)
        if key.revoked_at is None:
            revoke_api_key(current_store(), key.id, now)
            audit(current_store(), "api_key.revoked", current_user.id, now, name=key.name, prefix=key.prefix)
    flash(N_("The key %(name)s is revoked; whatever uses it is refused from now on.", name=key.name), "success")
    return redirect(url_for("admin_settings.keys"))


# --- audit ---------------------------------------------------------------------------------------------------------


@bp.get("/audit")
def audit_trail() -> ResponseReturnValue:
    """Who changed what, newest first, of one person or one kind where the address says so."""
    store, kind, period = (current_store(), chosen("kind", KINDS), chosen("made", PERIODS))
    person = request.args.get("person", type=int)
    shown = sa.select(AuditEntry, StaffUser.email).outerjoin(StaffUser, StaffUser.id == AuditEntry.user_id)
    kept = [AuditEntry.store_id == store.id, *since(AuditEntry, AuditEntry.at, begin_of(period, store.zone))]
    if person is not None and 0 < person <= MAX_ID:
        kept.append(AuditEntry.user_id == person)
    way = sa.select(AuditEntry.id).where(*kept)
    ways = [way.where(AuditEntry.action == action) for action in KINDS[kind][1]] if kind else [way]
    return render_template(
        "admin/settings/audit.html",
        page=keyset(shown, ways),
        kind=kind,
        kinds=[("", N_("Everything")), *((name, words) for name, (words, _) in KINDS.items())],
        person=str(person or ""),
        people=[("", N_("Everybody")), *((str(user_id), email) for user_id, email in _acting(store))],
        period=period,
        periods=period_options(N_("At any time")),
        lines=audit_lines,
        title=audit_title,
        tabs=settings_tabs("audit_trail"),
    )


def _acting(store: Store) -> list[tuple[int, str]]:
    """Everybody who stands in the store's audit trail, also those who have left."""
    # Asked for each person: to look for them in the trail would read all of it.
    stands = sa.exists().where(AuditEntry.store_id == store.id, AuditEntry.user_id == StaffUser.id)
    rows = db.session.execute(sa.select(StaffUser.id, StaffUser.email).where(stands).order_by(StaffUser.email))
    return [(row.id, row.email) for row in rows]
