"""Settings, Credits: buying packs, the ledger, and what payment providers tell us."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from nexnotify.cli import cli
from nexnotify.credits.loader import load_payments
from nexnotify.credits.packs import Pack, price_words, read_packs
from nexnotify.reports.doctor import findings
from nexnotify.settings import Settings
from tests.admin import Desk
from tests.credits import Account, account, assert_books_balance, entries, grant, with_credits
from tests.rows import everything
from tests.shop import Shop
from tests.stages.test_claims import numbers, queue_for, statuses
from tests.stubs.stripe_stub import SECRET_KEY, WEBHOOK_SECRET, StripeStub

CREDITS = "/settings/credits"


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Pages need no second database; the ledger has its own tests on both."""
    path = tmp_path / "nexnotify.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def stripe() -> Iterator[StripeStub]:
    with StripeStub() as stub:
        yield stub


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """An owner of a store that pays with credits and has none."""
    with_credits(shop, 0)
    return Desk.of(shop, "owner")


@pytest.fixture
def till(desk: Desk, stripe: StripeStub) -> Desk:
    """The same, with Stripe set up."""
    desk.post(
        "/settings/payments/stripe",
        secret_key=SECRET_KEY,
        webhook_secret=WEBHOOK_SECRET,
        api_base=stripe.url,
        active="y",
    )
    return desk


def way(desk: Desk, label: str) -> str:
    """The number of a way to pay, as the form has it."""
    found = re.search(rf'name="payment"[^>]*value="(\d+)"[^<]*<label[^>]*>{label}<', desk.raw(CREDITS))
    assert found is not None, label
    return found.group(1)


def buy(desk: Desk, label: str, pack: int = 1000) -> str:
    """Order a pack; the path of the purchase's page."""
    address = desk.post(f"{CREDITS}/buy", pack=str(pack), payment=way(desk, label))
    found = re.search(r"/settings/credits/purchases/\d+", address)
    assert found is not None, address
    return found.group(0)


def call(shop: Shop, desk: Desk, event: tuple[bytes, dict[str, str]]) -> TestResponse:
    """Stripe calls the address that the settings page shows."""
    found = re.search(r"/hooks/\d+/[\w-]+", desk.raw("/settings/payments/stripe"))
    assert found is not None
    return shop.client.post(found.group(0), data=event[0], headers=event[1])


# --- invoice ---------------------------------------------------------------------------------------------------------


def test_an_invoice_is_pending_until_an_owner_confirms_it(shop: Shop, desk: Desk) -> None:
    desk.post("/settings/payments/invoice", instructions="To our bank.", active="y")
    purchase = buy(desk, "Invoice", 2000)
    page = desk.page(purchase)
    assert "Not paid yet" in page
    assert "To our bank." in page
    assert "38.00 USD" in page
    assert account(shop) == Account(0, 0)
    for _ in range(2):  # pressed twice, it is paid once
        desk.post(f"{purchase}/paid")
    assert account(shop) == Account(2000, 0)
    assert "Paid" in desk.page(purchase)
    assert [(entry.kind, entry.credits) for entry in entries(shop) if entry.credits] == [("purchase", 2000)]
    trail = desk.page("/settings/audit?kind=credits")
    assert "Credits ordered" in trail
    assert "Credits paid" in trail


def test_only_an_owner_confirms_a_payment(shop: Shop, desk: Desk) -> None:
    desk.post("/settings/payments/invoice", instructions="", active="y")
    purchase = buy(desk, "Invoice")
    admin = Desk.of(shop, "admin")
    assert "It was paid" not in admin.page(purchase)
    admin.post(f"{purchase}/paid", status=403)
    admin.page("/settings/payments/invoice", status=403)
    assert account(shop) == Account(0, 0)


def test_texts_that_waited_go_when_credits_are_bought(shop: Shop, desk: Desk) -> None:
    queue_for(shop, numbers(2))
    assert statuses(shop) == ["held", "held"]
    assert "No credits left" in desk.page("")
    desk.post("/settings/payments/invoice", instructions="", active="y")
    desk.post(f"{buy(desk, 'Invoice')}/paid")
    shop.work()
    assert statuses(shop) == ["delivered", "delivered"]
    assert account(shop) == Account(1000 - 24, 0)
    assert "No credits left" not in desk.page("")


# --- Stripe ----------------------------------------------------------------------------------------------------------


