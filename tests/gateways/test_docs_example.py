"""The example in docs/gateways.md is a whole gateway with its tests, and both run here as they stand there."""

from __future__ import annotations

import contextlib
import re
import tempfile
from pathlib import Path
from typing import Any

from nexnotify.gateways.testkit import GatewayContract

PAGE = (Path(__file__).parents[2] / "docs" / "gateways.md").read_text(encoding="utf-8")
BLOCKS: dict[str, str] = dict(re.findall(r"^```python\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def _run_the_pages_code() -> dict[str, Any]:
    """Lays the files out as the page says, and imports the test beside them."""
    found: dict[str, Any] = {"__name__": __name__}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for path, code in BLOCKS.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(code, encoding="utf-8")
        exec(compile(BLOCKS["tests/gateways/test_acme.py"], "docs/gateways.md", "exec"), found)
    return found


class TestTheExample(_run_the_pages_code()["TestAcme"]):  # type: ignore[misc]
    """Every promise of the contract, kept by the code on the page."""


def test_the_page_has_one_gateway_and_its_test() -> None:
    assert set(BLOCKS) == {"plugins/gateways/acme.py", "tests/gateways/test_acme.py"}
    assert issubclass(TestTheExample, GatewayContract)


def test_the_example_is_as_small_as_promised() -> None:
    assert 60 <= BLOCKS["plugins/gateways/acme.py"].count("\n") <= 150


def test_the_page_names_every_verb_error_and_reason() -> None:
    from typing import get_args

    from nexnotify.gateways import contract

    errors = [each.__name__ for each in contract.GatewayError.__subclasses__()]
    verbs = [name for name, value in vars(contract.Gateway).items() if callable(value) and not name.startswith("_")]
    verbs.remove("Settings")
    for name in (*errors, *get_args(contract.RejectedReason)):
        assert f"`{name}" in PAGE, name
    for name in verbs:
        assert f"`{name}(" in PAGE, name
