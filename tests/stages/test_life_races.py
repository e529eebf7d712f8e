"""An answer and the end of its time, or two workers, at the same moment: one of them happens, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.ledger.asking.aging import ask_idle, ask_renewals
from nexnotify.ledger.asking.questions import say_yes
from nexnotify.ledger.asking.reminders import remind
from nexnotify.ledger.suppression import stop
from nexnotify.stores.models import Store
from nexnotify.waitlist.life import expire_unanswered, lapse_unconfirmed
from tests.shop import Shop
from tests.stages.test_races import at_the_same_moment
from tests.times import later

Job = Callable[[Store], Any]
DAY = timedelta(days=1)


def hears(verb: Callable[..., Any]) -> Job:
    """The shopper writes."""

    def job(store: Store) -> None:
        contact = db.session.scalars(
            sa.select(Contact).with_for_update(key_share=True).execution_options(populate_existing=True)
        ).one()
        if verb is say_yes:
            say_yes(store, contact, Proof("keyword"), utcnow())
        else:
            stop(contact, Proof("keyword"), utcnow())

    return job


def passes(verb: Callable[[Store, datetime], Any], by: timedelta = timedelta(0)) -> Job:
    return lambda store: verb(store, utcnow() + by)


def lapse(_store: Store, now: datetime) -> int:
    return lapse_unconfirmed(now)


def statuses(shop: Shop) -> list[tuple[str, str | None]]:
    return [(item["status"], item["closed_reason"]) for item in shop.requests()]


@pytest.mark.parametrize("yes_first", [True, False])
def test_a_yes_while_its_time_runs_out(shop: Shop, yes_first: bool) -> None:
    shop.put("settings", {"double_opt_in": True})
    shop.product("TEE-M")
    shop.ask()
    jobs = [hears(say_yes), passes(lapse, 4 * DAY)]
    at_the_same_moment(shop, *(jobs if yes_first else jobs[::-1]))
    assert statuses(shop) == [("waiting", None) if yes_first else ("expired", "unconfirmed")]


@pytest.mark.parametrize("yes_first", [True, False])
def test_a_yes_while_a_request_ages_out(shop: Shop, yes_first: bool) -> None:
    shop.product("TEE-M")
    shop.ask()
    with later(days=81):
        shop.sweep()
        jobs = [hears(say_yes), passes(expire_unanswered, 11 * DAY)]
        at_the_same_moment(shop, *(jobs if yes_first else jobs[::-1]))
        assert statuses(shop) == [("waiting", None) if yes_first else ("expired", "not_renewed")]


@pytest.mark.parametrize("yes_first", [True, False])
def test_a_stop_and_a_yes_at_the_same_moment_are_a_stop(shop: Shop, yes_first: bool) -> None:
    shop.put("settings", {"double_opt_in": True})
    shop.product("TEE-M")
    shop.ask()
    jobs = [hears(say_yes), hears(stop)]
    at_the_same_moment(shop, *(jobs if yes_first else jobs[::-1]))
    assert statuses(shop) == [("cancelled", "stop")]


def test_two_workers_ask_about_a_request_once(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask()
    with later(days=81):
        at_the_same_moment(shop, passes(ask_renewals), passes(ask_renewals))
        assert len(shop.messages("renewal")) == 1


def test_two_workers_have_an_idle_number_confirm_once(shop: Shop) -> None:
    shop.put("settings", {"request_days": None, "reconfirm_months": 6, "confirmations": False})
    shop.product("TEE-M")
    shop.ask()
    with later(days=181):
        at_the_same_moment(shop, passes(ask_idle), passes(ask_idle))
        assert len(shop.messages("double_opt_in")) == 1


def test_two_workers_remind_somebody_once(shop: Shop) -> None:
    shop.put("settings", {"reminders": 2})
    shop.product("TEE-M")
    shop.ask()
    shop.stock("TEE-M", 5)
    shop.work()
    with later(hours=25):
        at_the_same_moment(shop, passes(remind), passes(remind))
        assert len(shop.messages("reminder")) == 1
