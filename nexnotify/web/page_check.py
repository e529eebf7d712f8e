"""Is the widget installed on this page? What was read, held against what this store's snippet looks like, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nexnotify.content.json_ld import Named
from nexnotify.web.page_policy import lets_connect, lets_script
from nexnotify.web.shop_page import MAX_PRODUCTS, ScriptTag, ShopPage
from nexnotify.words import N_

#: The rolling address of the script.
ROLLING = "v1"
#: How a page names a product → the word for it.
_WORDS = {"sku": "SKU", "variant_id": "variant", "product": "product"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. ``kind`` is "ok", "info", "warn" or "bad"; ``todo`` says what to do about it."""

    code: str
    kind: str
    says: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Ours:
    """What the check compares with."""

    store_key: str
    #: Address of this server, without a slash at its end.
    public_url: str
    #: Version → integrity, of every script that has an address.
    releases: Mapping[str, str]
    current: str
    #: Origins that may carry the widget; empty allows all.
    domains: Sequence[str] = ()
    #: Product named on the page → its product status when it can be asked for, "in_stock", "off", or None: not ours.
    products: Mapping[Named, str | None] = field(default_factory=dict)


#: The script is there, and does not run.
HELD = Finding(
    "held",
    "bad",
    N_(
        "The script is in the page, but browsers do not run it as it stands there: a consent tool or the like holds "
        "it back."
    ),
    N_(
        "Let that tool count it among what the shop needs, or paste the snippet as it stands on this page, with its "
        "src and without a type."
    ),
)


def works(findings: Sequence[Finding]) -> bool:
    """Whether nothing keeps the widget from working on the page."""
    return not any(finding.kind == "bad" for finding in findings)


def judge(page: ShopPage, origin: str, policies: Sequence[str], ours: Ours) -> list[Finding]:
    """Everything worth saying about a page.

    :param origin: the page's origin, as browsers send it.
    :param policies: the Content-Security-Policy headers it came with.
    """
    found = list(_length(page)) + list(_script(page, ours))
    if page.scripts and origin.startswith("https:") and ours.public_url.startswith("http:"):
        found.append(
            Finding(
                "insecure",
                "bad",
                N_(
                    "The page is https and this server's address is http: browsers load nothing insecure into a secure page."
                ),
                N_("Set NEXNOTIFY_PUBLIC_URL to this server's https address, then paste the snippet anew."),
            )
        )
    found += judge_policies(page, policies, ours)
    if ours.domains and origin not in ours.domains:
        found.append(
            Finding(
                "domain",
                "bad",
                N_(
                    "%(origin)s is not among the domains that may use your widget, so it gets no answer there.",
                    origin=origin,
                ),
                N_("Add it, if it is yours."),
            )
        )
    return found + list(_product(page, ours))


def _length(page: ShopPage) -> Iterator[Finding]:
    if not page.is_whole:
        yield Finding(
            "long",
            "info",
            N_("The page is long. Only its first 512 KB were read."),
            N_("What stands further down does not count here, but works all the same."),
        )


# --- the script ----------------------------------------------------------------------------------------------------


def _script(page: ShopPage, ours: Ours) -> Iterator[Finding]:
    if not page.scripts:
        yield Finding(
            "missing",
            "bad",
            N_("The widget's script is not in this page."),
            N_(
                "Paste the snippet into the theme and publish it; a page builder may keep an old copy for some minutes. "
                "If a tag manager adds it, this check cannot see it: open the page and look for the button."
            ),
        )
        return
    tag = (page.running or page.scripts)[0]  # loaded twice, the first wins
    if len(page.running) > 1:
        yield Finding(
            "twice",
            "warn",
            N_("The script is in the page %(running)s times. The first one counts.", running=len(page.running)),
            N_("Take the others out; they only cost time."),
        )
    if tag.is_held:
        yield HELD
    if not tag.src.startswith(f"{ours.public_url}/widget/"):
        yield Finding(
            "other_server",
            "bad",
            N_("The script comes from %(src)s, which is not this server.", src=tag.src),
            N_("Replace it by the snippet on this page."),
        )
        return
    if not tag.store:
        yield Finding(
            "no_key",
            "bad",
            N_("The script carries no store key."),
            N_('Add data-store="%(store_key)s" to it, or paste anew.', store_key=ours.store_key),
        )
    elif tag.store != ours.store_key:
        yield Finding(
            "wrong_key",
            "bad",
            N_("The script carries the key of another store, %(store)s.", store=tag.store),
            N_("Write %(store_key)s in its place, or change to that store up at the left.", store_key=ours.store_key),
        )
    else:
        yield Finding(
            "found", "ok", N_("The script is there, with this store's key %(store_key)s.", store_key=ours.store_key)
        )
    yield from judge_release(tag, ours)


