"""RULE: which message an order counts for.

Last click: of those told of what was bought, whoever opened their link before ordering, the last one first. Nobody did:
whoever was told last, and the order was only assisted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

How = Literal["click", "told"]


@dataclass(frozen=True, slots=True)
class Told:
    """A request of the buyer's that was told within the window before the order."""

    request_id: int
    product_id: int
    told_at: datetime
    #: When a person last opened its link, before the order.
    clicked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """The request an order counts for: "click" is won, "told" is assisted."""

    request_id: int
    how: How


def credit(told: Sequence[Told], bought: Collection[int], bought_before: Mapping[int, datetime]) -> Credit | None:
    """What an order counts for; None: for nothing.

    :param bought: products of the order; empty where it does not say.
    :param bought_before: request → an earlier order that counts for it. Being told sells once: what the same person buys
        again without being told again counts with the earlier one, and so not at all.
    """
    mine = [item for item in told if not bought or item.product_id in bought]
    if not mine:
        return None
    clicked = [item for item in mine if item.clicked_at is not None]
    if clicked:
        best = max(clicked, key=lambda item: (item.clicked_at, item.told_at, item.request_id))
    else:
        best = max(mine, key=lambda item: (item.told_at, item.request_id))
    how: How = "click" if clicked else "told"
    same = [item for item in mine if item.product_id == best.product_id and item.request_id in bought_before]
    earlier = next((item for item in same if best.told_at <= bought_before[item.request_id]), None)
    return Credit((earlier or best).request_id, how)
