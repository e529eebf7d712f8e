"""Every address of the admin that changes something: who may do it, and that the audit trail says it was done.

Who may is read from the views themselves; what is done stands in a table that has to name every one of them.
"""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule

from nexnotify.campaigns.models import Send
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.gateways.models import GatewayInstance
from nexnotify.imports.models import ImportRun
from nexnotify.ledger.models import Message
from nexnotify.reports.audit import ACTIONS
from nexnotify.restock.models import RestockEvent
from nexnotify.stores import guesses
from nexnotify.stores.models import ROLES, AuditEntry
from nexnotify.stores.people import find_person
from nexnotify.web.admin.access import MAY_EXPORT, MAY_REVEAL
from tests.admin import Desk, door
from tests.shop import PASSWORD, Shop
from tests.totp import code_of
from tests.web.test_admin_access import lived_in
from tests.web.test_admin_minimums import AS_THE_STORE
from tests.web.test_admin_settings import FORM

ANN = "ann@acme.example"

#: Forms and buttons that ask for no role, and why that is right.
EVERYBODYS = {
    "admin.change_store": "leads to stores one belongs to",
    "admin.hide_steps": "puts one's own first steps away",
    "admin.show_steps": "brings them back",
}
#: Blueprints about oneself alone.
OWN = {"admin_account"}
#: Changes that leave no line in the audit trail, and why.
UNWRITTEN = {
    "admin.change_store": "chooses what one looks at; nothing of the store changes",
    "admin_gateways.check": "writes down what the provider said, which is no setting; the page shows it with its time",
}
UNWRITTEN["admin_holds.try_call"] = "keeps a unit for a moment, for nobody; that there was an answer is no setting"
UNWRITTEN["admin_corrections.write"] = "looks at words that nobody has confirmed, and keeps nothing"
_DRAFT = "a draft reaches nobody; that it was confirmed is written down, with its words"
UNWRITTEN |= {f"admin_sends.{name}": _DRAFT for name in ("select", "bulk", "one", "new", "write", "discard")}
#: Looks that are written down, though nothing changes.
LOOKED = {"admin_widget.check_page", "admin_storefront_code.check", "admin_customers.reveal", "admin_customers.export"}


def admin_rules(app: Flask, method: str) -> list[Rule]:
    found = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin")]
    return [rule for rule in found if method in (rule.methods or ())]


# --- who may -----------------------------------------------------------------------------------------------------------


def needed_role(app: Flask, endpoint: str, method: str) -> str | None:
    """The weakest role that a view asks for, by its decorator or by its first call of ``require``."""
    view = app.view_functions[endpoint]
    declared: str | None = getattr(view, "required_role", None)
    if declared:
        return declared
    plain = inspect.unwrap(view)
    body = ast.parse(textwrap.dedent(inspect.getsource(plain))).body[0]
    shown_at = min((node.lineno for node in ast.walk(body) if _answers_get(node)), default=10**6)
    for node in sorted((node for node in ast.walk(body) if isinstance(node, ast.Call)), key=lambda node: node.lineno):
        if isinstance(node.func, ast.Name) and node.func.id == "require":
            if method == "GET" and node.lineno > shown_at:
                return None
            word = node.args[0]
            return str(word.value if isinstance(word, ast.Constant) else plain.__globals__[ast.unparse(word)])
    return None


