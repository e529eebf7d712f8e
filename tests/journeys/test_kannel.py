"""The main job on real programs: a Shopify export in, a real Kannel out, its receipt and a shopper's STOP back."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner

from nexnotify.cli import cli
from nexnotify.settings import ROOT
from tests.kannel import Kannel, free_ports, require, wait_for

EXPORTS = ("apparel.csv", "home-and-garden.csv", "jewelery.csv")
ANN = "+12015550123"


@dataclass
class Installation:
    """One nexnotify in a folder of its own, spoken to by command and by HTTP."""

    folder: Path
    port: int
    api_key: str = ""
    store_key: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("NEXNOTIFY_")}
        return ours | {
            "NEXNOTIFY_INSTANCE": str(self.folder),
            "NEXNOTIFY_PUBLIC_URL": self.url,
            "NEXNOTIFY_WEB_WORKERS": "1",
            "NEXNOTIFY_LOG_LEVEL": "WARNING",
        }

    def command(self, *words: str) -> Any:
        """``nexnotify … --json``, as a merchant types it; in this process, because ``serve`` is another already."""
        done = CliRunner().invoke(cli, [*words, "--json"], env=self.environment)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.url + path, data, headers, method=method), timeout=10) as answer:
            return json.load(answer)

    def messages(self, kind: str) -> list[dict[str, Any]]:
        found = self.call("GET", f"/api/v1/messages?{urlencode({'to': ANN})}")["messages"]
        return [message for message in found if message["kind"] == kind]

    def is_up(self) -> bool:
        try:
            return bool(self.call("GET", "/readyz"))
        except (URLError, OSError):
            return False


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """A store, served by web and worker."""
    require()
    made = Installation(tmp_path / "instance", free_ports(1)[0])
    store = made.command("store", "create", "--name", "Acme")
    made.api_key, made.store_key = store["api_key"], store["store_key"]
    with (tmp_path / "serve.log").open("wb") as log:
        serving = subprocess.Popen(
            [sys.executable, "-m", "nexnotify", "serve", "--bind", f"127.0.0.1:{made.port}"],
            cwd=ROOT, env=made.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        wait_for(made.is_up, 60, "the start of nexnotify")
        yield made
    finally:
        serving.terminate()
        assert serving.wait(15) == 0, (tmp_path / "serve.log").read_text()


def variants(installation: Installation) -> list[dict[str, Any]]:
    found, page = [], "/api/v1/products?limit=200"
    while page:
        body = installation.call("GET", page)
        found += [variant for product in body["products"] for variant in product["variants"]]
        page = body["next"]
    return found


def test_a_shopify_export_a_restock_a_real_kannel_its_receipt_and_a_stop(
    installation: Installation, tmp_path: Path
) -> None:
    with socket.socket() as unused:  # loopback is there at all
        unused.bind(("127.0.0.1", 0))
    for _ in range(2):
        for name in EXPORTS:
            installation.command(
                "import", "products", "--store", installation.store_key, str(ROOT / "tests/data/shopify" / name)
            )
    catalogue = variants(installation)
    assert len(catalogue) == 66, "twice imported, and not one doubled"
    assert len({variant["id"] for variant in catalogue}) == 66
    assert {variant["sku"] for variant in catalogue} == {None}

    gateway = ["gateway", "add", "--store", installation.store_key, "--kind", "kannel", "--name", "Kannel"]
    # The address of inbound texts must be known to Kannel before it starts, and Kannel's port to the gateway.
    first = installation.command(
        *gateway, "--set", "url=http://127.0.0.1:9/cgi-bin/sendsms", "--set", "username=x", "--set", "password=x"
    )
    with Kannel(tmp_path / "kannel", inbound_url=first["inbound_url"]) as kannel:
        settings = {
            "url": kannel.sendsms,
            "username": kannel.user,
            "password": kannel.password,
            "sender": "15550001111",
        }
        pairs = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        second = installation.command(
            *gateway[:-1],
            "Kannel at home",
            *pairs,
            "--set",
            f"status_url={kannel.status_url}",
            "--set",
            "status_password=sta",
        )
        assert second["check"] == {"ok": True, "detail": "Kannel accepts the user and has a link online."}
        make_sender(installation, second["id"])
        installation.call("PUT", "/api/v1/settings", {"quiet_hours": None})

        variant = catalogue[40]["id"]
        installation.call("PUT", "/api/v1/stock", {"levels": [{"variant_id": variant, "on_hand": 0}]})
        asked = {"variant_id": variant, "phone": ANN, "channels": ["sms"], "consent": True}
        assert installation.call("POST", f"/widget/v1/{installation.store_key}/requests", asked) == {
            "status": "waiting"
        }
        kannel.wait_delivered(1)
        answer = installation.call("PUT", "/api/v1/stock", {"levels": [{"variant_id": variant, "on_hand": 7}]})
        assert answer["accepted"] == 1

        [_, told] = kannel.wait_delivered(2)
        wait_for(
            lambda: [message["status"] for message in installation.messages("back_in_stock")] == ["delivered"],
            20,
            "the receipt",
        )
        [message] = installation.messages("back_in_stock")
        assert (told.from_, told.to, told.text) == ("15550001111", ANN, message["body"])
        assert message["gateway"] == "Kannel at home"
        [request] = installation.call("GET", "/api/v1/requests")["requests"]
        assert request["status"] == "alerted"

        # The second time she says STOP while she waits; Kannel writes her number without a plus.
        installation.call("PUT", "/api/v1/stock", {"levels": [{"variant_id": variant, "on_hand": 0}]})
        installation.call("POST", f"/widget/v1/{installation.store_key}/requests", asked)
        kannel.wait_delivered(3)
        kannel.inbound(ANN.lstrip("+"), "15550001111", "STOP")
        wait_for(lambda: len(installation.messages("keyword_reply")) == 1, 20, "the answer to STOP")
        assert kannel.wait_delivered(4)[3].text == (
            "Acme: you are unsubscribed and get no more texts from us. Reply START to undo."
        )
        newest = installation.call("GET", "/api/v1/requests")["requests"][0]
        assert (newest["status"], newest["closed_reason"]) == ("cancelled", "stop")
        installation.call("PUT", "/api/v1/stock", {"levels": [{"variant_id": variant, "on_hand": 7}]})
        wait_for(lambda: len(installation.call("GET", "/api/v1/restocks")["restocks"]) == 2, 20, "the second restock")
        assert len(installation.messages("back_in_stock")) == 1
        assert len(kannel.delivered()) == 4


def make_sender(installation: Installation, gateway_id: int) -> None:
    """The merchant's choice of sender among two gateways, which the command line does not have."""
    program = (
        "import sys\n"
        "from nexnotify.cli.common import in_app\n"
        "from nexnotify.db import db, transaction\n"
        "from nexnotify.gateways.models import GatewayInstance\n"
        "from nexnotify.gateways.service import make_sender\n"
        "with in_app(), transaction():\n"
        "    make_sender(db.session.get_one(GatewayInstance, int(sys.argv[1])))\n"
    )
    subprocess.run([sys.executable, "-c", program, str(gateway_id)], cwd=ROOT, env=installation.environment, check=True)
