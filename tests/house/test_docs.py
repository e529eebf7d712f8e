"""The documents tell the truth: their tables are the code's, and what they say to type is typed and answered so."""

import dataclasses
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from wtforms import PasswordField

from nexnotify.campaigns.models import STATES
from nexnotify.cli import cli
from nexnotify.content.models import KINDS
from nexnotify.content.tokens import TOKENS
from nexnotify.credits.buying import STATUSES as PURCHASE_STATUSES
from nexnotify.credits.rules import KINDS as CREDIT_KINDS
from nexnotify.db import db
from nexnotify.errors import NexnotifyError
from nexnotify.gateways.loader import load
from nexnotify.journeys.models import STATES as JOURNEY_STATES
from nexnotify.ledger.transitions import STATUSES as MESSAGE_STATUSES
from nexnotify.orders.models import ORDER_STATUSES
from nexnotify.outcomes.scanners import SIGNS
from nexnotify.policy.eligibility import REASONS
from nexnotify.restock.models import STATES as RESTOCK_STATES
from nexnotify.restock.waves import ENDED
from nexnotify.settings import PREFIX, Settings
from nexnotify.stores.service import find_store
from nexnotify.stores.settings import StoreSettings, settings_json
from nexnotify.waitlist import service as _waitlist  # noqa: F401 - declares errors of its own
from nexnotify.waitlist.models import STATUSES as REQUEST_STATUSES
from tests.shop import Shop

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference.md"

Rows = list[tuple[str, ...]]


# --- reading Markdown ----------------------------------------------------------------------------------------------


