"""Tests that staff send, to any address that they type: only so many, since whoever gets them did not ask."""

from __future__ import annotations

from datetime import datetime

from nexnotify.customers.service import count_signup
from nexnotify.stores.models import Store
from nexnotify.words import N_

#: Tests in ten minutes to one address, and of a whole store.
PER_ADDRESS, PER_STORE = 5, 30
TOO_MANY = N_("Many tests have gone out in the last ten minutes. Wait a little, then try again.")


def may_test(store: Store, address: str, now: datetime) -> bool:
    """Count one test to a (normalised) address.

    :returns: False for one too many.
    """
    to_it = count_signup(store, f"test {address}", PER_ADDRESS, now)
    return count_signup(store, "tests", PER_STORE, now) and to_it
