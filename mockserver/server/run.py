"""Serving, from the options of the command line to the end of the server's life."""

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
from mockserver.http.response import answer
from mockserver.openapi.contract import ContractError
from mockserver.server import process, reloader
from mockserver.server.fault_proxy import FaultProxy
from mockserver.server.lifecycle import LifecycleHook
from mockserver.server.tls import Certificate, made_certificate, own_certificate
from mockserver.store.world import StoreState

if TYPE_CHECKING:
    from mockserver.persistence.autosave import Keeper


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `mockserver` is started with. `state_interval_s` is in seconds."""

    config: Config
    reload: bool = False
    tls: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    state_file: Path | None = None
    state_interval_s: float = 10

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
    """Serve until SIGTERM or Ctrl-C.

    Raises click.ClickException or FixtureError, with what to write instead.
    """
    options.check()
    config = options.config
    log.configure(config.log_format)
    keeper = _keeper(options)
    load = partial(_app, config, keeper)
    with ExitStack() as stack:
        if keeper:
            stack.enter_context(keeper.file.locked())
        certificate = _certificate(stack, options)
        if options.reload and reloader.is_reloaded():
            # watch before loading, so that no change is missed
            changed = reloader.watch(lambda: _watched(config.fixtures))
            reloader.serve(_app_or_mistakes(config), config.host, config.port, certificate, changed)
            return
        gc.disable()  # what is loaded stays: looking for garbage in it takes time for nothing
        app = load()
        gc.enable()
        address, bound = stack.enter_context(process.reserved(config.host, config.port))
        if keeper:
            keeper.file.write_first(app.extensions["sandboxes"])
        text = banner(config, bound, certificate, app.extensions["sandbox"].world)
        announce = partial(_announce, text)
        hooks: list[LifecycleHook] = [keeper] if keeper else []
        if config.faults:
            inner = stack.enter_context(process.reserved("127.0.0.1", 0))
            layer = FaultProxy((address, bound), inner, config.fault_secret)
            announce = partial(_announce, text, layer)
            address, bound = inner
            hooks.insert(0, layer)  # responses get through before the last write
        if options.reload:
            if certificate:  # the process that a change restarts serves the same one
                os.environ["MOCKSERVER_TLS_CERT"] = str(certificate.cert)
                os.environ["MOCKSERVER_TLS_KEY"] = str(certificate.key)
            reloader.serve(app, address, bound, certificate, announce=announce)
        else:
            process.serve(app, load, address, bound, certificate, announce, _end_streams, hooks)


def _end_streams(app: Flask) -> None:
    app.extensions["stopping"].set()


def _keeper(options: ServeOptions) -> Keeper | None:
    if options.state_file is None:
        return None
    from mockserver.persistence.autosave import (
        Keeper,  # with msgspec, which only this option pays for
    )
    from mockserver.persistence.state_file import StateFile

    config = options.config
    file = StateFile(options.state_file.resolve(), config.seed, config.frozen_at)
    return Keeper(file, options.state_interval_s)


def _app(config: Config, keeper: Keeper | None) -> Flask:
    """Return the application, in the state that was kept of an earlier one."""
    app = create_app(config)
    if keeper:
        keeper.file.load(app.extensions["sandboxes"])
    return app


def _announce(text: str, layer: FaultProxy | None = None) -> None:
    if layer:
        layer.start()
    click.echo(text)


def _app_or_mistakes(config: Config) -> Any:
    """Return the application, or while its fixtures are broken one that tells their mistakes."""
    try:
        return create_app(config)
    except (ContractError, FixtureError) as error:
        click.echo(str(error), err=True)
        return answer(503, envelope(status=503, title="Service Unavailable", detail=str(error)))


def _watched(paths: tuple[str, ...]) -> list[Path]:
    try:
        return [resource("openapi.yaml"), *find_fixture_files(paths)]
    except FixtureError:  # told where the fixtures are read
        return [resource("openapi.yaml"), *map(Path, paths)]


def _certificate(stack: ExitStack, options: ServeOptions) -> Certificate | None:
    if options.tls_cert is not None and options.tls_key is not None:
        return own_certificate(options.tls_cert, options.tls_key)
    return stack.enter_context(made_certificate(options.config.host)) if options.tls else None
