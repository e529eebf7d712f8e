"""One visit: a browser context that keeps count of what a good guest on a page does not do."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect

from tests.browser.pages import Pages

WATCH = """
window.broken = [];
document.addEventListener("securitypolicyviolation", (e) => window.broken.push(`${e.violatedDirective} ${e.blockedURI}`));
"""
STORED = "() => [document.cookie, ...Object.keys(localStorage), ...Object.keys(sessionStorage)].filter(Boolean)"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Tab:
    """A page in a context of its own; selectors reach into the widget's open shadow root by themselves."""

    def __init__(
        self,
        browser: Browser,
        pages: Pages,
        *,
        width: int = 1180,
        height: int = 860,
        phone: bool = False,
        scripts: bool = True,
    ) -> None:
        self.pages = pages
        size: Any = {"width": width, "height": height}
        self.context = browser.new_context(
            viewport=size, is_mobile=phone, has_touch=phone, java_script_enabled=scripts, locale="en-US"
        )
        self.context.set_default_timeout(5000)
        self.page = self.context.new_page()
        if scripts:
            self.page.add_init_script(WATCH)
        self.scripts = scripts
        self.preflights: list[str] = []
        self.posts: list[str] = []
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: request.method == "POST" and self.posts.append(request.post_data or ""))
        network = self.context.new_cdp_session(self.page)
        network.send("Network.enable")
        network.on("Network.requestWillBeSent", self._sent)

    def _sent(self, event: dict[str, Any]) -> None:
        if event.get("type") == "Preflight" or event["request"]["method"] == "OPTIONS":
            self.preflights.append(event["request"]["url"])

    def __enter__(self) -> Tab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.context.close()

    # --- going places ----------------------------------------------------------------------------------------------

    def visit(self, body: str, **page: Any) -> None:
        """Open a new page of the shop."""
        self.page.goto(self.pages.add(body, **page))

    def visit_product(self, sku: str, **page: Any) -> None:
        """Open a page that names a SKU."""
        self.visit(f'<div data-nexnotify-sku="{sku}"></div>', **page)

    def settle(self) -> None:
        """Wait until the widget has its answer."""
        self.page.wait_for_load_state("networkidle")

    # --- the widget ------------------------------------------------------------------------------------------------

    @property
    def widget(self) -> Locator:
        return self.page.locator("nexnotify-widget")

    @property
    def button(self) -> Locator:
        return self.widget.get_by_role("button", name="Notify Me upon Availability")

    @property
    def panel(self) -> Locator:
        return self.widget.get_by_role("region")

    def field(self, label: str) -> Locator:
        return self.panel.get_by_label(label, exact=True)

    @property
    def consent(self) -> Locator:
        return self.panel.get_by_role("checkbox")

    @property
    def submit(self) -> Locator:
        return self.panel.get_by_role("button", name="Notify me")

    def open(self) -> None:
        """Press the button."""
        self.button.click()
        expect(self.panel).to_be_visible()

    def ask_by_text(self, number: str) -> None:
        """Fill in and send."""
        self.field("Mobile number").fill(number)
        self.consent.check()
        self.submit.click()

    def done(self) -> Locator:
        """What stands there after success."""
        return self.widget.get_by_role("status")

    # --- judging ---------------------------------------------------------------------------------------------------

    def must_be_clean(self) -> None:
        """No policy broken, nothing stored, no preflight, no script fault."""
        assert self.faults == []
        assert self.preflights == []
        assert self.context.cookies() == []
        if self.scripts and self.page.url != "about:blank":
            assert self.page.evaluate("window.broken") == []
            assert self.page.evaluate(STORED) == []

    def must_be_accessible(self) -> None:
        """axe finds nothing, serious or not; a page of ours has no sideways scroll."""
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        broken = self.page.evaluate("window.broken")
        assert broken == []
        found = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": TAGS}})
        self.page.evaluate("window.broken = []")  # axe itself is no guest of this policy
        assert [(item["id"], item["impact"], item["nodes"][0]["html"]) for item in found.response["violations"]] == []
