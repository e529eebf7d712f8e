"""What the demo shop has been through: two months of requests, restocks, messages, orders and a few STOPs, day by day.

Nothing is made up in the tables: each thing is done by the verb that does it in a real shop, at a time that has passed,
and every message goes through the outbox.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.catalog.service import find_variant_locked
from nexnotify.cli.demo_sales import Till, sales
from nexnotify.cli.moments import Moment
from nexnotify.content.disclosure import disclosure
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.customers.service import find_contact
from nexnotify.db import db, is_postgresql
from nexnotify.dispatch.claim import claim
from nexnotify.dispatch.deliver import deliver
from nexnotify.dispatch.settle import settle
from nexnotify.gateways.contract import Gateway
from nexnotify.gateways.service import gateways_of, lane_of, open_gateway
from nexnotify.inventory.service import LevelData, set_level
from nexnotify.ledger.answers import queue_confirmation, queue_keyword_reply
from nexnotify.ledger.planning.planner import has_unplanned, plan_next
from nexnotify.ledger.suppression import stop
from nexnotify.restock.service import detect_restocks, has_unseen_changes
from nexnotify.stores.models import Store
from nexnotify.waitlist.joining import join
from nexnotify.waitlist.queries import anyone_waits

FIRST_NAMES = ("Ann", "Ben", "Chloe", "Dev", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jonas", "Kim", "Lea")

#: (sku, days ago it sold out, days ago it came in, how many, people who asked meanwhile, days ago it sold out again)
STORIES: tuple[tuple[str, int, int, int, int, int | None], ...] = (
    ("SOCKS-43", 63, 52, 55, 16, None),
    ("JUMPER-XL", 61, 44, 2, 12, None),
    ("MUG-BLUE", 57, 33, 31, 26, None),
    ("JUMPER-M", 55, 27, 8, 24, 24),
    ("APRON", 48, 21, 12, 16, None),
    ("LANTERN", 45, 19, 6, 14, 17),
    ("TOTE-OLIVE", 39, 12, 7, 22, None),
    ("JUMPER-S", 33, 9, 4, 12, None),
    ("MUG-WHITE", 31, 16, 4, 12, 14),
)
#: The oldest day of them.
BEGINNING = max(story[1] for story in STORIES) + 1
#: One in so many of those who were told says STOP to it.
STOPS = 31
#: Numbers that the outbox does not reach (see its script); each asks once.
UNREACHED = ("+12015550190", "+12015550198", "+12015550191")
#: 555-0100 to 555-0199 are kept free for examples in every area. 202 belongs to those who wait now.
_AREAS = ("206", "303", "312", "415", "503", "617", "702", "718", "808", "917")


def can_be_replayed(now: datetime) -> bool:
    """Whether no other store's work is touched: planning takes what is oldest, whosever it is.

    SQLite lets one write at a time, so what is true as the replay begins is true until it ends.
    """
    if has_unseen_changes() or has_unplanned(now):
        return False
    return not is_postgresql() or db.session.scalar(sa.select(sa.func.count()).select_from(Store)) == 1


def replay(store: Store, moments: list[Moment]) -> None:
    """Let it all happen, in the order of time, in the caller's transaction."""
    lanes = [(lane_of(gateway).id, open_gateway(gateway)) for gateway in gateways_of(store)]
    for moment in sorted(moments, key=lambda moment: moment.at):
        moment.happen(moment.at)
        if moment.stirs:
            _plan(moment.at)
            _send(lanes, moment.at)


def history(store: Store, now: datetime) -> Iterator[Moment]:
    """The past of the demo shop."""
    chance, till, number = random.Random(7), Till(), 0
    for sku, sold_out, back, units, people, gone in STORIES:
        yield _stock(store, sku, 0, _ago(now, sold_out))
        till.fill(sku, units)
        restocked = _ago(now, back) + timedelta(hours=2)
        for _ in range(people):
            asked = _ago(now, chance.randint(back, sold_out)) + timedelta(hours=chance.triangular(0.1, 11, 6))
            channel = "sms" if chance.random() < 0.68 else "email"
            unreached = channel == "sms" and number % 55 == 20
            address = UNREACHED[number // 55 % 3] if unreached else _address(channel, number)
            if asked < restocked:
                yield _ask(store, sku, channel, address, FIRST_NAMES[number % len(FIRST_NAMES)], asked)
                yield from sales(store, till, sku, channel, address, number, asked, restocked)
                if number % STOPS == 5:
                    yield _stop(store, channel, address, restocked + timedelta(minutes=9 + number))
            number += 1
        yield _stock(store, sku, units, restocked)
        if gone is not None:
            yield _stock(store, sku, 0, _ago(now, gone))


def _ago(now: datetime, days: int) -> datetime:
    """Nine in the morning, so to speak, of a day in the past."""
    return now - timedelta(days=days, hours=11)


def _address(channel: str, number: int) -> str:
    if channel == "email":
        return f"{FIRST_NAMES[number % len(FIRST_NAMES)].lower()}.{number}@mail.example"
    return f"+1{_AREAS[number // 100 % len(_AREAS)]}55501{number % 100:02d}"


def _stock(store: Store, sku: str, on_hand: int, at: datetime) -> Moment:
    def happen(now: datetime) -> None:
        set_level(store, LevelData(sku=sku, on_hand=on_hand), now)

    return Moment(at, happen)


def _ask(store: Store, sku: str, channel: str, address: str, name: str, at: datetime) -> Moment:
    def happen(now: datetime) -> None:
        ask(store, sku, channel, address, name, now)

    return Moment(at, happen, stirs=channel == "sms")


def ask(store: Store, sku: str, channel: str, address: str, name: str, now: datetime) -> None:
    """A shopper asks through the widget; who asks by text is sent the confirmation."""
    variant = find_variant_locked(store, sku=sku)
    assert variant is not None
    proof = Proof("widget", wording=disclosure(store.name), page_url=variant.page_url)
    joined = join(store, variant, channel, address, proof, now, first_name=name)
    if channel == "sms" and joined.is_new:
        queue_confirmation(store, variant, joined.contact, name, now)


def _stop(store: Store, channel: str, address: str, at: datetime) -> Moment:
    def happen(now: datetime) -> None:
        contact: Contact | None = find_contact(store, channel, address)
        assert contact is not None
        stop(contact, Proof("keyword" if channel == "sms" else "page"), now)
        if channel == "sms":
            queue_keyword_reply(store, contact, "stop_reply", now)

    return Moment(at, happen)


def _plan(now: datetime) -> None:
    while has_unseen_changes():
        detect_restocks(now, anyone_waits)
    while has_unplanned(now):
        plan_next(now)


def _send(lanes: Sequence[tuple[int, Gateway]], now: datetime) -> None:
    """Send what is due. The outbox only looks into a table of its own, so calling it holds nobody up."""
    for lane_id, gateway in lanes:
        claimed = claim(lane_id, "demo", 1000, now)
        if claimed.outgoing:
            settle([(outgoing, deliver(gateway, outgoing, now)) for outgoing in claimed.outgoing], now)