def _answers_get(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "request.method == 'GET'"


def _address(rule: Rule, ids: Mapping[str, int]) -> str:
    """The rule's address with the ids of a shop, and ids that nobody has where people would be sent away."""
    numbers = {name for name in rule.arguments if isinstance(rule._converters[name], IntegerConverter)}
    values = {
        name: ids.get(name.removesuffix("_id"), 987654) if name in numbers else "outbox" for name in rule.arguments
    }
    return url_for(rule.endpoint, **values)


def test_every_button_asks_for_a_role_or_is_everybodys_on_purpose(app: Flask) -> None:
    for rule in admin_rules(app, "POST"):
        if needed_role(app, rule.endpoint, "POST") is None and rule.endpoint.partition(".")[0] not in OWN:
            assert rule.endpoint in EVERYBODYS, f"{rule.endpoint} asks for no role; say why in EVERYBODYS"


def test_seeing_and_taking_personal_data_ask_for_a_permission_of_their_own(app: Flask) -> None:
    """That both are written down: the first in LOOKED below, exports in test_admin_exports.py."""
    rules = [*admin_rules(app, "GET"), *admin_rules(app, "POST")]
    for word, role in (("reveal", MAY_REVEAL), ("export", MAY_EXPORT)):
        found = {rule.endpoint for rule in rules if word in rule.rule}
        assert found
        for endpoint in found:
            method = "GET" if any(rule.endpoint == endpoint for rule in admin_rules(app, "GET")) else "POST"
            needed = needed_role(app, endpoint, method)
            assert needed is not None, endpoint
            assert ROLES.index(needed) <= ROLES.index(role), f"{endpoint} is open to {needed}"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_role_opens_what_it_may_and_nothing_else(app: Flask, shop: Shop, client: FlaskClient) -> None:
    ids = lived_in(shop)
    browsers = {role: shop.sign_in(f"{role}@acme.example", role) for role in reversed(ROLES)}
    token = {role: Desk(browser).token() for role, browser in browsers.items()}
    page = client.get("/admin/login").get_data(as_text=True)
    outside = page.split('csrf-token" content="')[1].split('"')[0]
    with app.test_request_context():
        walk = [(method, rule, _address(rule, ids)) for method in ("GET", "POST") for rule in admin_rules(app, method)]
    for method, rule, address in walk:
        needed = needed_role(app, rule.endpoint, method)
        for role, browser in browsers.items():
            answer = browser.open(
                address, method=method, data={"csrf_token": token[role]} if method == "POST" else None
            )
            answer.close()
            allowed = needed is None or ROLES.index(role) <= ROLES.index(needed)
            assert (answer.status_code == 403) is not allowed, f"{method} {address} as {role}: {answer.status_code}"
            assert answer.status_code < 500, f"{method} {address} as {role}"
        answer = client.open(address, method=method, data={"csrf_token": outside} if method == "POST" else None)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/admin/login"), address


# --- and it is written down ------------------------------------------------------------------------------------------------


@dataclass
class Deed:
    """One change: where, what is typed, and what has to be so before."""

    path: str
    typed: dict[str, Any]
    status: int = 302
    before: Callable[[], None] = lambda: None


def _set(app: Flask, model: Any, number: int, **values: Any) -> Callable[[], None]:
    def change() -> None:
        with app.app_context():
            with transaction():
                db.session.execute(sa.update(model).where(model.id == number).values(**values))
            db.session.remove()

    return change


def _lock(app: Flask, email: str) -> Callable[[], None]:
    def change() -> None:
        with app.app_context():
            with transaction():
                for _ in range(6):
                    guesses.take([("password", guesses.whose(find_person(email)))], utcnow())
            db.session.remove()

    return change


def _with_second_factor(app: Flask, email: str) -> Callable[[], None]:
    def change() -> None:
        with app.app_context():
            with transaction():
                person = find_person(email)
                assert person is not None
                person.tf_primary_method, person.tf_totp_secret = "authenticator", "{}"
            db.session.remove()

    return change


def deeds(app: Flask, shop: Shop, desk: Desk) -> Iterator[tuple[str, Deed]]:
    """Every change there is, in an order in which each is possible."""
    ids = lived_in(shop)
    shop.stock("TEE-M", 0)
    shop.ask("TEE-M", "+12015550144")
    waiting = shop.requests()[-1]["id"]
    message, gateway, ben = ids["message"], ids["gateway"], "ben@acme.example"
    uncertain = _set(app, Message, message, status="uncertain", reason=None)
    paused = _set(app, GatewayInstance, gateway, paused_at=utcnow(), paused_reason="x")
    send, order = ids["send"], ids["order"]
    yield "admin_sends.select", Deed("/sends/select", {"source": "orders", "tick": order, "shown": order})
    yield "admin_sends.bulk", Deed("/sends/bulk", {"source": "orders"})
    yield "admin_sends.one", Deed("/sends/one", {"source": "orders", "id": order})
    yield "admin_sends.write", Deed(f"/sends/{send}/write", {"body": "Your order [[ordernumber]]", "when": "now"})
    yield "admin_sends.test", Deed(f"/sends/{send}/test", {"to": "+12015550150"})
    yield "admin_sends.confirm", Deed(f"/sends/{send}/confirm", {})
    yield "admin_sends.hurry", Deed(f"/sends/{send}/now", {})
    yield "admin_sends.undo", Deed(f"/sends/{send}/undo", {})
    going = _set(app, Send, send, state="sending")
    yield "admin_sends.pause", Deed(f"/sends/{send}/pause", {}, before=going)
    yield "admin_sends.resume", Deed(f"/sends/{send}/resume", {})
    yield "admin_sends.stop", Deed(f"/sends/{send}/stop", {}, before=going)
    draft = desk.id_in("/sends?state=draft", r'"/admin/sends/(\d+)"')
    yield "admin_sends.discard", Deed(f"/sends/{draft}/discard", {})
    yield "admin_sends.new", Deed("/sends/new", {"activity": "waiting_on_stock", "days": "7"})
    softly = {"name": "Softly", "trigger": "back_in_stock", "unit": "minutes", "sms_body": "[[product]]"}
    yield "admin_journeys.new", Deed("/journeys/new", softly)
    journey = ids["journey"]
    yield "admin_journeys.edit", Deed(f"/journeys/{journey}/edit", {**softly, "delay": "5"})
    yield "admin_journeys.switch_on", Deed(f"/journeys/{journey}/on", {})
    yield "admin_journeys.switch_off", Deed(f"/journeys/{journey}/off", {})
    yield "admin_journeys.delete", Deed(f"/journeys/{journey}/delete", {})
    restock = ids["restock"]
    telling = _set(app, RestockEvent, restock, state="telling", told=1)
    yield "admin_restocks.cap", Deed(f"/restocks/{restock}/cap", {"most": "5"}, before=telling)
    yield "admin_restocks.steer", Deed(f"/restocks/{restock}/recall", {})
    yield "admin_corrections.write", Deed(f"/restocks/{restock}/correction", {"sms_body": "Sorry"}, 200)
    yield "admin_corrections.confirm", Deed(f"/restocks/{restock}/correction/confirm", {"sms_body": "Sorry"})
    yield "admin_views.new", Deed("/views/new/customers?opt_in=yes", {"name": "Opted in"})
    yield "admin_views.view", Deed(f"/views/{ids['saved_view']}", {"name": "To pack and send", "shared": "y"})
    yield "admin_views.delete", Deed(f"/views/{ids['saved_view']}/delete", {})
    spare = {"name": "Spare", "rate": "0"}
    yield "admin.change_store", Deed(f"/store/{shop.store_id}", {})
    yield "admin.hide_steps", Deed("/first-steps/hide", {})
    yield "admin.show_steps", Deed("/first-steps/show", {})
    yield "admin_settings.index", Deed("/settings", {**FORM, "threshold": "3"})
    expectations = {"likely_first": "y", "best_hour": "y", "scarcity_units": "3"}
    yield "admin_prediction.index", Deed("/settings/expectations", expectations)
    held = {"hold_minutes": "30", "address": "https://shop.example/holds", "secret": "a secret of both sides"}
    yield "admin_holds.index", Deed("/settings/holds", held)
    yield "admin_holds.try_call", Deed("/settings/holds/try", {"sku": "TEE-M"}, 200)
    north = {"name": "North", "key": "north", "locations": "main", "offered": "y"}
    yield "admin_regions.add", Deed("/settings/regions", north)
    region = desk.id_in("/settings/regions", r'/regions/(\d+)" aria-label="Change North')
    yield "admin_regions.region", Deed(f"/settings/regions/{region}", {**north, "name": "The north"})
    yield "admin_regions.delete", Deed(f"/settings/regions/{region}/delete", {})
    yield "admin_settings.create_key", Deed("/settings/keys", {"name": "Warehouse"}, 200)
    yield "admin_settings.revoke_key", Deed(f"/settings/keys/{ids['key']}/revoke", {})
    credits = {"credits_per_segment": "12", "low_credit_below": "60"}
    yield "admin_credits.change_settings", Deed("/settings/credits/settings", credits)
    yield "admin_credits.buy", Deed("/settings/credits/buy", {"pack": "2000", "payment": str(ids["payment"])})
    yield "admin_credits.confirm_paid", Deed(f"/settings/credits/purchases/{ids['purchase']}/paid", {})
    second = desk.id_of("/settings/credits", "settings/credits/purchases")
    yield "admin_credits.cancel", Deed(f"/settings/credits/purchases/{second}/cancel", {})
    yield "admin_payments.edit", Deed("/settings/payments/invoice", {"instructions": "To our bank.", "active": "y"})
    alert = {"step": "3", "sold_out_sms": "y", "to_phone": "ToPhone", "message": "Message", "name": "Back"}
    yield "admin_alerts.new", Deed("/settings/alerts/new", alert)
    yield "admin_alerts.pause", Deed("/settings/alerts/pause", {})
    yield "admin_alerts.resume", Deed("/settings/alerts/resume", {})
    yield "admin_compatible.save_tenant", Deed("/settings/compatible", {"platform_tenant_id": "12345"})
    yield "admin_compatible.save_licence", Deed("/settings/compatible/licence", {"licence": "a-licence-key"})
    customer, field = ids["customer"], ids["custom_field"]
    yield "admin_customers.reveal", Deed(f"/customers/{customer}/reveal", {}, 200)
    yield "admin_customers.export", Deed(f"/customers/{customer}/export", {}, 200)
    yield "admin_customers.set_fields", Deed(f"/customers/{customer}/fields", {f"field-{field}": "yes"})
    yield "admin_customers.erase", Deed(f"/customers/{customer}/erase", {"typed": "Ann"})
    yield "admin_custom_fields.add", Deed("/customers/fields", {"name": "Size", "type": "text"})
    yield "admin_custom_fields.field", Deed(f"/customers/fields/{field}", {"name": "Texts?"})
    yield "admin_custom_fields.move", Deed(f"/customers/fields/{field}/move", {"to": "down"})
    size = desk.id_in("/customers/fields", r'/fields/(\d+)" aria-label="Change Size')
    yield "admin_custom_fields.delete", Deed(f"/customers/fields/{size}/delete", {"typed": "Size"})
    yield "admin_widget.check_page", Deed("/widget/check", {"page": "http://127.0.0.1:9/"}, 200)
    setup = {"platform": "nexternal", "confirmation_url": "/nexternal"}
    yield "admin_storefront_code.save", Deed("/storefront-code", setup)
    yield "admin_storefront_code.check", Deed("/storefront-code/check", {"code": "order", "source": "<p>"}, 200)
    yield "admin_widget.add_domain", Deed("/widget/domains", {"origin": "https://shop.example"})
    yield "admin_widget.save_look", Deed("/widget/look", {"accent": "#0b6a7c"})
    yield "admin_widget.reset_look", Deed("/widget/look/reset", {})
    yield "admin_gateways.add", Deed("/gateways/add/outbox", spare)
    yield "admin_gateways.edit", Deed(f"/gateways/{gateway}", {"name": "Renamed", "rate": "5"})
    yield (
        "admin_gateways.set_costs",
        Deed(f"/gateways/{gateway}/prices", {"price_text": "0.01", "price_currency": "USD"}),
    )
    yield "admin_gateways.resume_sending", Deed(f"/gateways/{gateway}/resume", {}, before=paused)
    yield "admin_gateways.sender", Deed(f"/gateways/{gateway}/sender", {})
    yield "admin_gateways.check", Deed(f"/gateways/{gateway}/check", {})
    yield "admin_gateways.send_test", Deed(f"/gateways/{gateway}/test", {"to": "+12015550199"})
    yield "admin_messages.leave", Deed(f"/messages/{message}/leave", {}, before=uncertain)
    yield "admin_messages.send_again", Deed(f"/messages/{message}/send-again", {}, before=uncertain)
    yield (
        "admin_products.set_stock",
        Deed(f"/products/variants/{ids['variant']}/stock", {"location": "main", "on_hand": "3"}),
    )
    substitutes = Deed(f"/products/{ids['product']}/substitutes", {"substitutes": "tee-m"})
    yield "admin_products.choose_substitutes", substitutes
    yield (
        "admin_products.set_alerts",
        Deed(f"/products/{ids['product']}/alerts", {**AS_THE_STORE, "alerts": "y", "threshold": "5"}),
    )
    yield (
        "admin_products.set_minimum",
        Deed(f"/products/variants/{ids['variant']}/minimum", {"threshold": "5", "min_order_quantity": "1"}),
    )
    yield (
        "admin_products.set_unavailable",
        Deed(f"/products/variants/{ids['variant']}/unavailable", {"unavailable_as": "backordered"}),
    )
    yield (
        "admin_templates.edit",
        Deed(f"/templates/{ids['template']}", {"subject": "", "body": "[[store]]: an order."}),
    )
    eye = desk.id_in("/templates", r"/admin/templates/(\d+)/switch")
    yield "admin_templates.switch", Deed(f"/templates/{eye}/switch", {"active": "0"})
    made = {"name": "Summer", "kind": "order_sent", "channel": "sms", "product_status": ""}
    yield "admin_templates.new", Deed("/templates/new", made)
    own = desk.id_in("/templates", r'/admin/templates/(\d+)"><bdi>Summer')
    yield "admin_templates.rename", Deed(f"/templates/{own}/name", {"name": "Autumn"})
    yield "admin_templates.delete", Deed(f"/templates/{own}/delete", {})
    file, run = (io.BytesIO(b"id\nc9\n"), "people.csv"), ids["import_run"]
    yield "admin_imports.index", Deed("/import", {"kind": "customers", "file": file})
    tried = _set(app, ImportRun, run, status="checked", taken=1)
    yield "admin_imports.begin", Deed(f"/import/{run}/begin", {}, before=tried)
    yield "admin_imports.cancel", Deed(f"/import/{run}/cancel", {})
    yield "admin_texts.index", Deed("/settings/texts", {"order_texts": "y", "merchant_number": "+12015550150"})
    yield "admin_waitlist.cancel", Deed(f"/waitlist/requests/{waiting}/cancel", {})
    yield "admin_waitlist.erase", Deed(f"/waitlist/requests/{waiting}/erase", {"typed": str(waiting)})
    yield "admin_staff.add", Deed("/staff/invitations", {"email": "new@acme.example", "role": "staff"}, 200)
    invitation = desk.id_in("/staff", r"/staff/invitations/(\d+)/resend")
    yield "admin_staff.resend", Deed(f"/staff/invitations/{invitation}/resend", {}, 200)
    yield "admin_staff.take_back", Deed(f"/staff/invitations/{invitation}/withdraw", {})
    shop.sign_in(ben, "viewer")
    person = desk.id_in("/staff", rf'/staff/(\d+)" aria-label="Manage {ben}')
    yield "admin_staff.set_role", Deed(f"/staff/{person}/role", {"role": "staff"})
    yield "admin_staff.unlock", Deed(f"/staff/{person}/unlock", {}, before=_lock(app, ben))
    yield "admin_staff.end_all_sessions", Deed(f"/staff/{person}/end-sessions", {})
    yield (
        "admin_staff.second_factor_off",
        Deed(f"/staff/{person}/second-factor/off", {}, before=_with_second_factor(app, ben)),
    )
    yield "admin_staff.remove", Deed(f"/staff/{person}/remove", {})
    secret = desk.word_in("/account/second-factor", r'id="totp-secret">([^<]+)<')
    yield "admin_account.second_factor", Deed("/account/second-factor", {"code": code_of(secret)}, 200)
    yield "admin_account.recovery_codes", Deed("/account/recovery-codes", {}, 200)
    yield "admin_staff.require_second_factor", Deed("/staff/second-factor", {"required": "on"})
    desk.post("/staff/second-factor")
    yield "admin_account.second_factor_off", Deed("/account/second-factor/off", {})
    for name in ("end_one", "end_others"):
        door(app.test_client(), "/admin/login", email=ANN, password=PASSWORD)
        number = desk.id_in("/account", r"/account/sessions/(\d+)/end")
        path = f"{number}/end" if name == "end_one" else "end-others"
        yield f"admin_account.{name}", Deed(f"/account/sessions/{path}", {})
    yield "admin_account.language", Deed("/account/language", {"language": "de"})
    yield "admin_account.password", Deed("/account/password", {"current": PASSWORD, "password": "a better battery"})


def snapshot(app: Flask) -> tuple[set[str], list[str]]:
    """Every row of every table but the audit trail, and the trail's actions in their order."""
    with app.app_context():
        rows = {
            f"{table.name}: {tuple(row)}"
            for table in db.metadata.sorted_tables
            if table.name != "audit_entry"
            for row in db.session.execute(sa.select(table))
        }
        trail = list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))
        db.session.remove()
    return rows, trail


def test_every_change_leaves_a_line_in_the_audit_trail(app: Flask, shop: Shop) -> None:
    desk, done = Desk(shop.sign_in(ANN)), set()
    for endpoint, deed in deeds(app, shop, desk):
        deed.before()
        rows, trail = snapshot(app)
        desk.post(deed.path, deed.status, **deed.typed)
        after, written = snapshot(app)
        done.add(endpoint)
        new = written[len(trail) :]
        if endpoint in UNWRITTEN:
            assert new == [], f"{endpoint} is written down: take it from UNWRITTEN"
            continue
        assert after != rows or endpoint in LOOKED, f"{endpoint} changed nothing: its deed is wrong"
        assert new, f"{endpoint} left no line in the audit trail"
        assert set(new) <= ACTIONS.keys(), f"reports/audit.py has no words for {new}"
    assert done == {rule.endpoint for rule in admin_rules(app, "POST")}, "a button without a deed in this table"
