"""`mockserver ctl` and `mockserver coverage`: a running server's admin API by command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mockserver.cli import coverage_report
from mockserver.cli.admin_options import (
    Connected,
    Group,
    Session,
    asked,
    format_option,
    pass_session,
    write,
)

RULE = '{"operation": "getCarts", "times": 1, "then": {"error": "too-many-requests"}}'
OUTPUT = click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; standard output without it.",
)


@click.group(cls=Group)
def ctl() -> None:
    """Control a running server."""


@click.command(cls=Connected, params=[format_option(tuple(coverage_report.FORMATS))])
@OUTPUT
@click.option("--fail-under", type=click.FloatRange(0, 100), help="Exit 1 below this percentage.")
@pass_session
def coverage(session: Session, output: Path | None, fail_under: float | None) -> None:
    """Tell which documented outcomes a test run has provoked, and which never.

    Of all sandboxes together, or of the one that --sandbox names.
    """
    report = asked(session.client.coverage)
    write(output, coverage_report.FORMATS[session.style](report))
    if fail_under is not None and report["percent"] < fail_under:
        raise click.ClickException(f"{report['percent']} % is below --fail-under {fail_under:g}")


ctl.add_command(coverage)


@ctl.command()
@pass_session
def reset(session: Session) -> None:
    """Go back to the fixtures."""
    session.tell(session.client.reset)


@ctl.command()
@click.argument(
    "action", type=click.Choice(["show", "freeze", "advance", "resume", "reset"]), default="show"
)
@click.argument("value", required=False)
@pass_session
def clock(session: Session, action: str, value: str | None) -> None:
    """Show or move the clock: freeze [INSTANT], advance DURATION, resume, reset."""
    client = session.client
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
    session.tell(actions[action])


@ctl.group()
def rules() -> None:
    """List, arm and disarm rules."""


@rules.command("list")
@pass_session
def list_rules(session: Session) -> None:
    """List the armed rules and how often they fired."""
    session.tell(session.client.rules)


@rules.command("arm")
@click.argument("rule")
@pass_session
def arm(session: Session, rule: str) -> None:
    """Arm a rule, written as JSON."""
    try:
        given = json.loads(rule)
    except ValueError as error:
        raise click.UsageError(f"the rule is not JSON ({error}); write {RULE}") from None
    if not isinstance(given, dict):
        raise click.UsageError(f"the rule is no object; write {RULE}")
    session.tell(lambda: session.client.arm(given))


@rules.command("disarm")
@click.argument("rule_id", required=False)
@pass_session
def disarm(session: Session, rule_id: str | None) -> None:
    """Disarm one rule, or all."""
    session.tell(lambda: session.client.disarm(rule_id))


@ctl.command("rate-limit")
@click.argument("requests_per_second", type=click.IntRange(1), required=False)
@pass_session
def rate_limit(session: Session, requests_per_second: int | None) -> None:
    """Allow so many requests a second; without a number, any."""
    session.tell(lambda: session.client.limit_rate(requests_per_second))


@ctl.command("requests")
@click.argument("request_id", required=False)
@click.option("--operation", help="An operationId; `mockserver routes` lists them.")
@click.option("--status", type=int, help="A status such as 403.")
@click.option("--error", help="An error's id; `mockserver errors` lists them.")
@click.option("--since", help="An instant such as 2026-01-01T00:00:00Z.")
@click.option("--unmatched", is_flag=True, default=None, help="Only requests to no operation.")
@click.option("--limit", type=click.IntRange(1, 1000), help="How many; 50 without it.")
@click.option("--offset", type=click.IntRange(0), help="How many of the newest to leave out.")
@click.option("--clear", is_flag=True, help="Forget them instead.")
@pass_session
def list_requests(session: Session, /, request_id: str | None, clear: bool, **query: Any) -> None:
    """Show the journal, newest first, or one request of it in full."""
    client = session.client
    asks = any(each is not None for each in query.values())
    if (clear or request_id) and (asks or (clear and request_id)):
        raise click.UsageError("name a request, or ask by options, or --clear; one of them")
    if clear:
        session.tell(client.clear_requests)
    elif request_id:
        click.echo(json.dumps(asked(lambda: client.request(request_id)), indent=2))
    else:
        session.tell(lambda: client.requests(**query)["requests"])


@ctl.group()
def snapshot() -> None:
    """Save, list, restore, delete and download states."""


@snapshot.command("list")
@pass_session
def list_snapshots(session: Session) -> None:
    """List the saved states."""
    session.tell(session.client.snapshots)


@snapshot.command("save")
@click.argument("name")
@pass_session
def save(session: Session, name: str) -> None:
    """Save the present state."""
    session.tell(lambda: session.client.save(name))


@snapshot.command("restore")
@click.argument("name")
@pass_session
def restore(session: Session, name: str) -> None:
    """Go back to a saved state."""
    session.tell(lambda: session.client.restore(name))


@snapshot.command("delete")
@click.argument("name")
@pass_session
def delete(session: Session, name: str) -> None:
    """Throw a saved state away."""
    session.tell(lambda: session.client.forget(name))


@snapshot.command("download")
@click.argument("name", required=False)
@OUTPUT
@pass_session
def download(session: Session, name: str | None, output: Path | None) -> None:
    """Write a saved state, or the present one, as a YAML fixture file."""
    text = asked(lambda: session.client.fixture(name))
    as_json = session.style == "json"
    write(output, json.dumps({"fixture": text}) + "\n" if as_json else text)


@ctl.group()
def sandboxes() -> None:
    """List, make and delete sandboxes."""


@sandboxes.command("list")
@pass_session
def list_sandboxes(session: Session) -> None:
    """List all sandboxes."""
    session.tell(session.client.sandboxes)


@sandboxes.command("create")
@click.argument("name")
@click.option("--fork-of", help="The sandbox whose state it takes.")
@click.option("--snapshot", help="The snapshot of that sandbox.")
@pass_session
def create_sandbox(session: Session, name: str, fork_of: str | None, snapshot: str | None) -> None:
    """Make a sandbox."""
    session.tell(lambda: session.client.create_sandbox(name, fork_of, snapshot))


@sandboxes.command("delete")
@click.argument("name")
@pass_session
def delete_sandbox(session: Session, name: str) -> None:
    """Throw a sandbox away."""
    session.tell(lambda: session.client.delete_sandbox(name))
