"""Do the tracking and order-confirmation codes stand on this page? What was read, held against this store's own, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nexnotify.web.page_check import HELD, Finding, Ours, judge_policies, judge_release
from nexnotify.web.shop_page import ScriptTag, ShopPage
from nexnotify.words import N_

_NAMES = {False: N_("tracking code"), True: N_("order-confirmation code")}


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
        words = N_(
            "%(origin)s is not among the domains that may use your widget, so what it tells is not counted.",
            origin=origin,
        )
        findings.append(Finding("domain", "bad", words, N_("Add it under Settings, Domains, if it is yours.")))
    return findings


def _code(tags: Sequence[ScriptTag], ours: Ours, order: bool) -> Iterator[Finding]:
    name = _NAMES[order]
    if not tags:
        yield Finding(
            "missing",
            "bad",
            N_("The %(name)s is not in this page.", name=name),
            N_(
                "Paste it once more where step 2 says and save it there; some shops keep an old copy of a page for minutes."
            )
            if order
            else N_(
                "Paste it once more where step 1 says and save it there; some shops keep an old copy of a page for minutes."
            ),
        )
        return
    tag = tags[0]
    if tag.is_held:
        yield HELD
    if not tag.src.startswith(f"{ours.public_url}/widget/"):
        yield Finding(
            "other_server",
            "bad",
            N_("The %(name)s comes from %(src)s, which is not this server.", name=name, src=tag.src),
            N_("Paste it anew."),
        )
        return
    if tag.store != ours.store_key:
        whose = N_("the key of another store, %(store)s", store=tag.store) if tag.store else N_("no store key")
        yield Finding(
            "wrong_key",
            "bad",
            N_("The %(name)s carries %(whose)s.", name=name, whose=whose),
            N_("Write %(store_key)s there, or paste it anew.", store_key=ours.store_key),
        )
    else:
        yield Finding(
            "found",
            "ok",
            N_("The %(name)s is there, with this store's key %(store_key)s.", name=name, store_key=ours.store_key),
        )
    yield from judge_release(tag, ours)
    if order:
        yield from _number(tag.order)


def _number(value: str) -> Iterator[Finding]:
    """What stands in the place of the order's number."""
    if not value:
        yield Finding(
            "no_number",
            "warn",
            N_("The code does not say the order's number."),
            N_(
                "Put your shop's tag for it between the quotes of data-order. Without it, an order counts only of a visitor "
                "who agreed, and once a day."
            ),
        )
    elif any(mark in value for mark in "{}%<>[]"):
        yield Finding(
            "tag_not_filled",
            "warn",
            N_(
                "Where the order's number belongs stands %(value)s: your shop has not filled this tag in here.",
                value=value,
            ),
            N_("That is as it should be if this is not a page of a real order. Else it is not your shop's tag for it."),
        )
    else:
        yield Finding("number", "ok", N_("It says the order's number, %(value)s.", value=value))
