"""A real nexnotify, a shop on another origin under a strict policy, and one Chromium that visits them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

pytest.register_assert_rewrite("tests.browser.house", "tests.browser.tab")

from tests.browser.house import House  # noqa: E402
from tests.browser.pages import Pages  # noqa: E402
from tests.browser.tab import Tab  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: No sandbox as root, and nothing that would reach for the network.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def browser(pages: Pages) -> Iterator[Browser]:
    """One browser for all tests; it closes before the servers do, which wait for open connections."""
    if CHROMIUM is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("Chromium is not installed: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """nexnotify as a merchant runs it: ``serve``, with a store of its own and the demo store."""
    with House(tmp_path_factory.mktemp("house")) as house:
        house.product("tee", "Tee", {"TEE-S": 5, "TEE-M": 0, "TEE-L": 0}, option="size")
        house.product("mug", "Enamel Mug", {"MUG": 0}, unavailable_as="backordered")
        house.product("clock", "Tide Clock", {"CLOCK": 0}, unavailable_as="preordered")
        yield house


@pytest.fixture(scope="session")
def pages(house: House) -> Iterator[Pages]:
    """The shop: another origin, whose policy allows the widget's script and calls, and nothing else."""
    with Pages(house.url, house.key) as pages:
        yield pages


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; TEST_PICTURES names a folder to keep them in."""
    folder = Path(os.environ.get("TEST_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def tab(browser: Browser, pages: Pages) -> Iterator[Tab]:
    """A shopper's tab at desk width. Whatever a test does, it ends without a broken policy, cookie or stored word."""
    with Tab(browser, pages) as tab:
        yield tab
        tab.must_be_clean()


@pytest.fixture
def phone(browser: Browser, pages: Pages) -> Iterator[Tab]:
    """A shopper's phone."""
    with Tab(browser, pages, width=390, height=844, phone=True) as tab:
        yield tab
        tab.must_be_clean()
