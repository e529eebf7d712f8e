"""The steps, in flow order. Each can be run at any time, by several workers, and twice, without harm."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.campaigns.work import SendFault, has_work, put_off, work_on_next
from nexnotify.clock import utcnow
from nexnotify.customers.service import forget_old_counts
from nexnotify.db import db, end_read, transaction
from nexnotify.dispatch import recover
from nexnotify.gateways.contract import CannotTell, LookupAnswer
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import open_gateway
from nexnotify.imports.service import forget_old as forget_old_imports
from nexnotify.imports.service import has_work as has_imports
from nexnotify.ledger.paying import give_back_unresolved
from nexnotify.ledger.planner import PlanFault, has_unplanned, plan_next
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
from nexnotify.waitlist.queries import anyone_waits
from nexnotify.workers.owners import dead_owners

log = logging.getLogger(__name__)

#: Pause between two bulk transactions, in seconds: SQLite's writers do not queue, so one that never pauses starves
#: the sign-ups (measured: 1,065 a second become 37).
BREATH = 0.005
#: How long one sweep asks gateways for lost outcomes, in seconds; one that is slow to answer must not hold up the rest.
ASKING = 20.0


def run_restock(after_chunk: Callable[[], None] = lambda: None) -> None:
    """Stock changes become restock events, and these become messages. ``after_chunk`` lets sending begin at once."""
    while has_unseen_changes():
        end_read()
        with transaction():
            detect_restocks(utcnow(), anyone_waits)
    faulty: set[int] = set()
    while has_unplanned():
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
        time.sleep(BREATH)
    end_read()


def run_notices(after_some: Callable[[], None] = lambda: None) -> None:
    """News of orders, tickets and credits becomes messages. ``after_some`` lets sending begin at once."""
    while has_unseen_events():
        end_read()
        with transaction():
            if write_notices(utcnow()) == 0:
                break  # another worker has them
        after_some()
        time.sleep(BREATH)
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
        time.sleep(BREATH)
    end_read()


def run_receipts() -> None:
    """What gateways told us becomes the state of messages."""
    while has_open_callbacks(utcnow()):
        end_read()
        with transaction():
            if apply_callbacks(utcnow()) == 0:
                break  # another worker has them
        time.sleep(BREATH)
    end_read()


def run_recovery() -> None:
    """Lost leases and dead workers: their messages become uncertain; uncertain ones are asked for."""
    owners = recover.claim_owners()
    end_read()
    dead = dead_owners(owners)
    with transaction():
        while recover.end_leases(utcnow(), dead):
            pass
        while recover.expire_late(utcnow()):
            pass
        while give_back_unresolved(utcnow()):
            pass
    begun, ends_at = utcnow(), time.monotonic() + ASKING
    while waiting := recover.questions(begun):  # an answer of any kind puts a question off beyond this moment
        for question in waiting:
            _resolve(question)
            if time.monotonic() > ends_at:
                return
    end_read()


def _resolve(question: recover.Question) -> None:
    answer = _ask(question)
    try:
        with transaction():
            recover.resolve(question, answer, utcnow())
    except (OperationalError, InterfaceError):
        raise  # the database, not the answer
    except Exception:
        log.exception("answer cannot be used", extra={"message": question.message_id})
        with transaction():
            recover.resolve(question, CannotTell("The gateway's answer could not be used."), utcnow())


def _ask(question: recover.Question) -> LookupAnswer:
    try:
        gateway = open_gateway(db.session.get_one(GatewayInstance, question.gateway_id))
    except Exception as error:
        return CannotTell(f"The gateway cannot be opened: {type(error).__name__}.")
    finally:
        end_read()
    return recover.ask(gateway, question)


def run_opt_outs() -> None:
    """What shoppers told a gateway and not us: each gateway that keeps a list of STOPs is asked once a day."""
    sync_opt_outs(utcnow())
    end_read()


def run_sweep(after_chunk: Callable[[], None] = lambda: None) -> None:
    """All steps once: what a lost nudge or a killed worker left is found here."""
    steps = (
        run_receipts,
        lambda: run_restock(after_chunk),
        lambda: run_notices(after_chunk),
        run_long_waitlists,
        lambda: run_campaigns(after_chunk),
        run_recovery,
        run_opt_outs,
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
