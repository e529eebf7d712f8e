"""Make the pictures of docs/pictures anew, from the running app with the demo store: python tools/pictures.py

Developer-run, after a change that can be seen. It needs Chromium, uses a folder of its own, and ends what it starts.
``PICTURES`` is the list; a page that is not there any more stops it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"
BIND = "127.0.0.1:8765"
URL = f"http://{BIND}"
#: The most a picture may weigh, in bytes; a test holds them to it.
MOST = 150_000
DESK, PHONE = (1280, 800), (390, 844)


@dataclass(frozen=True)
class Picture:
    """One picture: a page, what to press there first, and how it is looked at. ``path`` may hold {names} of links."""

    name: str
    path: str
    size: tuple[int, int] = DESK
    dark: bool = False
    shopper: bool = False
    press: str = ""
    #: Selector of what to scroll to.
    at: str = ""


PICTURES = (
    Picture("dashboard", "/admin"),
    Picture("dashboard-dark", "/admin", dark=True),
    Picture("waitlist", "/admin/waitlist"),
    Picture("request", "{request}"),
    Picture("message", "{message}"),
    Picture("metrics", "/admin/metrics"),
    Picture("template", "{template}"),
    Picture("widget", "/admin/widget", at="#look"),
    Picture("shop", "/demo/fisherman-jumper?v=JUMPER-M", shopper=True, press="Notify Me upon Availability"),
    Picture(
        "shop-phone",
        "/demo/fisherman-jumper?v=JUMPER-M",
        PHONE,
        shopper=True,
        press="Notify Me upon Availability",
        at="nexnotify-widget",
    ),
    Picture("messages-phone", "/admin/messages", PHONE),
)


def main() -> None:
    """Serve the demo store, let it live a little, and look at it."""
    with tempfile.TemporaryDirectory() as instance:
        environment = {"PATH": "/usr/bin:/bin", "NEXNOTIFY_INSTANCE": instance, "NEXNOTIFY_PUBLIC_URL": URL}
        environment |= {"NEXNOTIFY_LOG_LEVEL": "WARNING"}
        command = [sys.executable, "-m", "nexnotify"]
        subprocess.run([*command, "init"], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*command, "demo"], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        notes = json.loads((Path(instance) / "demo.json").read_text())
        server = subprocess.Popen(
            [*command, "serve", "--bind", BIND], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        try:
            _wait()
            _live(notes["api_key"])
            with sync_playwright() as playwright:
                chromium = shutil.which("chromium") or shutil.which("chromium-browser")
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                _take_all(browser, notes["email"], notes["password"])
                browser.close()
        finally:
            server.terminate()
            server.wait(20)


def _wait() -> None:
    for _ in range(150):
        try:
            with urlopen(f"{URL}/readyz", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise SystemExit("The server did not start.")


def _live(key: str) -> None:
    """Two restocks, so that there is something to see."""
    for sku, on_hand in (("LANTERN", 6), ("MUG-WHITE", 20)):
        body = json.dumps({"levels": [{"sku": sku, "on_hand": on_hand}]}).encode()
        request = Request(f"{URL}/api/v1/stock", body, {"Authorization": f"Bearer {key}"}, method="PUT")
        with urlopen(request, timeout=10):
            pass
    time.sleep(4)  # sent and delivered


def _take_all(browser: Browser, email: str, password: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    links: dict[str, str] = {}
    for dark in (False, True):
        staff = _context(browser, dark)
        _sign_in(staff, email, password)
        links = links or _links(staff)
        for picture in PICTURES:
            if picture.dark is dark:
                context = _context(browser, dark) if picture.shopper else staff
                _take(context, picture, picture.path.format(**links))
    for stale in FOLDER.glob("*.png"):
        if stale.stem not in {picture.name for picture in PICTURES}:
            stale.unlink()


def _context(browser: Browser, dark: bool) -> BrowserContext:
    return browser.new_context(
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-US",
        timezone_id="America/New_York",
    )


def _sign_in(context: BrowserContext, email: str, password: str) -> None:
    page = context.new_page()
    page.goto(f"{URL}/admin/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)
    page.close()


def _links(context: BrowserContext) -> dict[str, str]:
    """Addresses whose numbers differ each time: a text that was delivered, its request, its template."""

    def first(path: str, pattern: str) -> str:
        found = re.search(pattern, context.request.get(URL + path).text(), re.DOTALL)
        if found is None:
            raise SystemExit(f"{path} has no link like {pattern}.")
        return found.group(1)

    text = r'"(/admin/messages/\d+)"(?:(?!/admin/messages/).)*?#device-mobile'
    message = first("/admin/messages?kind=back_in_stock&status=delivered", text)
    return {
        "message": message,
        "request": first(message, r'"(/admin/waitlist/requests/\d+)"'),
        "template": first("/admin/templates", r'"(/admin/templates/\d+)"><bdi>Back in stock<'),
    }


def _take(context: BrowserContext, picture: Picture, path: str) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": picture.size[0], "height": picture.size[1]})
    answer = page.goto(URL + path)
    if answer is None or not answer.ok:
        raise SystemExit(f"{picture.name}: {path} answered {answer.status if answer else 'nothing'}.")
    page.wait_for_load_state("networkidle")
    if picture.press:
        page.get_by_role("button", name=picture.press).click()
    if picture.at:
        page.locator(picture.at).first.evaluate("node => node.scrollIntoView()")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(400)  # charts and frames settle
    weight = _save(page, FOLDER / f"{picture.name}.png")
    print(f"{picture.name:16} {weight / 1000:6.1f} KB")
    page.close()


def _save(page: Page, path: Path) -> int:
    page.screenshot(path=path)
    weight = path.stat().st_size
    if weight > MOST:
        raise SystemExit(f"{path.name} weighs {weight} bytes, more than {MOST}.")
    return weight


if __name__ == "__main__":
    main()
