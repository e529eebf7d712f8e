"""RULE: who of those that wait is not told of a restock, so that what telling is worth can be measured.

Who is in such a control group must depend on nothing but chance, and come out the same however often it is asked. So it is
drawn by a hash, and not by a random number: see Kohavi, Tang, Xu: "Trustworthy Online Controlled Experiments", 2020,
chapter 4 (assignment by a hash of the experiment and the unit).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple

_RANGE: Final = 2**64


class Draw(NamedTuple):
    """A restock, and the share of its people who are not told."""

    restock_id: int
    #: In percent, 0 to 100.
    share: int


def lot(store_id: int, person: int, now: Draw, before: Draw | None = None) -> bool | None:
    """A person's lot at a restock: True, not told; False, told; None, told without having been in the draw.

    Only people in the draw can be compared: of them the share is left out, by chance alone.

    :param person: a number that is the person's own in the store.
    :param before: the last restock of the same variant that left people out: whoever it drew is told this time.
    """
    if before and _is_drawn(store_id, person, before):
        return None
    return _is_drawn(store_id, person, now)


def _is_drawn(store_id: int, person: int, draw: Draw) -> bool:
    """By the hash alone. Of a larger share the smaller one is a part."""
    digest = blake2b(f"{store_id}:{draw.restock_id}:{person}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) * 100 < draw.share * _RANGE
