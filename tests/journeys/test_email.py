"""Alerts by email, through a real mail server: told once, and out by one click."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.gateways.service import add_gateway, callback_url, check_gateway, open_gateway, sender_of
from nexnotify.stores.models import Store
from tests.gateways.test_bounces import COMPLAINT, report
from tests.shop import Shop
from tests.stubs.smtp_stub import Mail, SmtpServer

ANN, BOB = "ann@mail.example", "bob@mail.example"


class Post:
    """The shop's mail server, and what comes back through the gateway's callback address."""

    def __init__(self, server: SmtpServer, back: str) -> None:
        self.server, self.back = server, back

    def to(self, address: str, subject: str = "is back in stock") -> list[Mail]:
        return [mail for mail in self.server.mails if mail.to == [address] and subject in mail.parsed["Subject"]]


@pytest.fixture
def post(shop: Shop) -> Iterator[Post]:
    """A store whose emails go through a server with a password."""
    with SmtpServer(users={"shop": "s3cret"}) as server:
        values = {"host": "127.0.0.1", "port": server.port, "security": "none", "username": "shop"}
        values |= {"password": "s3cret", "from_address": "shop@acme.example", "from_name": "Acme", "rate": 0}
        with shop.app.app_context():
            with transaction():
                store = db.session.get_one(Store, shop.store_id)
                instance = add_gateway(store, "smtp", "Mail", values, utcnow())
            assert check_gateway(open_gateway(instance)).ok
            sender = sender_of(store, "email")
            assert sender is not None
            assert sender.name == "Mail", "the first real gateway of a channel becomes its sender"
            back = urlsplit(callback_url(instance, "receipts")).path
            db.session.remove()
        yield Post(server, back)


def one_click(shop: Shop, mail: Mail) -> int:
    """What a mail program does when its reader clicks on “unsubscribe”."""
    assert mail.parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<(https?://[^>]+)>", str(mail.parsed["List-Unsubscribe"]))
    assert found
    path = urlsplit(found[1]).path
    assert shop.app.test_client().get(path).status_code == 200  # a scanner looks first, which changes nothing
    return shop.app.test_client().post(path, data={"List-Unsubscribe": "One-Click"}).status_code


def restock(shop: Shop) -> None:
    shop.stock("TEE-M", 0)
    shop.work()
    shop.stock("TEE-M", 5)
    shop.work()


def test_a_shopper_is_told_by_email_and_ends_it_with_one_click(shop: Shop, post: Post) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask_by_email("TEE-M", ANN)
    shop.work()
    [confirmation] = post.to(ANN, "You are on the list")
    assert confirmation.parsed["From"].addresses[0].addr_spec == "shop@acme.example"

    shop.stock("TEE-M", 5)
    shop.work()
    [mail] = post.to(ANN)
    assert mail.parsed["Subject"] == "Tee is back in stock"
    assert "https://acme.example/tee-m" in mail.part("plain")
    assert 'href="https://acme.example/tee-m"' in mail.part("html")
    [message] = shop.messages()
    assert message["status"] == "accepted"
    assert mail.parsed["Message-ID"] == f"<{message['reference']}@acme.example>"

    shop.stock("TEE-M", 0)
    shop.ask_by_email("TEE-M", ANN)
    assert one_click(shop, mail) == 200
    before = len(post.server.mails)
    restock(shop)
    assert len(post.server.mails) == before
    assert {request["status"] for request in shop.requests()} <= {"alerted", "cancelled"}


def test_one_shoppers_click_is_not_anothers(shop: Shop, post: Post) -> None:
    shop.product("TEE-M", on_hand=0)
    shop.ask_by_email("TEE-M", ANN)
    shop.ask_by_email("TEE-M", BOB)
    shop.work()
    [mail] = post.to(ANN, "You are on the list")
    one_click(shop, mail)
    restock(shop)
    assert (len(post.to(ANN)), len(post.to(BOB))) == (0, 1)


def bounce(shop: Shop, post: Post, content: str) -> int:
    answer = shop.app.test_client().post(post.back, data=content.encode(), content_type="message/rfc822")
    shop.work()
    return answer.status_code


def told(shop: Shop, post: Post) -> str:
    """A shopper was told; the reference of that mail."""
    shop.product("TEE-M", on_hand=0)
    shop.ask_by_email("TEE-M", ANN)
    shop.stock("TEE-M", 5)
    shop.work()
    [mail] = post.to(ANN)
    return str(mail.parsed["Message-ID"]).strip("<>").partition("@")[0]


def test_a_mailbox_that_is_not_there_is_written_to_no_more(shop: Shop, post: Post) -> None:
    reference = told(shop, post)
    assert bounce(shop, post, report(reference=reference)) == 200
    [message] = shop.messages()
    assert message["status"] == "rejected"
    shop.stock("TEE-M", 0)
    shop.ask_by_email("TEE-M", ANN)
    restock(shop)
    assert len(post.to(ANN)) == 1


def test_a_mailbox_that_was_full_is_tried_again_another_time(shop: Shop, post: Post) -> None:
    reference = told(shop, post)
    bounce(shop, post, report("5.2.2", said="552 full", reference=reference))
    assert shop.messages()[0]["status"] == "undelivered"
    shop.stock("TEE-M", 0)
    shop.ask_by_email("TEE-M", ANN)
    restock(shop)
    assert len(post.to(ANN)) == 2


@pytest.mark.parametrize("delivered", [False, True])
def test_a_complaint_is_a_stop(shop: Shop, post: Post, delivered: bool) -> None:
    reference = told(shop, post)
    if delivered:
        bounce(shop, post, report("2.0.0", "delivered", "250 ok", reference=reference))
        assert shop.messages()[0]["status"] == "delivered"
    assert bounce(shop, post, COMPLAINT.format(kind="abuse", reference=reference)) == 200
    shop.stock("TEE-M", 0)
    shop.ask_by_email("TEE-M", ANN)
    restock(shop)
    assert len(post.to(ANN)) == 1


def test_a_strangers_report_changes_nothing(shop: Shop, post: Post) -> None:
    told(shop, post)
    assert bounce(shop, post, report(reference="f" * 32)) == 200
    assert bounce(shop, post, "hello") == 400
    assert shop.messages()[0]["status"] == "accepted"
