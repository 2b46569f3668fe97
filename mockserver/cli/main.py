"""The command line. Options may also be set in the environment: `--port` is MOCKSERVER_PORT."""

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from mockserver import __version__
from mockserver.cli import admin, banner
from mockserver.core.clock import EARLIEST, LATEST, parse_instant
from mockserver.core.config import BUILT_IN, Config, resource
from mockserver.fixtures.load import load_fixtures
from mockserver.fixtures.yaml_document import FixtureError
from mockserver.openapi import error_catalog
from mockserver.openapi.checks import contract_errors
from mockserver.openapi.contract import Contract, ContractError
from mockserver.operations import OPERATIONS
from mockserver.server.run import ServeOptions, serve
from mockserver.testing.client import AdminClient, MockServerError


class Instant(click.ParamType[int]):
    """An RFC 3339 date-time, in milliseconds since 1970."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
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
    """A file, a folder, or `default`, unchecked; the environment separates several as in PATH."""

    name = "path"
    envvar_list_splitter = os.pathsep


PEM_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(invoke_without_command=True, context_settings={"show_default": True})
@click.version_option(__version__, package_name="account-cart-sandbox")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option(
    "--port", default=8080, type=click.IntRange(0, 65535), help="Port to listen on; 0 for any."
)
@click.option(
    "--fixtures",
    multiple=True,
    type=FixturePath(),
    default=(BUILT_IN,),
    envvar="MOCKSERVER_FIXTURES",
    help="A YAML file, a folder of them, or default. Repeatable; later ones add to earlier ones.",
)
@click.option("--seed", default=0, type=int, help="Seed for generated ids and tokens.")
@click.option(
    "--freeze-time",
    type=Instant(),
    metavar="INSTANT",
    help="Freeze the clock at an instant, e.g. 2026-01-01T00:00:00Z. By default it runs.",
)
@click.option("--reload", is_flag=True, help="Reload when a fixture or the code changes.")
@click.option("--tls", is_flag=True, help="Serve HTTPS with a generated certificate.")
@click.option(
    "--tls-cert",
    type=PEM_FILE,
    help="Serve HTTPS with the certificate in this PEM file. Requires --tls-key.",
)
@click.option("--tls-key", type=PEM_FILE, help="PEM file with the private key of --tls-cert.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="Format of log lines."
)
@click.option(
    "--admin-token",
    metavar="TOKEN",
    help="Bearer token required for /__admin. Without it, /__admin is only available on localhost.",
)
@click.option(
    "--open-admin", is_flag=True, help="Allow unauthenticated access to /__admin from any host."
)
@click.option("--disable-admin", is_flag=True, help="Disable /__admin, except its health.")
@click.option(
    "--admin-origin",
    "admin_origins",
    multiple=True,
    envvar="MOCKSERVER_ADMIN_ORIGIN",
    metavar="ORIGIN",
    help="Allow pages of this origin, e.g. http://localhost:3000, to use /__admin. Repeatable."
    " By default none.",
)
@click.option("--require-sandbox", is_flag=True, help="Reject requests that name no sandbox.")
@click.option(
    "--max-sandboxes",
    default=1000,
    type=click.IntRange(1, 100_000),
    help="Maximum number of sandboxes. Above it, the least recently used one is deleted.",
)
@click.option(
    "--sandbox-idle",
    default=3600,
    type=click.IntRange(1),
    metavar="SECONDS",
    help="Delete a sandbox after this many idle seconds.",
)
@click.option(
    "--journal-size",
    default=1000,
    type=click.IntRange(0, 100_000),
    help="Number of requests that each sandbox records; 0 to only count them.",
)
@click.option("--faults", is_flag=True, help="Enable connection-level fault injection by rules.")
@click.option(
    "--state-file",
    type=click.Path(path_type=Path),
    help="Load the state of all sandboxes from this file, and save it there. By default it is lost"
    " on exit.",
)
@click.option(
    "--state-every",
    default=10.0,
    type=click.FloatRange(0.1, 86_400),
    metavar="SECONDS",
    help="Save changes to --state-file at this interval in seconds, and on exit.",
)
@click.option(
    "--state-mismatch",
    type=click.Choice(["fail", "discard"]),
    default="fail",
    help="What to do with a state file that is torn, foreign, or of other fixtures or another seed:"
    " refuse to start, or start without it and keep it as FILE.rejected.",
)
@click.pass_context
def cli(
    ctx: click.Context,
    /,
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
) -> None:
    """Serve the Account Cart Associations sandbox until Ctrl-C."""
    if ctx.invoked_subcommand is not None:
        return
    secret = secrets.token_hex(16)
    config = Config(
        frozen_at=freeze_time, sandbox_idle_s=sandbox_idle, fault_secret=secret, **settings
    )
    options = ServeOptions(
        config, reload, tls, tls_cert, tls_key, state_file, state_every, state_mismatch
    )
    serve(options, banner.text)


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
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(error_catalog.FORMATS)),
    default="text",
    help="Output format.",
)
@click.option("--operation", help="Only the errors of this operationId. By default all.")
@click.option("--base-url", default="http://localhost:8080", help="Base URL in the curl commands.")
def errors(format_: str, operation: str | None, base_url: str) -> None:
    """List every error, its cause, and a command that provokes it."""
    contract = _contract()
    selected = contract.operation(operation) if operation else None
    if operation and selected is None:
        names = ", ".join(known.id for known in contract.operations)
        raise click.ClickException(f"no operation {operation}; known: {names}")
    magic = load_fixtures((BUILT_IN,), contract).magic
    entries = [
        error_catalog.describe(contract, entry, magic, base_url)
        for entry in contract.error_entries()
        if selected is None or entry.operation == selected.id
    ]
    click.echo(error_catalog.FORMATS[format_](entries), nl=False)


@cli.command()
def routes() -> None:
    """List the operations: method, path, operationId, and allowed callers."""
    operations = _contract().operations
    path_width = max(len(operation.path) for operation in operations)
    id_width = max(len(operation.id) for operation in operations)
    for operation in operations:
        callers = ", ".join(sorted(operation.callers))
        path, id_ = f"{operation.path:<{path_width}}", f"{operation.id:<{id_width}}"
        click.echo(f"{operation.method:<6} {path}  {id_}  {callers}")


@cli.command()
@click.option("--url", help=admin.URL_HELP)
@click.pass_context
def health(ctx: click.Context, /, url: str | None) -> None:
    """Check the health of a running server. Exits with 1 if it is not healthy."""
    base = url or admin.server_url(ctx.find_root().params)
    try:
        status = AdminClient(base, context=admin.unverified_context(), timeout_s=5).health()
    except MockServerError as error:
        detail = f"{error.status} {error.detail}" if error.status else error.detail
        raise click.ClickException(f"{base} is not healthy: {detail}") from None
    click.echo(json.dumps(status, separators=(",", ":")))


cli.add_command(admin.admin)
cli.add_command(admin.coverage)


def _contract() -> Contract:
    return Contract.load(resource("openapi.yaml"))


def main() -> None:
    """Run the command line. Errors are printed on standard error, one per line."""
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
