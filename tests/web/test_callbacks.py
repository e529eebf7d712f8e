"""Where gateways call: kept, checked, answered in their own words; strangers learn and change nothing."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from twilio.request_validator import RequestValidator

from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import callback_url
from nexnotify.receipts.models import Callback
from tests.shop import Shop
from tests.texting import TOKEN, Line, Twilio
from tests.web.test_storefront_api import error

ANN = "+12015550123"


@pytest.fixture
def line(shop: Shop) -> Twilio:
    """A Twilio account; nothing is sent through it here."""
    return Twilio.open(shop, "http://127.0.0.1:9")


def waiting(shop: Shop) -> None:
    shop.product("TEE-M", on_hand=0)
    row = {"sku": "TEE-M", "phone": ANN, "consent": True, "confirm": False}
    shop.post("requests", {"requests": [row]})


def kept(shop: Shop) -> list[tuple[str, str | None]]:
    with shop.app.app_context():
        rows = db.session.execute(sa.select(Callback.kind, Callback.outcome).order_by(Callback.id))
        found = [(kind, outcome) for kind, outcome in rows]
        db.session.remove()
    return found


STOP = {"MessageSid": "SM1", "From": ANN, "To": "+12015550100", "Body": "STOP"}


def test_a_forged_stop_is_refused_kept_and_changes_nothing(shop: Shop, line: Twilio) -> None:
    waiting(shop)
    answer = line.post(line.inbound, STOP, token="somebody-elses-token")
    assert answer.status_code == 403
    assert kept(shop) == [("inbound", "bad_signature")]
    assert [item["status"] for item in shop.requests()] == ["waiting"]


def test_a_call_without_a_signature_is_refused_and_kept(shop: Shop, line: Twilio) -> None:
    answer = line.client.post(line.inbound.removeprefix("http://127.0.0.1:8000"), data=STOP)
    assert answer.status_code == 403
    assert kept(shop) == [("inbound", "bad_signature")]


def test_a_signature_for_another_address_or_body_does_not_fit(shop: Shop, line: Twilio) -> None:
    waiting(shop)
    path = line.inbound.removeprefix("http://127.0.0.1:8000")
    for address, fields in ((line.receipts, STOP), (line.inbound, {**STOP, "Body": "hello"})):
        signature = RequestValidator(TOKEN).compute_signature(address, fields)
        answer = line.client.post(path, data=STOP, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 403
    assert [item["status"] for item in shop.requests()] == ["waiting"]


def test_a_true_call_is_answered_as_twilio_wants_it(shop: Shop, line: Twilio) -> None:
    answer = line.post(line.inbound, STOP)
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "<Response/>")
    assert answer.content_type == "text/xml; charset=utf-8"
    receipt = line.post(line.receipts, {"MessageSid": "SM2", "MessageStatus": "sent"})
    assert (receipt.status_code, receipt.get_data()) == (204, b"")


def test_a_call_that_cannot_be_read_is_400_and_kept(shop: Shop, line: Twilio) -> None:
    answer = line.post(line.receipts, {"MessageStatus": "sent"})
    assert answer.status_code == 400
    assert "MessageSid" in answer.get_data(as_text=True)
    assert kept(shop) == [("receipts", "unreadable")]


def test_an_unknown_gateway_or_token_is_404_and_nothing_is_kept(shop: Shop, line: Twilio) -> None:
    path = line.inbound.removeprefix("http://127.0.0.1:8000")
    token = path.split("/")[3]
    wrong = [
        path.replace(token, "x" * len(token)),
        path.replace(f"/{line.id}/", "/999/"),
        path.replace(f"/{line.id}/", f"/{10**30}/"),
        path.replace("inbound", "outbound"),
        f"/callbacks/{line.id}//inbound",
    ]
    for address in wrong:
        answer = line.client.post(address, data=STOP)
        assert answer.status_code in (404, 308), address
        if answer.status_code == 404:
            error(answer, "not_found")
    assert kept(shop) == []


def test_another_gateways_token_opens_nothing(shop: Shop, other_shop: Shop, line: Twilio) -> None:
    other = Line.add(other_shop, "kannel", url="http://127.0.0.1:9/", username="u", password="p")
    token = other.inbound.split("/")[5]
    assert line.client.get(f"/callbacks/{line.id}/{token}/inbound?from={ANN}&text=STOP").status_code == 404


def test_other_methods_are_405(shop: Shop, line: Twilio) -> None:
    answer = line.client.put(line.inbound.removeprefix("http://127.0.0.1:8000"), data=STOP)
    assert answer.status_code == 405
    error(answer, "method_not_allowed")


def test_a_body_larger_than_any_provider_sends_is_413(shop: Shop, line: Twilio) -> None:
    answer = line.client.post(line.inbound.removeprefix("http://127.0.0.1:8000"), data={"Body": "x" * 100_000})
    assert answer.status_code == 413
    error(answer, "too_large")


def test_a_gateway_that_takes_no_callbacks_says_so(shop: Shop) -> None:
    with shop.app.app_context():
        outbox = db.session.scalars(sa.select(GatewayInstance).where(GatewayInstance.kind == "outbox")).one()
        path = callback_url(outbox, "receipts").removeprefix("http://127.0.0.1:8000")
        db.session.remove()
    assert shop.client.post(path).status_code == 400


def test_a_text_with_any_character_is_kept_and_a_stop_in_it_obeyed(shop: Shop) -> None:
    waiting(shop)
    kannel = Line.add(shop, "kannel", url="http://127.0.0.1:9/cgi-bin/sendsms", username="u", password="p")
    answer = kannel.get(kannel.inbound, **{"from": ANN, "to": "1", "text": "STOP\x00 😀", "id": "\x00" * 300})
    assert answer.status_code == 200
    assert [item["status"] for item in shop.requests()] == ["cancelled"]


def test_the_authorization_header_is_not_kept(shop: Shop, line: Twilio) -> None:
    line.client.post(
        line.receipts.removeprefix("http://127.0.0.1:8000"), data={}, headers={"Authorization": "Basic c2VjcmV0"}
    )
    with shop.app.app_context():
        [raw] = db.session.scalars(sa.select(Callback.raw)).all()
        db.session.remove()
    assert "authorization" not in json.loads(raw)["headers"]
