"""Setting up and running."""

from __future__ import annotations

import os
import sys

import click
import sqlalchemy as sa

from nexnotify.cli.common import answer, in_app, json_option, prepare_database, the_app
from nexnotify.db import db
from nexnotify.settings import Settings


@click.command()
@json_option
def init(as_json: bool) -> None:
    """Make the key file and bring the database up to date."""
    with in_app() as app:
        settings: Settings = app.extensions["nexnotify"].settings
        data = {"instance": str(settings.instance)}
        answer(as_json, data, lambda: f"Ready: {settings.instance}. Keep its key file safe, and backed up.")


@click.command()
@json_option
def demo(as_json: bool) -> None:
    """Make a demo store with products, waiting shoppers and a sign-in; harmless when repeated."""
    from nexnotify.cli.demo import make_demo

    with in_app():
        made = make_demo()
        answer(as_json, made, lambda: "The demo store is ready.")


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT")
def serve(bind: str) -> None:
    """Web and worker in one; one Ctrl-C ends both."""
    from nexnotify.cli.demo import what_to_try
    from nexnotify.workers.supervisor import Supervisor, serve_commands

    if "NEXNOTIFY_PUBLIC_URL" not in os.environ:
        os.environ["NEXNOTIFY_PUBLIC_URL"] = f"http://{bind}"
    with in_app() as app:
        settings: Settings = app.extensions["nexnotify"].settings
        click.echo(what_to_try(f"http://{bind}"))
    sys.exit(Supervisor(serve_commands(bind, settings.web_workers, settings.web_threads)).run())


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT")
def web(bind: str) -> None:
    """The web server alone."""
    from nexnotify.workers.supervisor import serve_commands

    settings = Settings.from_env()
    command = serve_commands(bind, settings.web_workers, settings.web_threads)["web"]
    os.execv(command[0], command)  # noqa: S606 - our own interpreter


@click.command()
def worker() -> None:
    """A worker alone; start as many as you like, on as many machines as share the database."""
    from nexnotify.workers.process import run_worker

    app = the_app()
    run_worker(app)


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look for what keeps messages from going out."""
    from nexnotify.reports.doctor import findings

    app = the_app()
    with app.app_context():
        prepare_database()
        db.session.execute(sa.text("SELECT 1"))
        found = findings()
        data = {"ok": not found, "findings": found}
        answer(as_json, data, lambda: "\n".join(found) or "Nothing stands in the way.")
    sys.exit(1 if found else 0)
