"""The page Storefront code: the set-up kept, the codes made of it, the check, and what the dashboard says."""

from __future__ import annotations

import html
import re

from flask import Flask
from flask.testing import FlaskClient

from nexnotify.web.code_check import judge_code
from nexnotify.web.page_check import Ours
from nexnotify.web.shop_page import read_shop_page
from nexnotify.web.widget_script import TRACK, current_release, tracking_tag
from tests.adding_up import add_up
from tests.admin import Desk
from tests.shop import Shop
from tests.web.test_tracking import ANN, tell, told_of_the_tee, view

PAGE = "/storefront-code"


def code(page: str, name: str) -> str:
    found = re.search(rf'<code id="{name}">(.*?)</code>', page, re.DOTALL)
    assert found, name
    return html.unescape(found[1])


def test_the_path_is_read_from_what_people_paste(shop: Shop) -> None:
    desk = Desk.of(shop, "admin")
    for typed in ("/thank-you", "thank-you", " https://shop.example/thank-you?order=1001 "):
        desk.post(PAGE, platform="other", confirmation_url=typed)
        assert shop.get("settings")["storefront_code"]["confirmation_url"] == "/thank-you"


def test_what_is_no_path_stays_beside_its_field(shop: Shop) -> None:
    desk = Desk.of(shop, "admin")
    for typed in ("", "//thief.example", '/"><script>', "/a b", "/" + "x" * 500, "https://[x"):
        page = desk.post(PAGE, 422, platform="other", confirmation_url=typed)
        assert 'id="confirmation_url-error"' in page
    assert "is for Nexternal alone" in desk.post(PAGE, 422, platform="other", confirmation_url="/nexternal")
    desk.post(PAGE, 422, platform="no-such-shop", confirmation_url="/thank-you")
    assert shop.get("settings")["storefront_code"]["platform"] == ""


def test_only_the_confirmation_page_tells_orders_where_the_shop_names_it(shop: Shop) -> None:
    desk = Desk.of(shop, "admin")
    desk.post(PAGE, platform="woocommerce", confirmation_url="/checkout/order-received")
    assert ' data-page="/checkout/order-received"' in code(desk.page(PAGE), "order-code")
    desk.post(PAGE, platform="nexternal", confirmation_url="/nexternal")
    assert "data-page" not in code(desk.page(PAGE), "order-code")


def test_tags_that_a_shop_system_is_known_to_fill_in_stand_in_the_code(shop: Shop) -> None:
    desk = Desk.of(shop, "admin")
    desk.post(PAGE, platform="bigcommerce", confirmation_url="/order-confirmation")
    text = code(desk.page(PAGE), "order-code")
    assert ' data-order="%%ORDER_ID%%" data-total="%%ORDER_AMOUNT%%" data-currency=""' in text
    desk.post(PAGE, platform="nexternal", confirmation_url="/nexternal")
    page = desk.page(PAGE)
    assert ' data-order="" data-total="" ' in code(page, "order-code")
    assert "Which tags Nexternal fills in there we do not know" in page


def test_waiting_for_consent_stands_in_every_code(shop: Shop) -> None:
    desk = Desk.of(shop, "admin")
    for ticked, count in (({"require_consent": "y"}, 1), ({}, 0)):
        desk.post(PAGE, platform="nexternal", confirmation_url="/nexternal", **ticked)
        page = desk.page(PAGE)
        for name in ("tracking-code", "tracking-code-pinned", "order-code", "order-code-pinned"):
            assert code(page, name).count('data-consent="required"') == count


def test_a_store_s_name_of_the_opt_in_is_the_one_to_use(shop: Shop) -> None:
    desk = Desk.of(shop, "admin")
    desk.post(PAGE, platform="nexternal", confirmation_url="/nexternal")
    assert code(desk.page(PAGE), "opt-in-name") == "I would like to receive SMS messages"


