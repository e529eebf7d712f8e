"""The command ``nexnotify``."""

from __future__ import annotations

import sys

import click
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.cli import credits, gateways, imports, installation, simulate, stores
from nexnotify.errors import NexnotifyError
from nexnotify.settings import SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Self-hosted restock notifications, SMS first."""


for command in (
    installation.init,
    installation.demo,
    installation.serve,
    installation.web,
    installation.worker,
    installation.doctor,
    stores.store,
    stores.user,
    gateways.gateway,
    credits.credits,
    imports.import_,
    simulate.simulate,
):
    cli.add_command(command)


def main() -> None:
    """Run the command; a problem of the user's is one sentence, never a stack trace."""
    try:
        cli(prog_name="nexnotify")
    except NexnotifyError as error:
        click.echo(f"Error: {error.message}", err=True)
        for field, words in error.fields.items():
            click.echo(f"  {field}: {words}", err=True)
        sys.exit(1)
    except SettingsError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except (OperationalError, InterfaceError) as error:
        reason = (str(error.orig).splitlines() or ["no reason given"])[0]
        click.echo(f"Error: The database cannot be used: {reason}", err=True)
        sys.exit(1)
