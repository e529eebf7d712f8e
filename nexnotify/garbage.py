"""What the collector of garbage need not look at."""

from __future__ import annotations

import gc


def keep_what_stays() -> None:
    """Take all that was made until now out of the search for garbage: it lives as long as the process does.

    To be called once, when the app stands. Code, tables and routes are some hundred thousand objects; planning makes
    so many short-lived ones that all of these were searched again every few chunks, a seventh of its time, and each
    search kept every thread of the process waiting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
