"""The command line. Each option has a twin in the environment: `--port` is MOCKSERVER_PORT."""

import http.client
import os
import secrets
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from mockserver import __version__
from mockserver.cli import admin, banner
from mockserver.cli.admin_options import server_url
from mockserver.core.clock import EARLIEST, LATEST, parse_instant
from mockserver.core.config import BUILT_IN, Config, resource
from mockserver.fixtures.load import load_fixtures
from mockserver.fixtures.yaml_document import FixtureError
from mockserver.openapi import error_catalog
from mockserver.openapi.checks import contract_errors
from mockserver.openapi.contract import Contract, ContractError
from mockserver.operations import OPERATIONS
from mockserver.server.run import ServeOptions, serve


class Instant(click.ParamType[int]):
    """An RFC 3339 date-time, in milliseconds since 1970."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the instant of a text."""
        if isinstance(value, int):
            return value
        try:
            instant = parse_instant(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not EARLIEST <= instant < LATEST:
            self.fail(f"{value!r} is too far away; write a year from 1971 to 8999", param, ctx)
        return instant


class FixturePath(click.ParamType[str]):
    """A file, a folder, or `default`; several of them are separated as in PATH."""

    name = "path"
    envvar_list_splitter = os.pathsep

    def convert(self, value: Any, *_: Any) -> str:
        """Return the path as it is: the fixtures' own checks tell more."""
        return str(value)


@click.group(invoke_without_command=True, context_settings={"show_default": True})
@click.version_option(__version__, package_name="account-cart-sandbox")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", default=8080, type=click.IntRange(0, 65535), help="0 takes any free port.")
@click.option(
    "--fixtures",
    "fixtures",
    multiple=True,
    type=FixturePath(),
    default=(BUILT_IN,),
    envvar="MOCKSERVER_FIXTURES",
    help="A YAML file, a folder of them, or default; may be given again, later ones add.",
)
@click.option("--seed", default=0, type=int, help="What ids and tokens are made from.")
@click.option(
    "--freeze-time",
    type=Instant(),
    metavar="INSTANT",
    help="Stop the clock at an instant, such as 2026-01-01T00:00:00Z.",
)
@click.option("--reload", is_flag=True, help="Start anew when a fixture or the code changes.")
@click.option("--tls", is_flag=True, help="Serve HTTPS with a certificate made for localhost.")
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--admin-token",
    metavar="TOKEN",
    help="What /__admin wants as a bearer token. Beyond localhost it is closed without one.",
)
@click.option("--open-admin", is_flag=True, help="Leave /__admin open to everyone who gets here.")
@click.option("--disable-admin", is_flag=True, help="Serve no /__admin at all but its health.")
@click.option(
    "--admin-origin",
    "admin_origins",
    multiple=True,
    envvar="MOCKSERVER_ADMIN_ORIGIN",
    metavar="ORIGIN",
    help="A page's origin, such as http://localhost:3000, that may use /__admin.",
)
@click.option("--require-sandbox", is_flag=True, help="Refuse calls that name no sandbox.")
@click.option(
    "--max-sandboxes",
    default=1000,
    type=click.IntRange(1, 100_000),
    help="How many to keep; the least recently used one goes.",
)
@click.option(
    "--sandbox-idle",
    default=3600,
    type=click.IntRange(1),
    metavar="SECONDS",
    help="After how long an unused sandbox goes.",
)
@click.option(
    "--journal-size",
    default=1000,
    type=click.IntRange(0, 100_000),
    help="How many requests each sandbox remembers; with 0 it only counts them.",
)
@click.option(
    "--faults",
    is_flag=True,
    help="A socket layer in front, which lets rules break connections.",
)
@click.option(
    "--state-file",
    type=click.Path(path_type=Path),
    help="Keep everything but the journal in a file, for the next start.",
)
@click.option(
    "--state-every",
    default=10.0,
    type=click.FloatRange(0.1, 86_400),
    metavar="SECONDS",
    help="How often to write it when something has changed; it is written at the end, too.",
)
@click.option(
    "--state-mismatch",
    type=click.Choice(["fail", "discard"]),
    default="fail",
    help="What to do with a state file that is torn, foreign, or of other fixtures or another seed:"
    " refuse to start, or start without it and keep it as FILE.rejected.",
)
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:
    """Serve the Account Cart Associations sandbox, until Ctrl-C."""
    if ctx.invoked_subcommand is None:
        serve(_serve_options(**options), banner.text)