def judge_release(tag: ScriptTag, ours: Ours) -> Iterator[Finding]:
    """What is to say about a script's version and integrity hash."""
    again = N_("Paste the pinned snippet anew.")
    if tag.release == ROLLING:
        if tag.integrity:
            yield Finding(
                "hash_on_rolling",
                "bad",
                N_("The rolling address has an integrity hash: browsers refuse the script from our next release on."),
                N_("Take the hash away, or use the pinned snippet."),
            )
        return
    known = ours.releases.get(tag.release)
    if known is None:
        yield Finding(
            "unknown_version",
            "bad",
            N_("The pinned version %(release)s is not here any more.", release=tag.release),
            again,
        )
    elif tag.integrity and known not in tag.integrity.split():
        yield Finding("hash", "bad", N_("The integrity hash is not that of the script: browsers refuse it."), again)
    elif tag.integrity and not tag.crossorigin:
        yield Finding(
            "no_crossorigin",
            "bad",
            N_("The script has an integrity hash but no crossorigin attribute: browsers refuse it."),
            N_('Add crossorigin="anonymous".'),
        )
    elif tag.release != ours.current:
        yield Finding(
            "old_version",
            "warn",
            N_("The pinned version %(release)s is not the newest. It goes on working.", release=tag.release),
            again,
        )
    else:
        yield Finding("pinned", "ok", N_("It is pinned to the newest version."))


# --- what the page allows ------------------------------------------------------------------------------------------


def judge_policies(
    page: ShopPage, headers: Sequence[str], ours: Ours, tags: Sequence[ScriptTag] = ()
) -> Iterator[Finding]:
    """What the page's Content-Security-Policies forbid the script of ``tags``; the widget's, unless others are named."""
    policies = [part for header in headers for part in header.split(",")] + page.policies
    if not policies:
        return
    ours_tag = ScriptTag(f"{ours.public_url}/widget/v1/nexnotify.js", ROLLING, "")
    tag = (list(tags) or page.running or page.scripts or [ours_tag])[0]
    api = f"{ours.public_url}/widget/v1/{ours.store_key}/config"
    script = all(lets_script(policy, page.url, tag.src, tag.nonce, tag.integrity) for policy in policies)
    connect = all(lets_connect(policy, page.url, api) for policy in policies)
    for code, fine, what in (
        ("script_src", script, N_("load the script")),
        ("connect_src", connect, N_("ask this server")),
    ):
        if not fine:
            name = code.replace("_", "-")
            yield Finding(
                code,
                "bad",
                N_("The page's Content-Security-Policy does not let the widget %(what)s.", what=what),
                N_("Add %(public_url)s to %(name)s in the policy.", public_url=ours.public_url, name=name),
            )
    if script and connect:
        yield Finding("policy", "ok", N_("The page has a Content-Security-Policy, and it lets the widget in."))


# --- the product ---------------------------------------------------------------------------------------------------


def _product(page: ShopPage, ours: Ours) -> Iterator[Finding]:
    if not page.products:
        yield Finding(
            "no_product",
            "warn",
            N_("The page names no product, so the widget shows nothing there."),
            'On product pages, say which one: <div data-nexnotify-sku="…"></div> where the button shall stand, or '
            "JSON-LD of the type Product with a sku. If this is not a product page, all is well: check one that is.",
        )
    for named in page.products:
        kind, value = named
        name = N_("the %(kind)s %(value)s", kind=_WORDS[kind], value=value)
        state = ours.products.get(named)
        if state is None:
            yield Finding(
                "unknown_product",
                "bad",
                N_("The page names %(name)s, which this store does not have.", name=name),
                N_("Send it with the storefront API or import it, or correct what the page says."),
            )
        elif state == "in_stock":
            yield Finding(
                "in_stock",
                "ok",
                N_("The page names %(name)s. It can be bought, so the widget rightly shows nothing now.", name=name),
            )
        elif state == "off":
            yield Finding(
                "off",
                "info",
                N_(
                    "The page names %(name)s. For its status, messages are switched off, so the widget shows nothing.",
                    name=name,
                ),
                N_("Switch them on under Settings, Which messages, if you want to be asked."),
            )
        else:
            yield Finding("product", "ok", N_("The page names %(name)s, and shoppers can ask for it now.", name=name))
    if more := len(page.named) - len(page.products):
        yield Finding(
            "more",
            "info",
            N_(
                "And %(more)s more products. Only the first %(max_products)s were looked at.",
                more=more,
                max_products=MAX_PRODUCTS,
            ),
        )