def test_a_pack_paid_with_stripe_comes_once_however_often_stripe_says_so(
    shop: Shop, till: Desk, stripe: StripeStub
) -> None:
    purchase = buy(till, "Stripe", 5000)
    [session] = stripe.sessions.values()
    assert (session["amount_total"], session["currency"]) == (9000, "usd")
    assert session["success_url"].endswith(f"/admin{purchase}")
    assert session["url"] in till.raw(purchase)
    # Coming back says nothing: only Stripe does.
    assert "Not paid yet, as far as we have heard" in till.page(purchase)
    assert account(shop) == Account(0, 0)
    event = stripe.event("checkout.session.completed", stripe.pay(session["id"]))
    for _ in range(3):
        assert call(shop, till, event).status_code == 200
    assert account(shop) == Account(5000, 0)
    assert "Paid" in till.page(purchase)
    assert_books_balance(shop)


def test_the_amount_is_never_taken_from_the_call(shop: Shop, till: Desk, stripe: StripeStub) -> None:
    buy(till, "Stripe", 1000)
    [session] = stripe.sessions.values()
    told = stripe.pay(session["id"]) | {"metadata": {"credits": "1000000"}, "credits": 1_000_000}
    told |= {"amount_total": 100 * session["amount_total"]}
    assert call(shop, till, stripe.event("checkout.session.completed", told)).status_code == 200
    assert account(shop) == Account(1000, 0)


@pytest.mark.parametrize("other", [{"amount_total": 1999}, {"currency": "jpy"}])
def test_another_sum_than_the_pack_costs_brings_nothing(
    shop: Shop, till: Desk, stripe: StripeStub, other: dict[str, Any]
) -> None:
    buy(till, "Stripe", 1000)
    [session] = stripe.sessions.values()
    event = stripe.event("checkout.session.completed", stripe.pay(session["id"]) | other)
    assert call(shop, till, event).status_code == 409
    assert account(shop) == Account(0, 0)


def test_a_call_that_stripe_did_not_sign_just_now_changes_nothing(shop: Shop, till: Desk, stripe: StripeStub) -> None:
    buy(till, "Stripe")
    [session] = stripe.sessions.values()
    wrong: tuple[dict[str, Any], ...] = ({"secret": "whsec_other"}, {"age": 400.0}, {"age": -400.0})
    for options in wrong:
        event = stripe.event("checkout.session.completed", stripe.pay(session["id"]), **options)
        assert call(shop, till, event).status_code == 403, options
    assert account(shop) == Account(0, 0)


def test_a_signature_that_is_none_is_refused(shop: Shop, till: Desk, stripe: StripeStub) -> None:
    buy(till, "Stripe")
    [session] = stripe.sessions.values()
    body, headers = stripe.event("checkout.session.completed", stripe.pay(session["id"]))
    for header in ("", "t=,v1=", "t=1", "v1=ab", "t=x,v1=y", "t=1,t=2,v1=ab", "t=\xb2,v1=\xe9"):
        answer = call(shop, till, (body, headers | {"Stripe-Signature": header}))
        assert answer.status_code == 403, header
    assert account(shop) == Account(0, 0)


def test_a_body_that_was_changed_after_it_was_signed_is_refused(shop: Shop, till: Desk, stripe: StripeStub) -> None:
    buy(till, "Stripe")
    [session] = stripe.sessions.values()
    body, headers = stripe.event("checkout.session.expired", session)
    answer = call(shop, till, (body.replace(b"expired", b"completed"), headers))
    assert answer.status_code == 403


def test_a_slow_way_to_pay_counts_when_it_is_through(shop: Shop, till: Desk, stripe: StripeStub) -> None:
    buy(till, "Stripe")
    [session] = stripe.sessions.values()
    assert call(shop, till, stripe.event("checkout.session.completed", session)).status_code == 200
    assert account(shop) == Account(0, 0)
    paid = stripe.event("checkout.session.async_payment_succeeded", stripe.pay(session["id"]))
    assert call(shop, till, paid).status_code == 200
    assert account(shop) == Account(1000, 0)


def test_what_was_given_up_and_paid_all_the_same_brings_its_credits(shop: Shop, till: Desk, stripe: StripeStub) -> None:
    purchase = buy(till, "Stripe")
    [session] = stripe.sessions.values()
    till.post(f"{purchase}/cancel")
    assert call(shop, till, stripe.event("checkout.session.completed", stripe.pay(session["id"]))).status_code == 200
    assert account(shop) == Account(1000, 0)


