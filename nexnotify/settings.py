"""Settings from the environment: one frozen dataclass, each field with its help.

A merchant's choices are not here: they belong to the store (``stores/settings.py``).
"""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from nexnotify.fetch import origin_of

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "NEXNOTIFY_"
#: How the address of a queue may begin; "memory:" is for tests.
QUEUES = ("sqlite:///", "postgresql:", "postgres:", "postgresql+psycopg:", "redis:", "rediss:", "memory:")


class SettingsError(Exception):
    """A setting has a value that cannot be used; nothing was started."""


def setting(default: Any, help: str, *, secret: bool = False) -> Any:
    """A field of :class:`Settings` with its help text; a secret one is left out of ``repr``."""
    return field(default=default, metadata={"help": help}, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """How this installation runs. Read once at the start, never changed."""

    instance: Path = setting(ROOT / "instance", "Folder for the embedded database, the queue and the key file.")
    database_url: str = setting(
        "", "Address of the database: postgresql://…; empty is SQLite in the instance folder.", secret=True
    )
    queue_url: str = setting(
        "",
        "Where nudges wait: postgresql://… or redis://…; empty is a SQLite file in the instance folder.",
        secret=True,
    )
    public_url: str = setting("http://127.0.0.1:8000", "Address under which shoppers and gateways reach this server.")
    secret_keys: str = setting(
        "",
        "Keys that encrypt addresses and secrets, newest first, comma-separated; empty is a file made by `init`.",
        secret=True,
    )
    trusted_proxies: int = setting(0, "How many proxies in front of us set X-Forwarded-For, -Proto and -Host.")
    session_minutes: int = setting(720, "Minutes after which a staff session that nobody uses ends.")
    max_body_bytes: int = setting(1_048_576, "Largest request body that is read.")
    signups_per_ip: int = setting(
        5, "Sign-ups through the widget from one IP address (IPv6: one /64) in ten minutes; 0 is no limit."
    )
    signups_per_contact: int = setting(
        3,
        "Sign-ups of one number or email that are confirmed in ten minutes; more are kept in silence. 0 is no limit.",
    )
    signups_per_store: int = setting(
        600,
        "Sign-ups of one store's widget that are confirmed in ten minutes; more are kept in silence. 0 is no limit.",
    )
    tracked_per_ip: int = setting(
        600, "Views that the shop's pages may tell from one IP address (IPv6: one /64) in ten minutes; 0 is no limit."
    )
    private_shops: str = setting(
        "",
        "For development: origins on private addresses whose pages may be looked at, comma-separated, "
        "such as http://localhost:8080.",
    )
    credit_prices: str = setting(
        "20.00, 38.00, 90.00", "What packs of 1,000, 2,000 and 5,000 credits cost, comma-separated."
    )
    credit_currency: str = setting("USD", "Currency of these prices.")
    send_threads: int = setting(64, "Messages one worker has in flight at most.")
    web_workers: int = setting(2, "Web processes of `serve`.")
    web_threads: int = setting(4, "Threads of each web process.")
    log_level: str = setting("INFO", "DEBUG, INFO, WARNING or ERROR.")

    def __post_init__(self) -> None:
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.instance / 'nexnotify.sqlite'}")
        if not self.queue_url:
            object.__setattr__(self, "queue_url", f"sqlite:///{self.instance / 'queue.sqlite'}")
        object.__setattr__(self, "database_url", _with_driver(self.database_url))
        object.__setattr__(self, "public_url", self.public_url.rstrip("/"))
        if not self.public_url.startswith(("http://", "https://")):
            raise SettingsError(f"{PREFIX}PUBLIC_URL must start with http:// or https://, not {self.public_url!r}.")
        if not self.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise SettingsError(f"{PREFIX}DATABASE_URL must start with postgresql:// or sqlite:///.")
        if not self.queue_url.startswith(QUEUES):
            raise SettingsError(f"{PREFIX}QUEUE_URL must start with postgresql://, redis:// or sqlite:///.")
        if self.log_level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise SettingsError(f"{PREFIX}LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {self.log_level!r}.")
        for name in ("send_threads", "web_workers", "web_threads", "max_body_bytes", "session_minutes"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{PREFIX}{name.upper()} must be at least 1.")
        for name in ("trusted_proxies", "signups_per_ip", "signups_per_contact", "signups_per_store", "tracked_per_ip"):
            if getattr(self, name) < 0:
                raise SettingsError(f"{PREFIX}{name.upper()} must be 0 or more.")

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url.startswith("sqlite")

    @property
    def readable_origins(self) -> frozenset[str]:
        """Origins of pages that may be looked at although they do not lie on the public internet."""
        named = {part.strip().lower().rstrip("/") for part in self.private_shops.split(",") if part.strip()}
        # Our own address is one that the whole internet may ask; the demo shop lies there.
        return frozenset(named | {origin_of(self.public_url)})

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read ``NEXNOTIFY_*``; a bad value raises :class:`SettingsError`, an unknown name warns."""
        known = {PREFIX + f.name.upper(): f for f in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in environ.items():
            if not name.startswith(PREFIX):
                continue
            if name not in known:
                _warn_unknown(name, list(known))
                continue
            values[known[name].name] = _read(name, text, known[name].default)
        return cls(**values)


def _with_driver(url: str) -> str:
    """PostgreSQL addresses use the psycopg driver, however they are written."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url[len(scheme) :]
    return url


def _read(name: str, text: str, default: Any) -> Any:
    if isinstance(default, Path):
        return Path(text).resolve()
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            raise SettingsError(f"{name} must be a whole number, not {text!r}.") from None
    return text


def _warn_unknown(name: str, known: list[str]) -> None:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    warnings.warn(f"{name} is not a setting of nexnotify and was ignored.{hint}", stacklevel=3)
