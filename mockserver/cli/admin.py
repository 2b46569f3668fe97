"""`mockserver admin` and `mockserver coverage`: the admin API of a running server.

The common options may precede or follow a command's name.
"""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from mockserver.cli import coverage_report
from mockserver.cli.banner import url_host
from mockserver.core.config import ANY_ADDRESS
from mockserver.testing.client import AdminClient, MockServerError

FORMATS = ("text", "json")
URL_HELP = (
    "Base URL of the server. By default it is built from --host, --port and --tls of `mockserver`."
)
RULE = '{"operation": "getCarts", "times": 1, "then": {"error": "too-many-requests"}}'


def server_url(options: Mapping[str, Any]) -> str:
    """Return the URL of a server that was started with these options of `mockserver`."""
    scheme = "https" if options["tls"] or options["tls_cert"] else "http"
    host = "127.0.0.1" if options["host"] in ANY_ADDRESS else options["host"]
    return f"{scheme}://{url_host(host)}:{options['port']}"


def unverified_context() -> ssl.SSLContext:
    """Return a context that accepts any certificate, e.g. one that the server has generated."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _store_option(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Pass an option down to subcommands; the last occurrence counts."""
    if value:
        ctx.obj = {**(ctx.obj or {}), str(param.name): value}


def _option(name: str, help_text: str, **attributes: Any) -> click.Option:
    return click.Option(
        [name], help=help_text, expose_value=False, callback=_store_option, **attributes
    )


def _common_options(formats: tuple[str, ...]) -> list[click.Parameter]:
    return [
        _option("--url", URL_HELP),
        _option(
            "--admin-token",
            "Bearer token for /__admin. By default that of `mockserver --admin-token`.",
        ),
        _option("--sandbox", "Name of the sandbox. By default `default`."),
        _option(
            "--insecure",
            "Accept any TLS certificate. By default it is verified; SSL_CERT_FILE names a trusted"
            " authority.",
            is_flag=True,
        ),
        _option("--format", "Output format, by default text.", type=click.Choice(formats)),
    ]


class Command(click.Command):
    """A command with the common options: connection and output format."""

    def __init__(
        self,
        *,
        params: list[click.Parameter] | None = None,
        formats: tuple[str, ...] = FORMATS,
        **attributes: Any,
    ):
        super().__init__(params=[*(params or []), *_common_options(formats)], **attributes)


class Group(click.Group):
    """A group of commands, which takes their common options before the command's name."""

    command_class = Command
    group_class = type

    def __init__(self, **attributes: Any):
        super().__init__(**{**attributes, "params": _common_options(FORMATS)})


@dataclass(frozen=True, slots=True)
class Session:
    """The client of a command, and its output format."""

    client: AdminClient
    format: str

    @classmethod
    def from_context(cls, ctx: click.Context) -> Session:
        """Return the session for the options before and after the command's name."""
        options: dict[str, Any] = ctx.obj or {}
        root = ctx.find_root().params
        url = options.get("url") or server_url(root)
        token = options.get("admin_token") or root["admin_token"]
        context = unverified_context() if "insecure" in options else None
        client = AdminClient(url, token, options.get("sandbox"), context)
        return cls(client, options.get("format", "text"))

    def print_result(self, call: Callable[[], Any]) -> None:
        """Make a call and print its result: a line for each record, or JSON."""
        value = _result(call)
        if self.format == "json":
            click.echo(json.dumps({"ok": True} if value is None else value, indent=2))
        elif value is None:
            click.echo("ok")
        else:
            for record in value if isinstance(value, list) else [value]:
                click.echo(_line(record))


def pass_session(function: Callable[..., None]) -> Callable[..., None]:
    """Pass the session to a command as its first argument."""

    @wraps(function)
    @click.pass_context
    def command(ctx: click.Context, /, *args: Any, **options: Any) -> None:
        function(Session.from_context(ctx), *args, **options)

    return command


def _result(call: Callable[[], Any]) -> Any:
    """Return the result of a call; an error becomes the command's error message."""
    try:
        return call()
    except MockServerError as error:
        raise click.ClickException(error.detail) from None