def _serve_options(
    reload: bool,
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    state_file: Path | None,
    state_every: float,
    state_mismatch: str,
    freeze_time: int | None,
    sandbox_idle: int,
    **settings: Any,
) -> ServeOptions:
    config = Config(
        frozen_at=freeze_time,
        sandbox_idle_s=sandbox_idle,
        fault_secret=secrets.token_hex(16),
        **settings,
    )
    return ServeOptions(
        config, reload, tls, tls_cert, tls_key, state_file, state_every, state_mismatch
    )


@cli.command()
@click.argument("paths", nargs=-1, type=FixturePath())
def validate(paths: tuple[str, ...]) -> None:
    """Validate openapi.yaml and fixtures without serving. Exits with 1 on errors."""
    contract = _contract()
    if errors := contract_errors(contract, OPERATIONS.keys()):
        raise ContractError(errors)
    state = load_fixtures(paths or (BUILT_IN,), contract)
    click.echo(
        f"ok: {len(state.applications)} applications, {len(state.accounts)} accounts, "
        f"{len(state.members)} members, {len(state.carts)} carts, {len(state.magic)} magic ids"
    )


@cli.command()
@click.option("--format", "style", type=click.Choice(list(error_catalog.FORMATS)), default="text")
@click.option("--operation", help="Only the errors of one operation.")
@click.option("--base-url", default="http://localhost:8080", help="What the curl lines call.")
def errors(style: str, operation: str | None, base_url: str) -> None:
    """List every error: what it says, what causes it, and a command that provokes it."""
    contract = _contract()
    known = contract.operation(operation) if operation else None
    if operation and known is None:
        names = ", ".join(each.id for each in contract.operations)
        raise click.ClickException(f"no operation {operation}; known: {names}")
    magic = load_fixtures((BUILT_IN,), contract).magic
    entries = [
        error_catalog.describe(contract, entry, magic, base_url)
        for entry in contract.error_entries()
        if known is None or entry.operation == known.id
    ]
    click.echo(error_catalog.FORMATS[style](entries), nl=False)


@cli.command()
def routes() -> None:
    """List the operations: method, path, operationId, and who may call it."""
    operations = _contract().operations
    width = max(len(each.path) for each in operations)
    name = max(len(each.id) for each in operations)
    for each in operations:
        callers = ", ".join(sorted(each.callers))
        click.echo(f"{each.method:<6} {each.path:<{width}}  {each.id:<{name}}  {callers}")


@cli.command()
@click.option("--url", help="The server's base URL; else built from --host, --port and --tls.")
@click.pass_context
def health(ctx: click.Context, /, url: str | None) -> None:
    """Ask a running server for its health; exit status 1 when there is none."""
    base = url or server_url(ctx.find_root().params)
    unverified = ssl._create_unverified_context()  # noqa: S323 - health is no secret
    try:
        target = f"{base.rstrip('/')}/__admin/health"
        with urllib.request.urlopen(target, timeout=5, context=unverified) as answer:  # noqa: S310 - the user's own server
            click.echo(answer.read().decode())
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it holds the connection
        raise click.ClickException(f"{base} is not healthy: {error}") from None


cli.add_command(admin.ctl)
cli.add_command(admin.coverage)


def _contract() -> Contract:
    return Contract.load(resource("openapi.yaml"))


def main() -> None:
    """Run the command line; what goes wrong is told on standard error, one line a mistake."""
    try:
        status = cli.main(standalone_mode=False, auto_envvar_prefix="MOCKSERVER")
    except click.Abort:
        sys.exit(130)
    except NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except (ContractError, FixtureError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except click.ClickException as error:
        click.echo(f"mockserver: {error.format_message()}", err=True)
        sys.exit(2 if isinstance(error, click.UsageError) else 1)
    sys.exit(status if isinstance(status, int) else 0)
