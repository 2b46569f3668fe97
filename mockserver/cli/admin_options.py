"""What the commands against a running server share: which server and sandbox, and how to tell.

The options stand before a command's name or after it, as one likes.
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

from mockserver.cli.banner import bracketed
from mockserver.testing.client import Client, MockServerError

STYLES = ("text", "json")
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def server_url(options: Mapping[str, Any]) -> str:
    """Return the URL of the server that is started with some options of `mockserver`."""
    scheme = "https" if options["tls"] or options["tls_cert"] else "http"
    host = "127.0.0.1" if options["host"] in EVERY_ADDRESS else options["host"]
    return f"{scheme}://{bracketed(host)}:{options['port']}"


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep an option where the commands below find it; the last one given counts."""
    if value:
        ctx.obj = {**(ctx.obj or {}), str(param.name): value}


def _option(name: str, help_text: str, **more: Any) -> click.Option:
    return click.Option([name], help=help_text, expose_value=False, callback=_remember, **more)


def _connection() -> list[click.Parameter]:
    url = "The server's base URL; else built from --host, --port and --tls of `mockserver`."
    trust = "Take any TLS certificate. (SSL_CERT_FILE names an authority to trust.)"
    return [
        _option("--url", url),
        _option("--admin-token", "The server's admin token, where it has one."),
        _option("--sandbox", "The sandbox; without it, the default one."),
        _option("--insecure", trust, is_flag=True),
    ]


def format_option(styles: tuple[str, ...] = STYLES) -> click.Option:
    """Return the option `--format`, text by default."""
    return _option("--format", "How to tell; text by default.", type=click.Choice(styles))


class Connected(click.Command):
    """A command that takes the options of the connection."""

    def __init__(self, *, params: list[click.Parameter] | None = None, **more: Any):
        super().__init__(params=[*(params or []), *_connection()], **more)


class Command(Connected):
    """A command that takes `--format` too."""

    def __init__(self, *, params: list[click.Parameter] | None = None, **more: Any):
        super().__init__(params=[*(params or []), format_option()], **more)


class Group(click.Group):
    """Commands below a name; the options may stand before theirs."""

    command_class = Command
    group_class = type

    def __init__(self, *, params: list[click.Parameter] | None = None, **more: Any):
        super().__init__(params=[*(params or []), *_connection(), format_option()], **more)


@dataclass(frozen=True, slots=True)
class Session:
    """One command's client, and the style that its result is told in."""

    client: Client
    style: str

    @classmethod
    def of(cls, ctx: click.Context) -> Session:
        """Return what the options before and after the command's name ask for."""
        given: dict[str, Any] = ctx.obj or {}
        root = ctx.find_root().params
        url = given.get("url") or server_url(root)
        token = given.get("admin_token") or root["admin_token"]
        context = ssl._create_unverified_context() if "insecure" in given else None  # noqa: S323 - asked for
        client = Client(url, token, given.get("sandbox"), context)
        return cls(client, given.get("format", "text"))

    def tell(self, call: Callable[[], Any]) -> None:
        """Make a call and print its result: records a line each, or JSON."""
        value = asked(call)
        if self.style == "json":
            click.echo(json.dumps({"ok": True} if value is None else value, indent=2))
        elif value is None:
            click.echo("ok")
        else:
            for each in value if isinstance(value, list) else [value]:
                click.echo(_line(each))


def pass_session(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command its session as its first argument."""

    @wraps(function)
    @click.pass_context
    def command(ctx: click.Context, /, *args: Any, **options: Any) -> None:
        function(Session.of(ctx), *args, **options)

    return command


def asked(call: Callable[[], Any]) -> Any:
    """Return the result of a call; a refusal becomes the command's one line of error."""
    try:
        return call()
    except MockServerError as error:
        raise click.ClickException(error.detail) from None


def write(output: Path | None, text: str) -> None:
    """Write a text to a file, or to standard output where none is named."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"--output {output}: {error.strerror}") from None
    click.echo(f"written to {output}", file=sys.stderr)


def _line(value: dict[str, Any]) -> str:
    """Return a record in one line: its plain values, the others as JSON."""
    if "request" in value and "response" in value:
        error = value["error"] or "-"
        call = f"{value['method']} {value['path']} {value['status']}"
        return f"{value['time']} {call} {error} {value['id']}"
    return "  ".join(
        f"{name}={each if isinstance(each, str) else json.dumps(each)}"
        for name, each in value.items()
    )