def test_the_tracking_script_has_the_widget_s_two_addresses(client: FlaskClient, app: Flask) -> None:
    release = current_release(TRACK)
    rolling = client.get("/widget/v1/track.js")
    pinned = client.get(f"/widget/{release.version}/track.js")
    assert rolling.data == pinned.data
    assert "max-age=300" in rolling.headers["Cache-Control"]
    assert "immutable" in pinned.headers["Cache-Control"]
    assert client.get(f"/widget/{current_release().version}/track.js").status_code == 404
    with app.app_context():
        tag = tracking_tag("nn_key", {}, pinned=True)
    assert f'integrity="{release.integrity}" crossorigin="anonymous" data-nexnotify-track data-store="nn_key"' in tag


# --- the check -------------------------------------------------------------------------------------------------------

OURS = Ours("nn_ours", "https://notify.example", {"v1.abc": "sha384-x"}, "v1.abc", ["https://shop.example"])
SRC = "https://notify.example/widget/v1/track.js"


def codes_found(
    source: str, *, order: bool = False, origin: str = "https://shop.example", policy: str = ""
) -> set[str]:
    page = read_shop_page("https://shop.example/p", source)
    return {finding.code for finding in judge_code(page, origin, [policy] if policy else [], OURS, order=order)}


def test_the_check_tells_what_is_wrong_with_a_code() -> None:
    ours = f'<script async src="{SRC}" data-nexnotify-track data-store="nn_ours"></script>'
    order = f'<script async src="{SRC}" data-nexnotify-track="order" data-store="nn_ours" data-order="%s"></script>'
    assert codes_found(ours) == {"found"}
    assert codes_found("<p>") == codes_found(order) == codes_found(f"<!--{ours}-->") == {"missing"}
    assert codes_found(order % "1001", order=True) == {"found", "number"}
    assert codes_found(order % "", order=True) == {"found", "no_number"}
    assert codes_found(order % "[[order]]", order=True) == {"found", "tag_not_filled"}
    assert codes_found(ours.replace("nn_ours", "nn_theirs")) == {"wrong_key"}
    assert codes_found(ours.replace("notify.example", "other.example")) == {"other_server"}
    assert codes_found(ours.replace("src=", "data-src=")) == {"held", "found"}
    assert codes_found(ours.replace("/v1/", "/v1.old/")) == {"found", "unknown_version"}
    assert codes_found(ours, origin="https://thief.example") == {"found", "domain"}
    assert codes_found(ours, policy="script-src 'self'") == {"found", "script_src"}
    assert codes_found(ours, policy="script-src 'self' https://notify.example; connect-src 'self'") == {
        "found",
        "connect_src",
    }


def test_a_check_needs_a_page_or_its_source(shop: Shop) -> None:
    Desk.of(shop, "admin").post(PAGE, platform="nexternal", confirmation_url="/nexternal")
    desk = Desk.of(shop, "staff")
    assert 'id="page-error"' in desk.post(f"{PAGE}/check", 422, code="order")
    assert "The page could not be read." in desk.post(f"{PAGE}/check", 200, code="order", page="127.0.0.1:1")


# --- the dashboard ---------------------------------------------------------------------------------------------------


def test_the_dashboard_tells_the_rate_and_the_orders_only_where_there_are_any(shop: Shop) -> None:
    desk = Desk.of(shop, "viewer")
    told_of_the_tee(shop)
    quiet = desk.page("")
    assert "Sign-up rate" not in quiet
    assert "Orders after an alert" not in quiet
    shop.stock("TEE-M", 0)
    for _ in range(4):
        view(shop)
    view(shop, what="signup")
    tell(shop, "orders", order="1001", total="20.00", phone=ANN, consent=True)
    add_up(shop)
    text = " ".join(re.sub(r"<[^>]+>", " ", desk.page("")).split())
    assert "Sign-up rate 25.0 % of 4 views of what shoppers could ask for" in text
    assert "Orders after an alert 1 (0 won, 1 assisted), 20.00 USD; 1 by the word of a page alone" in text
