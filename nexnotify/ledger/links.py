"""Short links: one for each message that speaks of a variant, so that a click belongs to one person's message."""

from __future__ import annotations

import os
from collections.abc import Sequence

from flask import current_app

from nexnotify.catalog.models import Variant
from nexnotify.db import insert_tuples
from nexnotify.ledger.models import ShortLink
from nexnotify.stores.models import Store
from nexnotify.stores.origins import is_of_this_machine
from nexnotify.stores.settings import store_settings

#: Letters of a code: 62 ** 10 codes are 59 bits, which nobody guesses and no two messages share.
LENGTH = 10
#: Stands in texts that are only looked at, as long as any code.
EXAMPLE = "a1B2c3D4e5"
_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Byte → letter. 256 is no multiple of 62: the bytes above the last whole round are left out, so all letters are alike.
_LETTERS = bytes(_ALPHABET[byte % 62] for byte in range(256))
_UNEVEN = bytes(range(248, 256))


def new_codes(count: int) -> list[str]:
    """Random codes."""
    need, letters = count * LENGTH, b""
    while len(letters) < need:
        letters += os.urandom(need + need // 16 + LENGTH).translate(_LETTERS, _UNEVEN)
    text = letters.decode("ascii")
    return [text[at : at + LENGTH] for at in range(0, need, LENGTH)]


def link_base(store: Store) -> str | None:
    """Where a store's short links begin.

    :returns: None where its texts carry the product's own address: short links are off, or this server is known by
        an address that no shopper reaches.
    """
    settings = store_settings(store)
    if not settings.short_links:
        return None
    if settings.link_domain:
        return settings.link_domain
    ours: str = current_app.extensions["nexnotify"].settings.public_url
    return None if is_of_this_machine(ours) else ours


def link_values(store: Store, variant: Variant, code: str) -> dict[str, str | None]:
    """The token that a short link stands for; nothing where it stays as it is."""
    base = link_base(store)
    leads_somewhere = (variant.page_url or "").lower().startswith(("https://", "http://"))
    return {"url": f"{base}/l/{code}"} if base and leads_somewhere else {}


def write_links(store_id: int, links: Sequence[tuple[str, int, int]]) -> None:
    """Write down the links of new messages: (code, message, variant) each."""
    insert_tuples(ShortLink, ("store_id", "code", "message_id", "variant_id"), [(store_id, *link) for link in links])
