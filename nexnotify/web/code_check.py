"""Do the tracking and order-confirmation codes stand on this page? What was read, held against this store's own, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nexnotify.web.page_check import HELD, Finding, Ours, judge_policies, judge_release
from nexnotify.web.shop_page import ScriptTag, ShopPage

_NAMES = {False: "tracking code", True: "order-confirmation code"}


def judge_code(page: ShopPage, origin: str, policies: Sequence[str], ours: Ours, *, order: bool) -> list[Finding]:
    """Everything worth saying about one of the two codes on a page.

    :param origin: the page's origin, as browsers send it; empty where only its source is known.
    :param policies: the Content-Security-Policy headers it came with.
    :param ours: of the tracking script.
    :param order: the order-confirmation code is looked for, else the tracking code.
    """
    found = [tag for tag in page.trackers if tag.is_order == order]
    findings = [*_code(found, ours, order), *judge_policies(page, policies, ours, found or page.trackers)]
    if origin and ours.domains and origin not in ours.domains:
        words = f"{origin} is not among the domains that may use your widget, so what it tells is not counted."
        findings.append(Finding("domain", "bad", words, "Add it under Settings, Domains, if it is yours."))
    return findings


def _code(tags: Sequence[ScriptTag], ours: Ours, order: bool) -> Iterator[Finding]:
    name = _NAMES[order]
    if not tags:
        yield Finding(
            "missing",
            "bad",
            f"The {name} is not in this page.",
            "Paste it once more where step 2 says and save it there; some shops keep an old copy of a page for minutes."
            if order
            else "Paste it once more where step 1 says and save it there; some shops keep an old copy of a page for minutes.",
        )
        return
    tag = tags[0]
    if tag.is_held:
        yield HELD
    if not tag.src.startswith(f"{ours.public_url}/widget/"):
        yield Finding(
            "other_server", "bad", f"The {name} comes from {tag.src}, which is not this server.", "Paste it anew."
        )
        return
    if tag.store != ours.store_key:
        whose = f"the key of another store, {tag.store}" if tag.store else "no store key"
        yield Finding(
            "wrong_key", "bad", f"The {name} carries {whose}.", f"Write {ours.store_key} there, or paste it anew."
        )
    else:
        yield Finding("found", "ok", f"The {name} is there, with this store's key {ours.store_key}.")
    yield from judge_release(tag, ours)
    if order:
        yield from _number(tag.order)


def _number(value: str) -> Iterator[Finding]:
    """What stands in the place of the order's number."""
    if not value:
        yield Finding(
            "no_number",
            "warn",
            "The code does not say the order's number.",
            "Put your shop's tag for it between the quotes of data-order. Without it, an order counts only of a visitor "
            "who agreed, and once a day.",
        )
    elif any(mark in value for mark in "{}%<>[]"):
        yield Finding(
            "tag_not_filled",
            "warn",
            f"Where the order's number belongs stands {value}: your shop has not filled this tag in here.",
            "That is as it should be if this is not a page of a real order. Else it is not your shop's tag for it.",
        )
    else:
        yield Finding("number", "ok", f"It says the order's number, {value}.")
