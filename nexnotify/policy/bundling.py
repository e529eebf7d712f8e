"""RULE: several restocked products for one person go in one message.

Alerts wait for each other for the store's minutes; what a cap or quiet hours hold back goes along as soon as one of them
may go. Each product is decided about for itself, and at last all together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from nexnotify.policy.eligibility import Hold, Send, Verdict

#: Why an alert waits for others.
BUNDLING = "bundling"
#: Holds that are about the person, not about the product: alerts held for one of these go together.
SHARED = (BUNDLING, "frequency_cap", "quiet_hours", "best_hour")


def wait_for_others(verdict: Send | Hold, minutes: int, now: datetime) -> Send | Hold:
    """What could go now waits for others; what waits already does so anyway.

    :param minutes: the store's; 0: nobody waits.
    """
    if not minutes or isinstance(verdict, Hold):
        return verdict
    return Hold(BUNDLING, now + timedelta(minutes=minutes), verdict.detail)


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """What becomes of a message that serves several products: it goes if it may for one of them, else it waits.

    :param verdicts: one for each product; at least one.
    """
    if any(isinstance(verdict, Send) for verdict in verdicts):
        return next(verdict for verdict in verdicts if isinstance(verdict, Send))
    held = [verdict for verdict in verdicts if isinstance(verdict, Hold)]
    return min(held, key=lambda hold: hold.until) if held else verdicts[0]