def test_a_failed_or_expired_payment_ends_the_purchase_and_brings_nothing(
    shop: Shop, till: Desk, stripe: StripeStub
) -> None:
    first, second = buy(till, "Stripe"), buy(till, "Stripe")
    one, other = stripe.sessions.values()
    assert call(shop, till, stripe.event("checkout.session.async_payment_failed", one)).status_code == 200
    assert call(shop, till, stripe.event("checkout.session.expired", other)).status_code == 200
    assert "Not paid" in till.page(first)
    assert "Not paid" in till.page(second)
    assert account(shop) == Account(0, 0)


def test_events_about_something_else_are_taken_and_do_nothing(shop: Shop, till: Desk, stripe: StripeStub) -> None:
    buy(till, "Stripe")
    [session] = stripe.sessions.values()
    stripe.pay(session["id"])
    for kind, about in (
        ("invoice.paid", session),
        ("checkout.session.completed", session | {"client_reference_id": "f" * 32}),
        ("checkout.session.completed", session | {"client_reference_id": None}),
    ):
        assert call(shop, till, stripe.event(kind, about)).status_code == 200
    # Our reference on a session that is not the one we made.
    foreign = session | {"id": "cs_test_other"}
    assert call(shop, till, stripe.event("checkout.session.completed", foreign)).status_code == 409
    assert account(shop) == Account(0, 0)


def test_a_signed_call_that_makes_no_sense_is_refused(shop: Shop, till: Desk, stripe: StripeStub) -> None:
    for session in ([], None, "x", {"client_reference_id": "x"}):
        body = stripe.event("checkout.session.completed", session)  # type: ignore[arg-type]
        assert call(shop, till, body).status_code == 422
    assert shop.client.post("/hooks/1/wrong", data=b"{}").status_code == 404
    assert shop.client.post("/hooks/99999999999999/x", data=b"{}").status_code == 404


def test_an_order_that_stripe_refuses_costs_nothing_and_says_so(shop: Shop, till: Desk, stripe: StripeStub) -> None:
    chosen = way(till, "Stripe")
    for stripe.trouble in (401, 402, 500, 503):
        page = till.post(f"{CREDITS}/buy", pack="1000", payment=chosen)
        assert "Stripe did not take the order" in page
        assert "Nothing was charged" in page
    assert account(shop) == Account(0, 0)


def test_without_its_signing_secret_stripe_is_neither_asked_nor_believed(
    shop: Shop, desk: Desk, stripe: StripeStub
) -> None:
    desk.post("/settings/payments/stripe", secret_key=SECRET_KEY, webhook_secret="", api_base=stripe.url, active="y")
    page = desk.post(f"{CREDITS}/buy", pack="1000", payment=way(desk, "Stripe"))
    assert "signing secret is missing" in page
    assert not stripe.sessions
    event = stripe.event("checkout.session.completed", {"id": "cs_1", "client_reference_id": "f" * 32}, secret="")
    assert call(shop, desk, event).status_code == 403


def test_secrets_lie_encrypted_and_are_never_shown_again(
    shop: Shop, till: Desk, stripe: StripeStub, database_url: str
) -> None:
    page = till.raw("/settings/payments/stripe")
    assert SECRET_KEY not in page
    assert WEBHOOK_SECRET not in page
    assert "Leave empty to keep it" in page
    # Left empty, they are kept.
    till.post("/settings/payments/stripe", secret_key="", webhook_secret="", api_base=stripe.url, active="y")
    buy(till, "Stripe")
    assert len(stripe.sessions) == 1
    lying = everything(database_url)
    assert SECRET_KEY not in lying
    assert WEBHOOK_SECRET not in lying
    assert SECRET_KEY not in till.raw("/settings/audit")


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_ledger_is_listed_page_by_page_and_by_kind(shop: Shop, desk: Desk) -> None:
    for number in range(60):
        grant(shop, number + 1)
    grant(shop, -7, "correction")
    page = desk.page(CREDITS)
    assert "Next" in page
    older = re.search(r'href="([^"]*after=\d+[^"]*)"', desk.raw(CREDITS))
    assert older is not None
    assert "Previous" in desk.raw(older.group(1).removeprefix("/admin"))
    only = desk.raw(f"{CREDITS}?kind=correction")
    assert "-7" in only
    assert only.count('class="nx-lead"') == 1


