"""The steps, in flow order. Each can be run at any time, by several workers, and twice, without harm."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.campaigns.work import SendFault, has_work, put_off, work_on_next
from nexnotify.clock import utcnow
from nexnotify.customers.service import forget_old_counts
from nexnotify.db import db, end_read, transaction
from nexnotify.fetch import Page, fetch_page
from nexnotify.imports.service import forget_old as forget_old_imports
from nexnotify.imports.service import has_work as has_imports
from nexnotify.ledger.asking.aging import ask_idle, ask_renewals, end_unanswered
from nexnotify.ledger.asking.reminders import remind
from nexnotify.ledger.planning.late import fail_over
from nexnotify.ledger.planning.pages import look, record_page, wanted_pages
from nexnotify.ledger.planning.planner import PlanFault, has_unplanned, look_at, waiting_in_vain
from nexnotify.notices.long_waitlists import crossings, watching_stores, write_crossings
from nexnotify.notices.low_credit import has_untold_low_balances, tell_low_balances
from nexnotify.notices.service import has_unseen_events, write_notices
from nexnotify.nudge import nudge
from nexnotify.outcomes.clicks import forget_agents
from nexnotify.outcomes.page_orders import forget_old_orders
from nexnotify.outcomes.views import forget_old_views
from nexnotify.receipts.service import apply_callbacks, has_open_callbacks
from nexnotify.receipts.sync import sync_opt_outs
from nexnotify.restock.service import detect_restocks, has_unseen_changes
from nexnotify.stores import guesses
from nexnotify.stores.models import Store
from nexnotify.turns import let_others_write
from nexnotify.waitlist.life import expire_stopped, lapse_unconfirmed
from nexnotify.waitlist.overlooked import overlooked, record_overlooked
from nexnotify.waitlist.overlooked_there import overlooked_there, record_overlooked_there
from nexnotify.waitlist.queries import anyone_waits
from nexnotify.waitlist.wishes import lapse_wishes
from nexnotify.workers.adding_up import run_outcomes, run_recounts
from nexnotify.workers.comparing import run_comparisons
from nexnotify.workers.following import run_entries, run_journeys
from nexnotify.workers.holding import run_holds
from nexnotify.workers.predicting import plan_next, run_delays, run_predictions
from nexnotify.workers.recovering import run_recovery

log = logging.getLogger(__name__)

#: How long the pages of products are looked at before people are told, in seconds; what was not read by then is told.
LOOKING = 15.0
#: Transactions that one sweep gives to each kind of work on requests of a store, 500 requests each.
PIECES = 20


def run_restock(after_chunk: Callable[[], None] = lambda: None) -> None:
    """Stock changes become restock events, and these become messages. ``after_chunk`` lets sending begin at once."""
    while has_unseen_changes():
        end_read()
        with transaction():
            detect_restocks(utcnow(), anyone_waits)
    if in_vain := waiting_in_vain(utcnow()):
        end_read()
        with transaction():
            look_at(in_vain, utcnow())
    run_entries()  # before the plan: who is told by it has met the activity all the same
    run_delays()
    run_pages()
    faulty: set[int] = set()
    while has_unplanned(utcnow()):
        end_read()
        try:
            with transaction():
                more = plan_next(utcnow(), faulty)
        except PlanFault as fault:
            # One event's trouble must not keep other stores' from being planned; it is tried again at the next sweep.
            log.exception("cannot plan", extra={"restock": fault.event_id})
            faulty.add(fault.event_id)
            continue
        after_chunk()
        if not more:
            break  # another worker has the rest
        let_others_write()
    end_read()


def run_stock_check() -> None:
    """Stock is compared with those who wait: a restock that no event told of becomes one, marked as found so."""
    for store in db.session.scalars(sa.select(Store).order_by(Store.id)).all():
        try:
            after = 0
            while found := overlooked(store, after):
                end_read()
                with transaction():
                    count = record_overlooked(store, found, utcnow())
                if count:
                    log.warning("restocks found that no event told of", extra={"store": store.id, "count": count})
                after = found[-1]
                let_others_write()
            if there := overlooked_there(store):
                end_read()
                with transaction():
                    count = record_overlooked_there(store, there, utcnow())
                if count:
                    log.warning("restocks found that no event told of", extra={"store": store.id, "count": count})
        except (OperationalError, InterfaceError):
            raise  # the database, not the store
        except Exception:
            # One store's trouble must not keep the others from being looked at.
            log.exception("cannot compare stock with who waits", extra={"store": store.id})
    end_read()


def run_pages() -> None:
    """The pages of products that people are about to be told of are looked at, in stores that want it."""
    ends_at = time.monotonic() + LOOKING
    for wanted in wanted_pages(utcnow()):
        if time.monotonic() > ends_at:
            break
        end_read()
        verdict, detail = look(wanted, _read_page)
        end_read()
        with transaction():
            record_page(wanted, verdict, detail, utcnow())
    end_read()


def _read_page(address: str, store_id: int) -> Page:
    return fetch_page(address, current_app.extensions["nexnotify"].settings.readable_origins, reader=("page", store_id))


def run_notices(after_some: Callable[[], None] = lambda: None) -> None:
    """News of orders, tickets and credits becomes messages. ``after_some`` lets sending begin at once."""
    while has_unseen_events():
        end_read()
        with transaction():
            if write_notices(utcnow()) == 0:
                break  # another worker has them
        after_some()
        let_others_write()
    while has_untold_low_balances():
        end_read()
        with transaction():
            if tell_low_balances(utcnow()) == 0:
                break  # another worker has them
        after_some()
    end_read()


def run_long_waitlists() -> None:
    """Waitlists that have grown long are told to their merchants."""
    for store in watching_stores():
        try:
            found = crossings(store)
            end_read()
            if found:
                with transaction():
                    write_crossings(store, found, utcnow())
        except (OperationalError, InterfaceError):
            raise  # the database, not the store
        except Exception:
            # One store's trouble must not keep the others from being told.
            log.exception("cannot tell of long waitlists", extra={"store": store.id})
    end_read()


def run_lives() -> None:
    """Time passes for those who wait: what nobody confirmed or renewed ends, questions and reminders are written."""
    _in_pieces(lambda: lapse_unconfirmed(utcnow()))
    _in_pieces(lambda: lapse_wishes(utcnow()))
    for store in db.session.scalars(sa.select(Store).order_by(Store.id)).all():
        try:
            for work in (fail_over, end_unanswered, expire_stopped, ask_renewals, ask_idle, remind):
                _in_pieces(lambda work=work, store=store: work(store, utcnow()))  # type: ignore[misc]
        except (OperationalError, InterfaceError):
            raise  # the database, not the store
        except Exception:
            # One store's trouble must not keep the others' people from being asked.
            log.exception("requests cannot be looked after", extra={"store": store.id})
    end_read()


def _in_pieces(work: Callable[[], int]) -> None:
    """Transactions until nothing is left to do, or a sweep's share is done: the next one goes on."""
    for _ in range(PIECES):
        end_read()
        with transaction():
            if work() == 0:
                break
        let_others_write()