def section(path: Path, heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    text = path.read_text()
    found = re.search(rf"^(#+) {re.escape(heading)}\n", text, re.MULTILINE)
    assert found, f"{path.name} has no heading {heading!r}"
    rest = text[found.end() :]
    after = re.search(
        rf"^#{{1,{len(found.group(1))}}} ", re.sub(r"```.*?```", _blank, rest, flags=re.DOTALL), re.MULTILINE
    )
    return rest[: after.start()] if after else rest


def _blank(block: re.Match[str]) -> str:
    return " " * len(block.group())


def table(path: Path, heading: str) -> Rows:
    """The rows of the first table under a heading, without its head."""
    lines = [line for line in section(path, heading).splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines[2:]]


def written(rows: Rows) -> str:
    """Rows as Markdown, to paste where a table has fallen behind."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


# --- what the code says --------------------------------------------------------------------------------------------


def code(value: object) -> str:
    return f"`{value}`" if value != "" else ""


def settings_rows() -> Rows:
    return [
        (
            code(PREFIX + field.name.upper()),
            code(field.default.name if isinstance(field.default, Path) else field.default),
            field.metadata["help"],
        )
        for field in dataclasses.fields(Settings)
    ]


def store_settings_rows() -> Rows:
    defaults = settings_json(StoreSettings())
    return [(code(name), code(json.dumps(value))) for name, value in defaults.items() if name != "switches"]


def token_rows() -> Rows:
    fallbacks = {None: "none: not sent", "": "nothing"}
    return [
        (
            code(f"[[{token.name}]]"),
            token.meaning,
            token.sample,
            fallbacks.get(token.default_fallback, token.default_fallback or ""),
        )
        for token in TOKENS.values()
    ]


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        else:
            yield path + name, command


def command_rows() -> Rows:
    return [(code(_usage(path, command)), (command.help or "").strip()) for path, command in commands(cli)]


def _usage(path: str, command: click.Command) -> str:
    parts = [path]
    for option in command.params:
        if isinstance(option, click.Argument):
            parts.append((option.name or "").upper())
            continue
        assert isinstance(option, click.Option)
        name = option.opts[0]
        if not option.is_flag:
            name += f" {option.metavar or (option.name or '').upper().removesuffix('_KEY')}"
        name += " …" if option.multiple else ""
        parts.append(name if option.required else f"[{name}]")
    return " ".join(parts)


def gateway_rows() -> Rows:
    registry = load(ROOT / "plugins" / "gateways")
    rows: Rows = []
    for kind, plugin in sorted(registry.kinds.items()):
        for field in plugin.Settings():
            label = f"{field.label.text}: {field.description}" if field.description else field.label.text
            rows.append((code(kind), code(field.short_name), label + (" Secret." * isinstance(field, PasswordField))))
    return rows


def error_rows() -> Rows:
    def kinds(of: type[NexnotifyError]) -> Iterator[type[NexnotifyError]]:
        for kind in of.__subclasses__():
            yield kind
            yield from kinds(kind)

    public = [kind for kind in kinds(NexnotifyError) if kind.__module__ != "nexnotify.catalog.imports.rows"]
    rows = {(str(kind.status), code(kind.code), (kind.__doc__ or "").split("\n")[0]) for kind in public}
    return sorted(rows)


def address_rows(app: Flask) -> Rows:
    rows = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(
            (
                "/api/",
                "/widget/",
                "/callbacks/",
                "/hooks/",
                "/s/",
                "/l/",
                "/join/",
                "/reset",
                "/healthz",
                "/readyz",
                "/metrics",
            )
        ):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                address = re.sub(r"<(?:[^:<>]*:)?([^<>]+)>", r"<\1>", rule.rule)
                rows.add((code(f"{method} {address}"),))
    return sorted(rows)


def words_rows(words: dict[str, str]) -> Rows:
    return [(code(name), meaning) for name, meaning in words.items()]


#: Heading in docs/reference.md → what its table must say.
TABLES = {
    "Settings": settings_rows(),
    "Request statuses": words_rows(REQUEST_STATUSES),
    "Message statuses": words_rows(MESSAGE_STATUSES),
    "Decision reasons": words_rows(REASONS),
    "Order statuses": words_rows(ORDER_STATUSES),
    "Send states": words_rows(STATES),
    "Where a person of a journey stands": words_rows(JOURNEY_STATES),
    "Restock states": words_rows(RESTOCK_STATES),
    "Why a restock ended": words_rows(ENDED),
    "Tokens": token_rows(),
    "Templates": words_rows(KINDS),
    "Commands": command_rows(),
    "Gateways": gateway_rows(),
    "Movements of credits": words_rows(CREDIT_KINDS),
    "Purchase statuses": words_rows(PURCHASE_STATUSES),
    "Errors": error_rows(),
}


# --- tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heading", TABLES)
def test_a_table_says_what_the_code_says(heading: str) -> None:
    assert table(REFERENCE, heading) == TABLES[heading], f"It should be:\n{written(TABLES[heading])}"


def test_every_store_setting_is_told_with_its_default() -> None:
    rows = table(REFERENCE, "Store settings")
    assert [row[:2] for row in rows] == store_settings_rows(), written(store_settings_rows())


def test_the_switches_of_a_new_store_are_told() -> None:
    defaults = settings_json(StoreSettings())["switches"]
    rows = [
        (code(status), *("on" if switches[channel] else "off" for channel in ("sms", "email", "push")))
        for status, switches in defaults.items()
    ]
    assert table(REFERENCE, "Switches") == rows, written(rows)


def test_every_address_is_told(app: Flask) -> None:
    told = [row[:1] for row in table(REFERENCE, "Addresses")]
    assert sorted(told) == address_rows(app), written(address_rows(app))


def test_the_signs_of_a_scanner_are_told() -> None:
    assert table(ROOT / "docs" / "links.md", "Who opened it") == words_rows(SIGNS)


def test_the_outboxs_numbers_are_told() -> None:
    script = load(ROOT / "plugins" / "gateways").get("outbox").send.__globals__["SCRIPT"]
    rows = [(f"+1 201 555 {number[-4:]}", line.words) for number, line in script.items()]
    assert table(ROOT / "docs" / "gateways.md", "The outbox") == rows


def test_the_glossary_has_the_words_of_the_code() -> None:
    glossary = " ".join(row[0] for row in table(README, "Words"))
    for word in (
        "store",
        "variant",
        "available to sell",
        "restock event",
        "alert request",
        "contact",
        "message",
        "lane",
    ):
        assert word in glossary


def test_the_folders_of_the_readme_are_there() -> None:
    named = re.findall(r"^ {2}(\w+)/", section(README, "How it is built"), re.MULTILINE)
    packages = {path.parent.name for path in (ROOT / "nexnotify").glob("*/__init__.py")} - {"migrations"}
    assert set(named) == packages


# --- links and names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_the_project_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", text):
        if target and "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} → {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_heading_finds_it(path: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", path.read_text()):
        other = path.parent / target if target else path
        headings = re.findall(r"^#+ (.+)$", other.read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in anchors, f"{path.name} → {target}#{anchor}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    known = {PREFIX + field.name.upper() for field in dataclasses.fields(Settings)}
    named = set(re.findall(r"NEXNOTIFY_[A-Z_]+", path.read_text()))
    assert named <= known, named - known


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_is_typed_exists(path: Path) -> None:
    known = dict(commands(cli))
    for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            _, found, arguments = line.partition(".venv/bin/nexnotify ")
            if not found:
                continue
            words = shlex.split(arguments.split(" < ")[0].split("#")[0])
            command = next((known[name] for name in (" ".join(words[:2]), words[0]) if name in known), None)
            assert command is not None, f"{path.name}: nexnotify {arguments}"
            options = {name for option in command.params for name in option.opts}
            assert {word for word in words if word.startswith("--")} <= options, arguments


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(), re.MULTILINE))
    assert named <= targets, named - targets


def test_every_file_that_is_named_is_there() -> None:
    for path in DOCUMENTS:
        for name in re.findall(r"`((?:nexnotify|plugins|docs|tests)/[\w/]+\.\w+)`", path.read_text()):
            assert (ROOT / name).exists(), f"{path.name}: {name}"


# --- the main job, typed as the README says -------------------------------------------------------------------------

#: Different each time.
VOLATILE = re.compile(r"(_at|^at|^id|reference|restock_id|gateway_id|_key)$")


def test_the_main_job_of_the_readme_works_as_written(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = section(README, "The main job by hand")
    steps = re.findall(r"```(sh|json)\n(.*?)```", text, re.DOTALL)
    shell = _Shell(app, settings, monkeypatch)
    answers = 0
    for kind, block in steps:
        if kind == "sh":
            shell.run(block)
        else:
            answers += 1
            _compare(json.loads(block), shell.answer, "answer")
    assert answers >= 7


def typed(block: str) -> Iterator[str]:
    """The commands of a block; one goes on over a backslash at the end of a line, and inside single quotes."""
    command = ""
    for line in block.replace("\\\n", " ").splitlines():
        command += line + " "
        if command.count("'") % 2 == 0:
            yield command.strip()
            command = ""


class _Shell:
    """Enough of a shell for the README: assignments, the command and curl."""

    def __init__(self, app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app, self.client = app, app.test_client()
        self.values: dict[str, str] = {}
        self.answer: Any = None
        environment = {
            "INSTANCE": str(settings.instance),
            "DATABASE_URL": settings.database_url,
            "QUEUE_URL": "memory:",
            "SECRET_KEYS": settings.secret_keys,
        }
        for name, value in environment.items():
            monkeypatch.setenv(PREFIX + name, value)

    def run(self, block: str) -> None:
        for line in typed(block):
            if line.startswith(".venv/bin/nexnotify "):
                result = CliRunner().invoke(cli, shlex.split(line)[1:])
                assert result.exit_code == 0, result.output
                self.answer = json.loads(result.stdout)
            elif line.startswith("curl "):
                self._curl(line)
            elif assigned := re.match(r"([A-Z]+)=(.*)", line):
                self.values[assigned.group(1)] = self._real(assigned.group(1), assigned.group(2).strip('"'))

    def _real(self, name: str, shown: str) -> str:
        """What the reader would put there: the README shows an example of a key or an id."""
        real = {"KEY": "api_key", "STORE": "store_key"}
        if name in real:
            return str(self.answer[real[name]])
        return str(self.answer["requests"][0]["id"]) if name == "REQUEST" else self._fill(shown)

    def _fill(self, text: str) -> str:
        for name, value in self.values.items():
            text = text.replace(f"${name}", value)
        assert "$" not in text, text
        return text

    def _curl(self, line: str) -> None:
        method, body, address = "GET", None, ""
        headers: dict[str, str] = {}
        words = iter(shlex.split(self._fill(line))[1:])
        for word in words:
            if word == "-X":
                method = next(words)
            elif word == "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            elif word == "-d":
                body, method = next(words), "POST" if method == "GET" else method
            else:
                address = word
        path = re.sub(r"^http://127\.0\.0\.1:8000", "", address)
        answer = self.client.open(path, method=method, headers=headers, data=body)
        assert answer.status_code < 300, f"{line}: {answer.get_data(as_text=True)}"
        self.answer = answer.get_json()
        self._work()

    def _work(self) -> None:
        with self.app.app_context():
            store = find_store(self.values["STORE"])
            assert store is not None
            shop = Shop(self.app, self.client, store.id, store.key, "")
            db.session.remove()
        shop.work()


def _compare(told: Any, found: Any, where: str) -> None:
    """What the README shows is what comes: names, types, and values that do not differ each time."""
    assert type(told) is type(found), f"{where}: {found!r}"
    if isinstance(told, dict):
        assert set(told) == set(found), where
        for name, value in told.items():
            if VOLATILE.search(name) and isinstance(value, (str, int)):
                assert isinstance(found[name], type(value)), f"{where}.{name}"
            else:
                _compare(value, found[name], f"{where}.{name}")
    elif isinstance(told, list):
        assert bool(told) == bool(found), where
        assert len(found) >= len(told), where
        for index, item in enumerate(told):
            _compare(item, found[index], f"{where}[{index}]")
    else:
        assert told == found, where