def _write(output: Path | None, text: str) -> None:
    """Write a text to a file, or to standard output."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"--output {output}: {error.strerror}") from None
    click.echo(f"written to {output}", file=sys.stderr)


def _line(record: dict[str, Any]) -> str:
    """Return a record in one line: texts as they are, other values as JSON."""
    if "request" in record and "response" in record:
        error = record["error"] or "-"
        call = f"{record['method']} {record['path']} {record['status']}"
        return f"{record['time']} {call} {error} {record['id']}"
    return "  ".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in record.items()
    )


OUTPUT = click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file. By default to standard output.",
)


@click.group(cls=Group)
def admin() -> None:
    """Control and inspect a running server."""


@click.command(cls=Command, formats=tuple(coverage_report.FORMATS))
@OUTPUT
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    help="Exit with 1 below this percentage. By default never.",
)
@pass_session
def coverage(session: Session, output: Path | None, fail_under: float | None) -> None:
    """Report which documented outcomes a test run has covered.

    Reports on all sandboxes together, or on the one that --sandbox names.
    """
    report = _result(session.client.coverage)
    _write(output, coverage_report.FORMATS[session.format](report))
    if fail_under is not None and report["percent"] < fail_under:
        raise click.ClickException(f"{report['percent']} % is below --fail-under {fail_under:g}")


admin.add_command(coverage)


@admin.command()
@pass_session
def reset(session: Session) -> None:
    """Reset the sandbox to the fixtures."""
    session.print_result(session.client.reset)


@admin.command()
@click.argument(
    "action", type=click.Choice(["show", "freeze", "advance", "resume", "reset"]), default="show"
)
@click.argument("value", required=False)
@pass_session
def clock(session: Session, action: str, value: str | None) -> None:
    """Show or change the clock: freeze [INSTANT], advance DURATION, resume, reset."""
    client = session.client
    if action == "advance" and value is None:
        raise click.UsageError("missing duration, e.g. `clock advance PT1H`")
    if action not in ("freeze", "advance") and value is not None:
        raise click.UsageError(f"clock {action} takes no value")
    actions: dict[str, Callable[[], Any]] = {
        "show": client.clock,
        "freeze": lambda: client.freeze(value),
        "advance": lambda: client.advance(value or ""),
        "resume": client.resume,
        "reset": client.reset_clock,
    }
    session.print_result(actions[action])


@admin.group()
def rules() -> None:
    """List, arm and disarm rules."""


@rules.command("list")
@pass_session
def list_rules(session: Session) -> None:
    """List the armed rules and how often each fired."""
    session.print_result(session.client.rules)


@rules.command("arm")
@click.argument("rule")
@pass_session
def arm_rule(session: Session, rule: str) -> None:
    """Arm a rule, given as JSON."""
    try:
        value = json.loads(rule)
    except ValueError as error:
        raise click.UsageError(f"the rule is not JSON ({error}), e.g. {RULE}") from None
    if not isinstance(value, dict):
        raise click.UsageError(f"the rule is not an object, e.g. {RULE}")
    session.print_result(lambda: session.client.arm_rule(value))


@rules.command("disarm")
@click.argument("rule_id", required=False)
@pass_session
def disarm_rules(session: Session, rule_id: str | None) -> None:
    """Disarm one rule, or all."""
    session.print_result(lambda: session.client.disarm_rules(rule_id))


@admin.command("rate-limit")
@click.argument("requests_per_second", type=click.IntRange(1), required=False)
@pass_session
def rate_limit(session: Session, requests_per_second: int | None) -> None:
    """Limit the requests per second; without a number, remove the limit."""
    session.print_result(lambda: session.client.set_rate_limit(requests_per_second))


@admin.command("requests")
@click.argument("request_id", required=False)
@click.option(
    "--operation",
    help="Only requests to this operationId. `mockserver routes` lists them. By default any.",
)
@click.option("--status", type=int, help="Only responses with this status. By default any.")
@click.option(
    "--error",
    help="Only responses with this error id. `mockserver errors` lists them. By default any.",
)
@click.option(
    "--since",
    help="Only requests since this instant, e.g. 2026-01-01T00:00:00Z. By default all.",
)
@click.option(
    "--unmatched",
    is_flag=True,
    default=None,
    help="Only requests that match no operation. By default all.",
)
@click.option("--limit", type=click.IntRange(1, 1000), help="Maximum number, by default 50.")
@click.option("--offset", type=click.IntRange(0), help="Skip this many, by default 0.")
@click.option("--clear", is_flag=True, help="Delete all requests instead of listing them.")
@pass_session
def list_requests(session: Session, /, request_id: str | None, clear: bool, **query: Any) -> None:
    """List the recorded requests, newest first, or show one of them in full."""
    client = session.client
    has_query = any(value is not None for value in query.values())
    if has_query + clear + bool(request_id) > 1:
        raise click.UsageError("a request id, filters and --clear exclude each other")
    if clear:
        session.print_result(client.clear_requests)
    elif request_id:
        click.echo(json.dumps(_result(lambda: client.request(request_id)), indent=2))
    else:
        session.print_result(lambda: client.requests(**query)["requests"])


@admin.group()
def snapshot() -> None:
    """List, save, restore, delete and download snapshots."""


@snapshot.command("list")
@pass_session
def list_snapshots(session: Session) -> None:
    """List the snapshots."""
    session.print_result(session.client.snapshots)


@snapshot.command("save")
@click.argument("name")
@pass_session
def save_snapshot(session: Session, name: str) -> None:
    """Save the current state."""
    session.print_result(lambda: session.client.save_snapshot(name))


@snapshot.command("restore")
@click.argument("name")
@pass_session
def restore_snapshot(session: Session, name: str) -> None:
    """Restore a saved state."""
    session.print_result(lambda: session.client.restore_snapshot(name))


@snapshot.command("delete")
@click.argument("name")
@pass_session
def delete_snapshot(session: Session, name: str) -> None:
    """Delete a snapshot."""
    session.print_result(lambda: session.client.delete_snapshot(name))


@snapshot.command("download")
@click.argument("name", required=False)
@OUTPUT
@pass_session
def download(session: Session, name: str | None, output: Path | None) -> None:
    """Write a saved state, or the current one, as a YAML fixture file."""
    text = _result(lambda: session.client.export_fixture(name))
    as_json = session.format == "json"
    _write(output, json.dumps({"fixture": text}) + "\n" if as_json else text)


@admin.group()
def sandboxes() -> None:
    """List, create and delete sandboxes."""


@sandboxes.command("list")
@pass_session
def list_sandboxes(session: Session) -> None:
    """List all sandboxes."""
    session.print_result(session.client.sandboxes)


@sandboxes.command("create")
@click.argument("name")
@click.option("--fork-of", help="Copy the state of this sandbox. By default that of the fixtures.")
@click.option(
    "--snapshot",
    help="Copy this snapshot of the --fork-of sandbox. By default its current state.",
)
@pass_session
def create_sandbox(session: Session, name: str, fork_of: str | None, snapshot: str | None) -> None:
    """Create a sandbox."""
    session.print_result(lambda: session.client.create_sandbox(name, fork_of, snapshot))


@sandboxes.command("delete")
@click.argument("name")
@pass_session
def delete_sandbox(session: Session, name: str) -> None:
    """Delete a sandbox."""
    session.print_result(lambda: session.client.delete_sandbox(name))
