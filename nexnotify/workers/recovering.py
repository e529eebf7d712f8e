"""The step that looks after what was lost: leases that ended, workers that died, outcomes that nobody knows."""

from __future__ import annotations

import logging
import time

from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.clock import utcnow
from nexnotify.db import db, end_read, transaction
from nexnotify.dispatch import recover
from nexnotify.gateways.contract import CannotTell, LookupAnswer
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import open_gateway
from nexnotify.ledger.paying import give_back_unresolved
from nexnotify.workers.owners import dead_owners

log = logging.getLogger(__name__)

#: How long one sweep asks gateways for lost outcomes, in seconds; one that is slow to answer must not hold up the rest.
ASKING = 20.0


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
