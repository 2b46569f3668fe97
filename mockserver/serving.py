"""Serving, from the options of the command line to the end of the server's life."""

from __future__ import annotations

import gc
import os
import secrets
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask import Flask

from mockserver import banner, certificates, fixtures, log, reloading, server
from mockserver.answer import answer
from mockserver.app import create_app
from mockserver.config import Config
from mockserver.errors import envelope
from mockserver.faults import FaultLayer
from mockserver.resources import resource
from mockserver.worker import Attendant
from mockserver.yaml_source import FixtureError

if TYPE_CHECKING:
    from mockserver.keeper import Keeper


def serve(
    host: str,
    port: int,
    fixture_paths: tuple[str, ...],
    seed: int,
    freeze_time: int | None,
    reload: bool,
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    log_format: str,
    admin_token: str | None,
    open_admin: bool,
    disable_admin: bool,
    admin_origins: tuple[str, ...],
    require_sandbox: bool,
    max_sandboxes: int,
    sandbox_idle: int,
    journal_size: int,
    faults: bool,
    state_file: Path | None,
    state_every: float,
) -> None:
    """Serve until SIGTERM or Ctrl-C; the parameters are the command's options.

    Raises click.ClickException or FixtureError, with what to write instead.
    """
    if (tls_cert is None) != (tls_key is None):
        raise click.ClickException("--tls-cert and --tls-key go together; write both")
    if faults and (reload or tls or tls_cert):
        raise click.ClickException("--faults goes neither with --tls nor with --reload; remove one")
    if state_file and reload:
        raise click.ClickException("--state-file doesn't go with --reload; remove one")
    config = Config(
        host=host,
        port=port,
        fixtures=fixture_paths,
        seed=seed,
        frozen_at=freeze_time,
        admin_token=admin_token,
        open_admin=open_admin,
        disable_admin=disable_admin,
        log_format=log_format,
        admin_origins=admin_origins,
        require_sandbox=require_sandbox,
        max_sandboxes=max_sandboxes,
        sandbox_idle_s=sandbox_idle,
        journal_size=journal_size,
        faults=faults,
        fault_secret=secrets.token_hex(16),
    )
    log.configure(log_format)
    keeper = _keeper(state_file, state_every, config)
    load = partial(_app, config, keeper)
    with ExitStack() as stack:
        if keeper:
            stack.enter_context(keeper.file.locked())
        certificate = _certificate(stack, host, tls, tls_cert, tls_key)
        if reload and reloading.is_reloaded():
            changed = reloading.watch(lambda: _watched(fixture_paths))  # first: none is missed
            reloading.serve(_app_or_mistakes(config), host, port, certificate, changed)
            return
        gc.disable()  # what is loaded stays: looking for garbage in it takes time for nothing
        app = load()
        gc.enable()
        address, bound = stack.enter_context(server.reserved(host, port))
        if keeper:
            keeper.file.write_first(app.extensions["sandboxes"])
        text = banner.text(config, bound, certificate, app.extensions["sandbox"].world)
        announce = partial(_announce, text)
        attendants: list[Attendant] = [keeper] if keeper else []
        if faults:
            inner = stack.enter_context(server.reserved("127.0.0.1", 0))
            layer = FaultLayer((address, bound), inner, config.fault_secret)
            announce = partial(_announce, text, layer)
            address, bound = inner
            attendants.insert(0, layer)  # what was answered gets through before the last write
        if reload:
            if certificate:  # the process that a change starts anew serves the same one
                os.environ["MOCKSERVER_TLS_CERT"] = str(certificate.cert)
                os.environ["MOCKSERVER_TLS_KEY"] = str(certificate.key)
            reloading.serve(app, address, bound, certificate, announce=announce)
        else:
            server.serve(app, load, address, bound, certificate, announce, _end_streams, attendants)


def _end_streams(app: Flask) -> None:
    app.extensions["stopping"].set()


def _keeper(path: Path | None, every: float, config: Config) -> Keeper | None:
    if path is None:
        return None
    from mockserver.keeper import Keeper  # with msgspec, which only this option pays for
    from mockserver.state_file import StateFile

    return Keeper(StateFile(path.resolve(), config.seed, config.frozen_at), every)


def _app(config: Config, keeper: Keeper | None) -> Flask:
    """Return the application, in the state that was kept of an earlier one."""
    app = create_app(config)
    if keeper:
        keeper.file.load(app.extensions["sandboxes"])
    return app


def _announce(text: str, layer: FaultLayer | None = None) -> None:
    if layer:
        layer.start()
    click.echo(text)


def _app_or_mistakes(config: Config) -> Any:
    """Return the application, or while its fixtures are broken one that tells their mistakes."""
    try:
        return create_app(config)
    except FixtureError as error:
        click.echo(str(error), err=True)
        return answer(503, envelope(status=503, title="Service Unavailable", detail=str(error)))


def _watched(paths: tuple[str, ...]) -> list[Path]:
    try:
        return [resource("openapi.yaml"), *fixtures.files(paths)]
    except FixtureError:  # told where the fixtures are read
        return [resource("openapi.yaml"), *map(Path, paths)]


def _certificate(
    stack: ExitStack, host: str, tls: bool, cert: Path | None, key: Path | None
) -> certificates.Certificate | None:
    if cert is not None and key is not None:
        return certificates.own_certificate(cert, key)
    return stack.enter_context(certificates.certificate(host)) if tls else None
