"""The merchant's browser: signed in at the admin, and as strict about our own pages as a shop is about its own."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from tests.browser.house import House
from tests.browser.tab import TAGS, WATCH

#: What a browser writes to its console about a page that answers 404 or 422, as it should.
EXPECTED = "Failed to load resource"


class Desk:
    """A context in which a person of the store is signed in; ``faults`` collects what no page may do."""

    def __init__(
        self, browser: Browser, house: House, *, width: int = 1280, height: int = 860, dark: bool = False
    ) -> None:
        self.house = house
        size: Any = {"width": width, "height": height}
        self.context = browser.new_context(
            viewport=size, color_scheme="dark" if dark else "light", reduced_motion="reduce", locale="en-US"
        )
        self.context.set_default_timeout(8000)
        self.context.add_init_script(WATCH)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._said)

    def _said(self, message: Any) -> None:
        if message.type == "error" and EXPECTED not in message.text:
            self.faults.append(f"{self.page.url}: {message.text}")

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.context.close()

    def sign_in(self, email: str, password: str) -> Desk:
        """Sign in as anybody would."""
        self.go("/login")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/login" not in url)
        return self

    def go(self, path: str) -> int:
        """Open a page of the admin; its status."""
        answer = self.page.goto(f"{self.house.url}/admin{path}")
        return answer.status if answer else 0

    # --- judging ---------------------------------------------------------------------------------------------------

    def sideways(self) -> int:
        """How many pixels the page is wider than its window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return max(width, 0)

    def broken_policies(self) -> list[str]:
        """What the page's Content-Security-Policy has refused."""
        found: list[str] = self.page.evaluate("window.broken")
        return found

    def findings(self) -> list[str]:
        """What axe finds serious or critical. axe itself breaks our policy, so ask for that before."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        found: list[str] = self.page.evaluate(
            """options => axe.run(options).then(({violations}) => violations
                .filter(({impact}) => ["serious", "critical"].includes(impact))
                .map(({id, nodes}) => `${id}: ${nodes[0].html.slice(0, 160)}`))""",
            {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]},
        )
        return found
