"""Settings: a bad value stops the start with one sentence, and a misspelt name is not passed over in silence."""

import warnings
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from nexnotify import create_app
from nexnotify.cli import cli, main
from nexnotify.secrets import KEY_FILE, new_key
from nexnotify.settings import PREFIX, Settings, SettingsError

BAD = [
    ("PUBLIC_URL", "notify.example"),
    ("LOG_LEVEL", "loud"),
    ("SEND_THREADS", "many"),
    ("SEND_THREADS", "0"),
    ("WEB_WORKERS", "0"),
    ("WEB_THREADS", "-1"),
    ("MAX_BODY_BYTES", "0"),
    ("TRUSTED_PROXIES", "-1"),
    ("TRUSTED_PROXIES", "one"),
    ("SIGNUPS_PER_IP", "-1"),
    ("SIGNUPS_PER_CONTACT", "5.5"),
    ("SIGNUPS_PER_STORE", "-1"),
    ("DATABASE_URL", "nonsense"),
    ("DATABASE_URL", "mysql://db.example/nexnotify"),
    ("QUEUE_URL", "amqp://queue.example"),
]


@pytest.mark.parametrize("name,value", BAD)
def test_a_bad_value_stops_the_start_and_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{PREFIX}{name} must "):
        Settings.from_env({PREFIX + name: value})


def test_the_command_says_it_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["nexnotify", "init"])
    monkeypatch.setenv("NEXNOTIFY_INSTANCE", str(tmp_path))
    monkeypatch.setenv("NEXNOTIFY_SEND_THREADS", "0")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "Error: NEXNOTIFY_SEND_THREADS must be at least 1.\n"


def test_a_database_that_is_away_is_one_sentence_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["nexnotify", "init"])
    monkeypatch.setenv("NEXNOTIFY_INSTANCE", str(tmp_path))
    monkeypatch.setenv("NEXNOTIFY_DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().err
    assert said.startswith("Error: The database cannot be used: ")
    assert "Traceback" not in said


@pytest.mark.parametrize("text", ["short", "x" * 31, f"{'x' * 40},short"])
def test_a_key_that_is_too_short_stops_the_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="at least 32 characters"):
        create_app(Settings(instance=tmp_path, secret_keys=text))


def test_without_a_key_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nexnotify init"):
        create_app(Settings(instance=tmp_path, queue_url="memory:"))


def test_an_unknown_name_warns_with_the_nearest_one() -> None:
    with pytest.warns(UserWarning, match=r"NEXNOTIFY_DATABSE_URL .* Did you mean NEXNOTIFY_DATABASE_URL\?"):
        Settings.from_env({"NEXNOTIFY_DATABSE_URL": "postgresql://db.example/nexnotify"})


def test_names_of_others_are_left_alone() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Settings.from_env({"HOME": "/", "NEXT_PUBLIC_URL": "x"}) == Settings()


def test_every_setting_can_be_given_by_the_environment(tmp_path: Path) -> None:
    values = {
        "instance": str(tmp_path),
        "database_url": "postgresql://db.example/nexnotify",
        "queue_url": "redis://queue.example",
        "public_url": "https://notify.example/",
        "secret_keys": new_key(),
        "trusted_proxies": "1",
        "session_minutes": "60",
        "max_body_bytes": "1000",
        "signups_per_ip": "0",
        "signups_per_contact": "0",
        "signups_per_store": "0",
        "tracked_per_ip": "0",
        "private_shops": "http://localhost:8080",
        "credit_prices": "10,19,45",
        "credit_currency": "EUR",
        "send_threads": "8",
        "web_workers": "1",
        "web_threads": "1",
        "log_level": "DEBUG",
    }
    assert set(values) == {field.name for field in fields(Settings)}
    settings = Settings.from_env({PREFIX + name.upper(): value for name, value in values.items()})
    default = Settings()
    assert [
        field.name for field in fields(Settings) if getattr(settings, field.name) == getattr(default, field.name)
    ] == []
    assert settings.database_url == "postgresql+psycopg://db.example/nexnotify"
    assert settings.public_url == "https://notify.example"


def test_every_setting_has_its_help_in_a_sentence() -> None:
    for field in fields(Settings):
        assert field.metadata["help"].endswith("."), field.name


def test_no_secret_shows_when_settings_are_printed() -> None:
    key = new_key()
    settings = Settings(
        secret_keys=key, database_url="postgresql://me:hunter2@db.example/x", queue_url="redis://:hunter2@q"
    )
    assert key not in repr(settings)
    assert "hunter2" not in repr(settings)


def test_init_makes_a_key_that_only_its_owner_can_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEXNOTIFY_INSTANCE", str(tmp_path / "new"))
    monkeypatch.setenv("NEXNOTIFY_QUEUE_URL", "memory:")
    assert CliRunner().invoke(cli, ["init"]).exit_code == 0
    path = tmp_path / "new" / KEY_FILE
    assert path.stat().st_mode & 0o077 == 0
    first = path.read_text()
    assert CliRunner().invoke(cli, ["init"]).exit_code == 0
    assert path.read_text() == first
