"""The page of a restock: its plan before the send, and what staff do with it."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from tests.admin import Desk
from tests.shop import Shop
from tests.stages.test_claims import numbers
from tests.stages.test_waves import people, per_unit, the_event, told
from tests.times import later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_restock_that_waits_for_approval_shows_its_plan_and_goes_when_approved(shop: Shop) -> None:
    everybody = people(shop, 8, approval=True, waves=per_unit(2))
    shop.stock("TEE-M", 3)
    shop.plan()
    desk = Desk.of(shop, "admin")
    number = the_event(shop).id
    page = desk.page(f"/restocks/{number}")
    for words in (
        "To be approved",
        "Approve and send",
        "of 8 who wait",
        "People for each unit: 2; units left: 3.",
        "estimate",
    ):
        assert words in page, words
    assert "It goes on at once." in desk.post(f"/restocks/{number}/now")
    shop.work()
    assert told(shop) == everybody[:6]
    page = desk.page(f"/restocks/{number}")
    assert "Waves so far" in page
    assert "Waves to come" in page


def test_cancelled_in_the_undo_window_nobody_is_told(shop: Shop) -> None:
    people(shop, 3, undo_seconds=100)
    shop.stock("TEE-M", 3)
    shop.plan()
    desk, number = Desk.of(shop, "admin"), the_event(shop).id
    assert "It goes on in" in desk.page(f"/restocks/{number}")
    assert "Cancelled: nobody was told" in desk.post(f"/restocks/{number}/cancel")
    with later(seconds=101):
        shop.work()
    assert shop.messages() == []
    assert "It has moved on meanwhile" in desk.post(f"/restocks/{number}/cancel"), "the second press changes nothing"


def test_hold_cap_and_go_on(shop: Shop) -> None:
    everybody = people(shop, 6, waves=per_unit(1))
    shop.stock("TEE-M", 2)
    shop.work()
    desk, number = Desk.of(shop, "admin"), the_event(shop).id
    desk.post(f"/restocks/{number}/hold")
    assert "On hold" in desk.page(f"/restocks/{number}")
    page = desk.post(f"/restocks/{number}/cap", 422, most="0")
    assert "Write a number from 1" in page
    desk.post(f"/restocks/{number}/cap", most="3")
    desk.post(f"/restocks/{number}/go-on")
    with later(hours=1, minutes=1):
        shop.work()
    assert told(shop) == everybody[:3]
    assert "As many people have been told as your people allowed" in desk.page(f"/restocks/{number}")


def test_a_recalled_restock_says_who_had_been_told_and_hands_the_list_out(shop: Shop) -> None:
    people(shop, 3, waves=per_unit(1))
    shop.stock("TEE-M", 2)
    shop.work()
    desk, number = Desk.of(shop, "admin"), the_event(shop).id
    desk.post(f"/restocks/{number}/recall")
    shop.work()
    page = desk.page(f"/restocks/{number}")
    assert "Recalled" in page
    assert "Messages that had gone by then, or may have: 2." in page
    answer = desk.browser.get(f"/admin/restocks/{number}/export-told")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    answer.close()
    assert sheet is not None
    assert [row[2] for row in sheet.iter_rows(min_row=2, values_only=True)] == numbers(3)[:2]


def test_a_viewer_sees_the_plan_but_nobody_in_it_and_no_button(shop: Shop) -> None:
    people(shop, 3, approval=True)
    shop.stock("TEE-M", 3)
    shop.plan()
    number = the_event(shop).id
    viewer, staff = Desk.of(shop, "viewer"), Desk.of(shop, "staff")
    page = viewer.page(f"/restocks/{number}")
    assert "May be told" in page
    assert "The first of them" not in page
    assert "Approve and send" not in page
    assert "The first of them" in staff.page(f"/restocks/{number}")
    for deed in ("now", "hold", "cancel", "recall", "cap"):
        staff.post(f"/restocks/{number}/{deed}", 403)


def test_what_if_it_came_in_shows_a_plan_and_tells_nobody(shop: Shop) -> None:
    people(shop, 5, waves=per_unit(1))
    desk = Desk.of(shop, "viewer")
    address = "/restocks/simulate/1"
    assert "What if it came in?" in desk.page("/waitlist/variants/1")
    assert "May be told" not in desk.page(address)
    page = desk.page(f"{address}?units=2&at=2030-01-15T21:40")
    assert "of 5 who wait" in page
    assert "People for each unit: 1; units left: 2." in page
    assert "Write a number from 1." in desk.page(f"{address}?units=-1")
    shop.work()
    assert shop.messages() == []


def test_other_stores_restocks_are_not_there(shop: Shop, other_shop: Shop) -> None:
    people(shop, 1, approval=True)
    shop.stock("TEE-M", 1)
    shop.plan()
    number, desk = the_event(shop).id, Desk.of(other_shop, "owner")
    desk.page(f"/restocks/{number}", 404)
    desk.page("/restocks/simulate/1", 404)
    desk.page(f"/restocks/{number}/export-told", 404)
    for deed in ("now", "recall", "cap"):
        desk.post(f"/restocks/{number}/{deed}", 404)
    other_shop.get(f"restocks/{number}/plan", 404)
    other_shop.post("simulations", {"sku": "TEE-M", "units": 3}, 422)


def test_the_api_tells_the_plan_and_simulates(shop: Shop) -> None:
    people(shop, 5, approval=True, waves=per_unit(1))
    found = shop.post("simulations", {"sku": "TEE-M", "units": 2})
    assert found["forecast"]["people"] == [
        {"verdict": "send", "reason": "eligible", "words": "Nothing stood in the way.", "people": 5}
    ]
    assert [wave["is_estimate"] for wave in found["forecast"]["waves"][:2]] == [False, True]
    assert shop.get("restocks")["restocks"] == [], "it was only invented"
    shop.stock("TEE-M", 2)
    shop.plan()
    number = shop.get("restocks")["restocks"][0]["id"]
    plan = shop.get(f"restocks/{number}/plan")
    assert (plan["restock"]["state"], plan["waves"], plan["decisions"]) == ("approval", [], [])
    assert {**plan["forecast"], "starts_at": 0, "ends_at": 0, "waves": 0} == {
        **found["forecast"],
        "starts_at": 0,
        "ends_at": 0,
        "waves": 0,
    }
    shop.post("simulations", {"sku": "TEE-M", "units": 2, "at": "2999-01-01T00:00:00Z"}, 422)
    shop.post("simulations", {"sku": "NONE", "units": 2}, 422)


# --- the correction --------------------------------------------------------------------------------------------------


def test_a_correction_is_written_looked_at_with_its_people_and_confirmed_once(shop: Shop) -> None:
    people(shop, 3, waves=per_unit(1))
    shop.ask_by_email("TEE-M")
    shop.stock("TEE-M", 2)
    shop.work()
    desk, number = Desk.of(shop, "admin"), the_event(shop).id
    page = f"/restocks/{number}/correction"
    assert "Write a correction" not in desk.page(f"/restocks/{number}")
    desk.post(f"/restocks/{number}/recall")
    shop.work()
    assert "Write a correction" in desk.page(f"/restocks/{number}")
    begun = desk.page(page)
    assert "sorry, our message was a mistake" in begun, "words to begin with"
    assert "Subject of the email" not in begun, "nobody was told by email"
    refused = desk.post(page, 422, sms_body="[[prodct]]")
    assert "did you mean [[product]]?" in refused
    assert "[[prodct]]" in refused, "what was typed stays"
    looked = desk.post(page, 200, sms_body="[[store]]: sorry, [[product]] is not back.")
    for words in ("Acme: sorry, Tee is not back.", "Send 2 messages", "2 people", "frequency cap neither holds"):
        assert words in re.sub(r"<[^>]+>", "", looked), words
    assert shop.messages("correction") == [], "looking sends nothing"
    for _ in range(2):
        sent = desk.post(f"{page}/confirm", sms_body="[[store]]: sorry, [[product]] is not back.")
        assert "Those whom a recalled restock had told" in sent
    with later(minutes=1):
        shop.work()
    assert [message["status"] for message in shop.messages("correction")] == ["delivered"] * 2
    assert "The correction" in desk.page(f"/restocks/{number}")
    assert desk.page("/settings/audit").count("Correction of a restock confirmed") == 1


def test_a_correction_taken_back_is_written_again_with_the_same_words(shop: Shop) -> None:
    people(shop, 1, send_undo_seconds=60)
    shop.stock("TEE-M", 2)
    shop.work()
    desk, number = Desk.of(shop, "admin"), the_event(shop).id
    desk.post(f"/restocks/{number}/recall")
    shop.work()
    page = desk.post(f"/restocks/{number}/correction/confirm", sms_body="Words of our own")
    send = re.search(r"/admin/sends/(\d+)/undo", page)
    assert send is not None
    assert "Words of our own" in desk.post(f"/sends/{send[1]}/undo")
    with later(minutes=5):
        shop.work()
        assert shop.messages("correction") == []
        assert shop.requests()[0]["status"] == "alerted"
        desk.post(f"/restocks/{number}/correction/confirm", sms_body="Better words")
        with later(minutes=5):
            shop.work()
    assert [message["body"] for message in shop.messages("correction")] == ["Better words"]


def test_nobody_corrects_what_was_not_recalled_nor_another_stores_restock(shop: Shop, other_shop: Shop) -> None:
    people(shop, 1)
    shop.stock("TEE-M", 2)
    shop.work()
    number = the_event(shop).id
    desk = Desk.of(shop, "admin")
    assert "Only a recalled restock" in desk.post(f"/restocks/{number}/correction/confirm", sms_body="Sorry")
    Desk.of(other_shop, "admin").page(f"/restocks/{number}/correction", 404)
    other_shop.post(f"restocks/{number}/correction", {"sms": "Sorry"}, 404)
    Desk.of(shop, "staff").page(f"/restocks/{number}/correction", 403)
    assert shop.messages("correction") == []
