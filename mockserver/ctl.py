"""`mockserver ctl` and `mockserver coverage`: a running server's admin API by command line."""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mockserver import coverage_report
from mockserver.client import Client, MockServerError

URL = "http://localhost:8080"


def _connection(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which server, and which sandbox of it."""
    for option in (
        click.option("--url", default=URL, show_default=True, help="The server's base URL."),
        click.option("--admin-token", help="The server's admin token, where it has one."),
        click.option("--sandbox", help="The sandbox; without it, the default one."),
        click.option("--insecure", is_flag=True, help="Take any TLS certificate."),
    ):
        function = option(function)
    return function


def _client(url: str, admin_token: str | None, sandbox: str | None, insecure: bool) -> Client:
    context = ssl._create_unverified_context() if insecure else None  # noqa: S323 - asked for
    return Client(url, admin_token, sandbox, context)


@click.command()
@_connection
@click.option("--format", "style", type=click.Choice(list(coverage_report.FORMATS)), default="text")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
@click.option("--fail-under", type=click.FloatRange(0, 100), help="Exit 1 below this percentage.")
def coverage(style: str, output: Path | None, fail_under: float | None, **connection: Any) -> None:
    """Tell which documented outcomes a test run has provoked, and which never."""
    report = _asked(_client(**connection).coverage)
    text = coverage_report.FORMATS[style](report)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
    if fail_under is not None and report["percent"] < fail_under:
        raise click.ClickException(f"{report['percent']} % is below --fail-under {fail_under}")


@click.group()
@_connection
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def ctl(ctx: click.Context, /, style: str, **connection: Any) -> None:
    """Control a running server."""
    ctx.obj = (_client(**connection), style)


@ctl.command()
@click.pass_obj
def reset(obj: Any) -> None:
    """Go back to the fixtures."""
    _tell(obj, obj[0].reset)


@ctl.command()
@click.argument(
    "action", type=click.Choice(["show", "freeze", "advance", "resume", "reset"]), default="show"
)
@click.argument("value", required=False)
@click.pass_obj
def clock(obj: Any, action: str, value: str | None) -> None:
    """Show or move the clock: freeze [INSTANT], advance DURATION, resume, reset."""
    client: Client = obj[0]
    if action == "advance" and value is None:
        raise click.UsageError("advance by how much? Write for example: clock advance PT1H")
    if action not in ("freeze", "advance") and value is not None:
        raise click.UsageError(f"clock {action} takes no value")
    actions: dict[str, Callable[[], Any]] = {
        "show": client.clock,
        "freeze": lambda: client.freeze(value),
        "advance": lambda: client.advance(value or ""),
        "resume": client.resume,
        "reset": client.reset_clock,
    }
    _tell(obj, actions[action])


@ctl.group()
def rules() -> None:
    """List, arm and disarm rules."""


@rules.command("list")
@click.pass_obj
def list_rules(obj: Any) -> None:
    """List the armed rules and how often they fired."""
    _tell(obj, obj[0].rules)


@rules.command("arm")
@click.argument("rule")
@click.pass_obj
def arm(obj: Any, rule: str) -> None:
    """Arm a rule, written as JSON."""
    try:
        given = json.loads(rule)
    except ValueError as error:
        example = '{"operation": "getCarts", "then": {"error": "too-many-requests"}}'
        raise click.UsageError(f"the rule is not JSON ({error}); write {example}") from None
    _tell(obj, lambda: obj[0].arm(given))


@rules.command("disarm")
@click.argument("rule_id", required=False)
@click.pass_obj
def disarm(obj: Any, rule_id: str | None) -> None:
    """Disarm one rule, or all."""
    _tell(obj, lambda: obj[0].disarm(rule_id))


@ctl.command("rate-limit")
@click.argument("requests_per_second", type=click.IntRange(1), required=False)
@click.pass_obj
def rate_limit(obj: Any, requests_per_second: int | None) -> None:
    """Allow so many requests a second; without a number, any."""
    _tell(obj, lambda: obj[0].limit_rate(requests_per_second))


@ctl.command("requests")
@click.argument("request_id", required=False)
@click.option("--operation")
@click.option("--status", type=int)
@click.option("--error")
@click.option("--since", help="An instant such as 2026-01-01T00:00:00Z.")
@click.option("--unmatched", is_flag=True, default=None, help="Only requests to no operation.")
@click.option("--limit", type=int)
@click.option("--clear", is_flag=True, help="Forget them instead.")
@click.pass_obj
def list_requests(obj: Any, /, request_id: str | None, clear: bool, **query: Any) -> None:
    """Show the journal, newest first, or one request of it."""
    client: Client = obj[0]
    if clear:
        _tell(obj, client.clear_requests)
    elif request_id:
        _tell(obj, lambda: client.request(request_id))
    else:
        if query["unmatched"]:
            query["unmatched"] = "true"
        _tell(obj, lambda: client.requests(**query)["requests"])


@ctl.command("coverage")
@click.pass_obj
def show_coverage(obj: Any) -> None:
    """Show the contract coverage; `mockserver coverage` has more formats."""
    report = _asked(obj[0].coverage)
    click.echo(coverage_report.FORMATS[obj[1]](report), nl=False)


@ctl.group()
def snapshot() -> None:
    """Save, list, restore, delete and download states."""


@snapshot.command("list")
@click.pass_obj
def list_snapshots(obj: Any) -> None:
    """List the saved states."""
    _tell(obj, obj[0].snapshots)


@snapshot.command("save")
@click.argument("name")
@click.pass_obj
def save(obj: Any, name: str) -> None:
    """Save the present state."""
    _tell(obj, lambda: obj[0].save(name))


@snapshot.command("restore")
@click.argument("name")
@click.pass_obj
def restore(obj: Any, name: str) -> None:
    """Go back to a saved state."""
    _tell(obj, lambda: obj[0].restore(name))


@snapshot.command("delete")
@click.argument("name")
@click.pass_obj
def delete(obj: Any, name: str) -> None:
    """Throw a saved state away."""
    _tell(obj, lambda: obj[0].forget(name))


@snapshot.command("download")
@click.argument("name", required=False)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
@click.pass_obj
def download(obj: Any, name: str | None, output: Path | None) -> None:
    """Write a saved state, or the present one, as a fixture file."""
    text = _asked(lambda: obj[0].fixture(name))
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)


@ctl.group()
def sandboxes() -> None:
    """List, make and delete sandboxes."""


@sandboxes.command("list")
@click.pass_obj
def list_sandboxes(obj: Any) -> None:
    """List all sandboxes."""
    _tell(obj, obj[0].sandboxes)


@sandboxes.command("create")
@click.argument("name")
@click.option("--fork-of", help="The sandbox whose state it takes.")
@click.option("--snapshot", help="The snapshot of that sandbox.")
@click.pass_obj
def create_sandbox(obj: Any, name: str, fork_of: str | None, snapshot: str | None) -> None:
    """Make a sandbox."""
    _tell(obj, lambda: obj[0].create_sandbox(name, fork_of, snapshot))


@sandboxes.command("delete")
@click.argument("name")
@click.pass_obj
def delete_sandbox(obj: Any, name: str) -> None:
    """Throw a sandbox away."""
    _tell(obj, lambda: obj[0].delete_sandbox(name))


def _asked(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except MockServerError as error:
        raise click.ClickException(error.detail) from None


def _tell(obj: Any, call: Callable[[], Any]) -> None:
    value = _asked(call)
    if obj[1] == "json":
        click.echo(json.dumps({"ok": True} if value is None else value, indent=2))
    elif value is None:
        click.echo("ok")
    else:
        for each in value if isinstance(value, list) else [value]:
            click.echo(_line(each))


def _line(value: dict[str, Any]) -> str:
    """Return a record in one line: its plain values, the others as JSON."""
    if "request" in value and "response" in value:
        error = value["error"] or ""
        call = f"{value['method']} {value['path']} {value['status']}"
        return f"{value['time']} {call} {error} {value['id']}"
    return "  ".join(
        f"{name}={each if isinstance(each, (str, int, float)) else json.dumps(each)}"
        for name, each in value.items()
    )


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"--output {output}: {error.strerror}") from None
    click.echo(f"written to {output}", file=sys.stderr)