def run_campaigns(after_some: Callable[[], None] = lambda: None) -> None:
    """Texts that staff send to many: recipients are written down, then messages. ``after_some`` lets sending begin."""
    faulty: set[int] = set()
    while has_work(begun := utcnow()):
        end_read()
        try:
            with transaction():
                more = work_on_next(begun, faulty)
        except SendFault as fault:
            # One send's trouble must not keep others from going; it is tried again after a while.
            log.exception("cannot send", extra={"send": fault.send_id})
            faulty.add(fault.send_id)
            with transaction():
                put_off(fault.send_id, begun)
            continue
        after_some()
        if not more:
            break  # another worker has the rest
        let_others_write()
    end_read()


def run_receipts() -> None:
    """What gateways told us becomes the state of messages."""
    while has_open_callbacks(utcnow()):
        end_read()
        with transaction():
            if apply_callbacks(utcnow()) == 0:
                break  # another worker has them
        let_others_write()
    end_read()


def run_opt_outs() -> None:
    """What shoppers told a gateway and not us: each gateway that keeps a list of STOPs is asked once a day."""
    sync_opt_outs(utcnow())
    end_read()


def run_sweep(after_chunk: Callable[[], None] = lambda: None) -> None:
    """All steps once: what a lost nudge or a killed worker left is found here."""
    steps = (
        run_receipts,
        run_stock_check,
        lambda: run_restock(after_chunk),
        lambda: run_journeys(after_chunk),
        lambda: run_notices(after_chunk),
        run_long_waitlists,
        run_lives,
        lambda: run_campaigns(after_chunk),
        run_recovery,
        lambda: run_holds(after_chunk),
        run_opt_outs,
        run_predictions,
        run_recounts,
        run_outcomes,
        run_comparisons,
    )
    for step in steps:
        try:
            step()
        except Exception:
            # One step's trouble must not keep the others from running; it is tried again at the next sweep.
            log.exception("step failed")
    with transaction():
        forget_old_counts(utcnow())
        forget_old_imports(utcnow())
        guesses.forget_old(utcnow())
        forget_old_views(utcnow())
        forget_old_orders(utcnow())
        forget_agents(utcnow())
    if has_imports(utcnow()):
        nudge("imports")  # they take long, and a sweep should not
    end_read()
    after_chunk()
