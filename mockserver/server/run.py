"""Runs the server, from its options to its shutdown."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask import Flask

from mockserver.app import create_app
from mockserver.core import log
from mockserver.core.config import Config, resource
from mockserver.core.errors import envelope
from mockserver.fixtures.load import find_fixture_files
from mockserver.fixtures.yaml_document import FixtureError
from mockserver.http.response import flask_response
from mockserver.openapi.contract import ContractError
from mockserver.server import process, reloader
from mockserver.server.fault_proxy import FaultProxy
from mockserver.server.lifecycle import LifecycleHook
from mockserver.server.tls import Certificate, generate_certificate, load_certificate
from mockserver.store.state import StoreState

if TYPE_CHECKING:
    from mockserver.persistence.autosave import Autosave


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `mockserver` is started with.

    `state_mismatch` says what to do with a state file that can't be used: fail or discard.
    """

    config: Config
    reload: bool = False
    tls: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    state_file: Path | None = None
    state_interval_s: float = 10
    state_mismatch: str = "fail"

    def check(self) -> None:
        """Raise click.ClickException for options that exclude each other."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise click.ClickException("--tls-cert and --tls-key must be used together")
        if self.config.faults and (self.reload or self.tls or self.tls_cert):
            raise click.ClickException("--faults excludes --tls and --reload; remove one")
        if self.state_file and self.reload:
            raise click.ClickException("--state-file excludes --reload; remove one")


Banner = Callable[[Config, int, Certificate | None, StoreState], str]
"""Returns the text to print when the server is up, from its port, certificate and data."""


def serve(options: ServeOptions, banner: Banner) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises ClickException, ContractError or FixtureError."""
    options.check()
    config = options.config
    log.configure(config.log_format)
    autosave = _autosave(options)
    load = partial(_app, options, autosave)
    with ExitStack() as stack:
        if autosave:
            stack.enter_context(autosave.file.locked())
        certificate = _certificate(stack, options)
        if options.reload and reloader.is_reloaded():
            # watch before loading, so that no change is missed
            changed = reloader.watch(lambda: _watched(config.fixtures))
            reloader.serve(_app_or_error(config), config.host, config.port, certificate, changed)
            return
        gc.disable()  # nothing that is loaded becomes garbage
        app = load()
        gc.enable()
        address, bound = stack.enter_context(process.reserved(config.host, config.port))
        if autosave:
            autosave.file.write_first(app.extensions["sandboxes"])
        text = banner(config, bound, certificate, app.extensions["sandbox"].store)
        announce = partial(_announce, text)
        hooks: list[LifecycleHook] = [autosave] if autosave else []
        if config.faults:
            inner = stack.enter_context(process.reserved("127.0.0.1", 0))
            proxy = FaultProxy((address, bound), inner, config.fault_secret)
            announce = partial(_announce, text, proxy)
            address, bound = inner
            hooks.insert(0, proxy)  # it sends the last responses before the last write
        if options.reload:
            if certificate:  # the restarted process needs the same one
                os.environ["MOCKSERVER_TLS_CERT"] = str(certificate.cert)
                os.environ["MOCKSERVER_TLS_KEY"] = str(certificate.key)
            reloader.serve(app, address, bound, certificate, announce=announce)
        else:
            process.serve(app, load, address, bound, certificate, announce, _end_streams, hooks)


def _end_streams(app: Flask) -> None:
    app.extensions["stopping"].set()


def _autosave(options: ServeOptions) -> Autosave | None:
    path = options.state_file
    if path is None:
        return None
    from mockserver.persistence.autosave import Autosave  # with msgspec and filelock, which only
    from mockserver.persistence.state_file import StateFile  # this option pays for

    file = StateFile(
        path.parent.resolve() / path.name, options.config.seed, options.config.frozen_at
    )
    return Autosave(file, options.state_interval_s)


def _app(options: ServeOptions, autosave: Autosave | None) -> Flask:
    """Return the application, in the state that an earlier one has saved."""
    app = create_app(options.config)
    if autosave:
        discard = options.state_mismatch == "discard"
        autosave.file.load(app.extensions["sandboxes"], discard)
    return app


def _announce(text: str, proxy: FaultProxy | None = None) -> None:
    if proxy:
        proxy.listen()
    click.echo(text)


def _app_or_error(config: Config) -> Any:
    """Return the application, or one that responds with the errors of its files."""
    try:
        return create_app(config)
    except (ContractError, FixtureError) as error:
        click.echo(str(error), err=True)
        return flask_response(
            503, envelope(status=503, title="Service Unavailable", detail=str(error))
        )


def _watched(paths: tuple[str, ...]) -> list[Path]:
    try:
        return [resource("openapi.yaml"), *find_fixture_files(paths)]
    except FixtureError:  # reported when the fixtures are loaded
        return [resource("openapi.yaml"), *map(Path, paths)]


def _certificate(stack: ExitStack, options: ServeOptions) -> Certificate | None:
    if options.tls_cert is not None and options.tls_key is not None:
        return load_certificate(options.tls_cert, options.tls_key)
    return stack.enter_context(generate_certificate(options.config.host)) if options.tls else None
