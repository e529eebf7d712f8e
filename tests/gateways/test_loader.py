"""The loader finds plugins, and a broken one is shown, never fatal."""

from __future__ import annotations

from pathlib import Path

import pytest

from nexnotify.gateways.contract import Gateway
from nexnotify.gateways.loader import UnknownGateway, load

PLUGINS = Path(__file__).parents[2] / "plugins" / "gateways"

GOOD = """
from nexnotify.gateways.contract import Accepted, Gateway
class GATEWAY(Gateway):
    key = "acme"
    label = "Acme"
    def send(self, message):
        return Accepted()
"""
FORM = "from wtforms import StringField\nfrom nexnotify.gateways.contract import GatewaySettings\n"


def test_every_plugin_that_we_ship_loads() -> None:
    registry = load(PLUGINS)
    assert registry.broken == ()
    assert {"outbox", "outbox_email", "twilio", "kannel", "cdyne", "smtp"} <= set(registry.kinds)
    assert all(issubclass(kind, Gateway) and kind.key == key for key, kind in registry.kinds.items())


@pytest.mark.parametrize(
    "source, reason",
    [
        ("def (", "SyntaxError"),
        ("import no_such_module_here", "No module named 'no_such_module_here'"),
        ("raise SystemExit(3)", "SystemExit"),
        ("1 / 0", "ZeroDivisionError"),
        ("x = 1", "no class named GATEWAY"),
        ("class GATEWAY: pass", "must be a subclass"),
        ("from nexnotify.gateways.contract import Gateway as GATEWAY", "must be a subclass"),
        ("from nexnotify.gateways.contract import Gateway\nGATEWAY = Gateway({})", "must be a subclass"),
        (GOOD.replace("def send", "def sent"), "must override send()"),
        (GOOD.replace('"acme"', '"acmee"'), "key is 'acmee', but the file's name says 'acme'"),
        (GOOD.replace('key = "acme"', ""), "key is None"),
        (GOOD.replace('"Acme"', '" "'), "label is missing"),
        (GOOD.replace("def send", "channel = 'fax'\n    def send"), "channel is 'fax'"),
        (GOOD.replace("def send", "default_rate = -1\n    def send"), "default_rate"),
        (GOOD.replace("def send", "Settings = dict\n    def send"), "Settings must be a subclass"),
        (GOOD.replace("def send", "capabilities = {}\n    def send"), "capabilities must be"),
        (
            FORM
            + "class Own(GatewaySettings):\n    rate = StringField()\n"
            + GOOD.replace("def send", "Settings = Own\n    def send"),
            "a field named 'rate'",
        ),
        (
            FORM
            + "class Own(GatewaySettings):\n    name = StringField()\n"
            + GOOD.replace("def send", "Settings = Own\n    def send"),
            "a field named 'name'",
        ),
        (
            "from nexnotify.gateways.contract import Capabilities\n"
            + GOOD.replace("def send", "capabilities = Capabilities(lookup=True)\n    def send"),
            "promises lookup",
        ),
        (
            "from nexnotify.gateways.contract import Capabilities\n"
            + GOOD.replace("def send", "capabilities = Capabilities(lists_opt_outs=True)\n    def send"),
            "promises opt-outs",
        ),
        (GOOD.replace("def send", "number_fields = ('did',)\n    def send"), "number_fields names 'did'"),
    ],
)
def test_a_broken_plugin_is_kept_with_its_reason_beside_the_good_ones(tmp_path: Path, source: str, reason: str) -> None:
    (tmp_path / "acme.py").write_text(source)
    (tmp_path / "fine.py").write_text(GOOD.replace('"acme"', '"fine"'))
    registry = load(tmp_path)
    assert list(registry.kinds) == ["fine"]
    (broken,) = registry.broken
    assert broken.name == "acme"
    assert reason in broken.reason
    with pytest.raises(UnknownGateway, match="'acme' is broken"):
        registry.get("acme")


def test_an_unknown_kind_names_the_known_ones_and_the_nearest() -> None:
    with pytest.raises(UnknownGateway) as caught:
        load(PLUGINS).get("twillio")
    assert "Did you mean 'twilio'?" in str(caught.value)
    assert all(name in str(caught.value) for name in ("kannel", "outbox", "outbox_email", "twilio"))


def test_a_far_off_name_gets_no_guess() -> None:
    with pytest.raises(UnknownGateway) as caught:
        load(PLUGINS).get("zzz")
    assert "Did you mean" not in str(caught.value)


def test_files_with_an_underscore_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "_helper.py").write_text("raise RuntimeError")
    assert load(tmp_path).broken == ()


def test_a_missing_folder_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="nowhere"):
        load(tmp_path / "nowhere")