def test_settings_of_credits_are_saved_audited_and_shown_by_the_api(shop: Shop, desk: Desk) -> None:
    desk.post(f"{CREDITS}/settings", credits="y", credits_per_segment="10", low_credit_below="200")
    saved = shop.get("settings")
    assert (saved["credits"], saved["credits_per_segment"], saved["low_credit_below"]) == (True, 10, 200)
    assert "credits per segment: 12 → 10" in desk.page("/settings/audit")
    page = desk.post(f"{CREDITS}/settings", status=422, credits="y", credits_per_segment="0", low_credit_below="x")
    assert "Write a number from 1 to 1,000" in page


def test_who_may_only_look_sees_the_balance_and_buys_nothing(shop: Shop, desk: Desk) -> None:
    grant(shop, 1234)
    viewer = Desk.of(shop, "viewer")
    page = viewer.page(CREDITS)
    assert "1,234" in page
    assert "Buy credits" not in page
    viewer.post(f"{CREDITS}/buy", status=403, pack="1000", payment="1")
    viewer.post(f"{CREDITS}/settings", status=403, credits="")


def test_another_stores_purchase_is_not_there(shop: Shop, desk: Desk, other_shop: Shop) -> None:
    desk.post("/settings/payments/invoice", instructions="", active="y")
    purchase = buy(desk, "Invoice")
    stranger = Desk.of(other_shop, "owner")
    stranger.page(purchase, status=404)
    stranger.post(f"{purchase}/paid", status=404)
    assert account(shop) == Account(0, 0)


def test_a_pack_that_is_not_sold_cannot_be_bought(shop: Shop, desk: Desk) -> None:
    desk.post("/settings/payments/invoice", instructions="", active="y")
    desk.post(f"{CREDITS}/buy", status=422, pack="999999", payment=way(desk, "Invoice"))
    desk.post(f"{CREDITS}/buy", status=422, pack="1000", payment="999")


# --- prices and plugins ----------------------------------------------------------------------------------------------


def test_prices_are_read_in_the_smallest_unit_of_their_currency() -> None:
    assert read_packs("20.00, 38, 90.5", "usd")[2] == Pack(5000, 9050, "USD")
    assert read_packs("3000,5600,13000", "JPY")[0] == Pack(1000, 3000, "JPY")
    assert (price_words(123456, "USD"), price_words(3000, "JPY")) == ("1,234.56 USD", "3,000 JPY")


@pytest.mark.parametrize(
    "prices, currency",
    [
        *[(prices, "USD") for prices in ("20,38", "20,38,x", "0,38,90", "-1,2,3", "1.005,2,3", "nan,2,3", "1e30,2,3")],
        ("1.5,2,3", "JPY"),
        ("1,2,3", "dollar"),
        ("1,2,3", "KWD"),
    ],
)
def test_prices_that_are_none_stop_the_start(prices: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"price|currency"):
        read_packs(prices, currency)


def test_a_broken_payment_plugin_is_named_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "crash.py").write_text("raise RuntimeError('no')")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "silent.py").write_text(
        "from nexnotify.credits.contract import Begun, Payment\n"
        "class PAYMENT(Payment):\n    key, label = 'silent', 'Silent'\n    def begin(self, order): return Begun()\n"
    )
    (tmp_path / "_draft.py").write_text("raise RuntimeError")
    found = load_payments(tmp_path)
    assert not found.kinds
    assert set(found.broken) == {"crash", "empty", "silent"}
    assert "by_hand" in found.broken["silent"]


def test_an_operator_grants_credits_and_it_is_written_down(
    shop: Shop, desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXNOTIFY_INSTANCE", str(settings.instance))
    monkeypatch.setenv("NEXNOTIFY_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("NEXNOTIFY_SECRET_KEYS", settings.secret_keys)
    queue_for(shop, numbers(1))
    with shop.app.app_context():
        assert any("wait for credits" in words for words in findings())
    assert "Buy credits in Settings" in desk.page(f"/messages/{desk.id_of('/messages', 'messages')}")
    words = ["credits", "add", "--store", shop.key, "500", "--note", "a present", "--json"]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert json.loads(done.output.splitlines()[-1]) == {"added": 500, "balance": 500}
    shop.work()
    assert statuses(shop) == ["delivered"]
    assert account(shop) == Account(488, 0)
    assert "a present" in desk.page(CREDITS)
    assert "a present" in desk.page("/settings/audit?kind=credits")
    assert CliRunner().invoke(cli, ["credits", "add", "--store", "nobody", "500"]).exit_code != 0
