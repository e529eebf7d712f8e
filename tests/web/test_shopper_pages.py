"""The shopper's own page: a signed link that shows on GET and acts on POST."""

from __future__ import annotations

import re

import pytest

from tests.shop import Shop

ANN = "ann@mail.example"


def page_of(shop: Shop) -> str:
    """The path of Ann's page, from the email she got."""
    shop.work()
    body = shop.messages("confirmation", to=ANN)[0]["body"]
    return body.split("Changed your mind? ")[1].split()[0].removeprefix("http://127.0.0.1:8000")


@pytest.fixture
def link(shop: Shop) -> str:
    """Ann waits by email for a tee and a mug."""
    for sku, title in (("TEE-M", "Tee"), ("MUG", "Mug <b>")):
        shop.product(sku, on_hand=0, title=title)
        shop.ask_by_email(sku, ANN)
    return page_of(shop)


def statuses(shop: Shop) -> list[tuple[str, str | None]]:
    return [(item["status"], item["closed_reason"]) for item in shop.requests()]


def test_looking_changes_nothing_however_often_a_scanner_looks(shop: Shop, link: str) -> None:
    for method in ("GET", "HEAD", "GET"):
        assert shop.client.open(link, method=method).status_code == 200
    assert statuses(shop) == [("waiting", None), ("waiting", None)]


def test_the_page_names_what_is_waited_for_and_hides_the_address(shop: Shop, link: str) -> None:
    answer = shop.client.get(link)
    text = answer.get_data(as_text=True)
    assert "Tee" in text
    assert "Mug &lt;b&gt;" in text
    assert "a•••@mail.example" in text
    assert ANN not in text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in answer.headers


def test_one_request_is_cancelled_and_the_other_stays(shop: Shop, link: str) -> None:
    request_id = re.findall(r'name="request" value="(\d+)"', shop.client.get(link).get_data(as_text=True))[0]
    assert "Cancelled." in shop.client.post(link, data={"request": request_id}).get_data(as_text=True)
    assert statuses(shop) == [("cancelled", "shopper"), ("waiting", None)]
    again = shop.client.post(link, data={"request": request_id})
    assert "had ended already" in again.get_data(as_text=True)


@pytest.mark.parametrize("wanted", ["999", "abc", "", "1; DROP TABLE alert_request", str(10**40)])
def test_a_request_that_is_not_hers_cancels_nothing(shop: Shop, link: str, wanted: str) -> None:
    shop.ask_by_email("TEE-M", "ben@mail.example")
    assert shop.client.post(link, data={"request": wanted}).status_code == 200
    assert {status for status, _ in statuses(shop)} == {"waiting"}


def test_somebody_elses_request_cannot_be_cancelled(shop: Shop, link: str) -> None:
    shop.ask_by_email("TEE-M", "ben@mail.example")
    bens = shop.requests()[-1]["id"]
    shop.client.post(link, data={"request": str(bens)})
    assert statuses(shop) == [("waiting", None)] * 3


def test_stop_all_ends_everything_and_what_was_about_to_go(shop: Shop, link: str) -> None:
    shop.stock("TEE-M", 5)
    shop.plan()
    assert shop.client.post(link, data={"stop": "all"}).status_code == 200
    shop.work()
    assert statuses(shop) == [("cancelled", "stop"), ("cancelled", "stop")]
    assert [(message["status"], message["reason"]) for message in shop.messages()] == [("suppressed", "opted_out")]
    assert "gets no messages from us" in shop.client.get(link).get_data(as_text=True)


def test_a_mail_programs_one_click_ends_everything_without_a_cookie_or_a_form(shop: Shop, link: str) -> None:
    answer = shop.client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert statuses(shop) == [("cancelled", "stop"), ("cancelled", "stop")]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_or_broken_link_is_404_and_changes_nothing(shop: Shop, link: str, method: str) -> None:
    first, _, signature = link.rpartition(".")
    last = "A" if signature[0] != "A" else "B"
    for wrong in (f"{first}.{last}{signature[1:]}", link[:-4], "/s/WzEsMV0", "/s/WzEsMV0.x", "/s/x", "/s/%00"):
        answer = shop.client.open(wrong, method=method, data={"stop": "all"} if method == "POST" else None)
        assert answer.status_code == 404, wrong
        assert "Traceback" not in answer.get_data(as_text=True)
    assert statuses(shop) == [("waiting", None), ("waiting", None)]


def test_links_of_two_shops_are_two(shop: Shop, other_shop: Shop, link: str) -> None:
    other_shop.product("TEE-M", on_hand=0)
    other_shop.ask_by_email("TEE-M", ANN)
    other = page_of(other_shop)
    assert other != link
    shop.client.post(link, data={"stop": "all"})
    assert statuses(other_shop) == [("waiting", None)]
