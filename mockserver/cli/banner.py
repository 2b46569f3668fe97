"""The banner that is printed when the server is up: URLs, logins, and a command to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver import __version__
from mockserver.core.config import ANY_ADDRESS, BUILT_IN, LOOPBACK, Config

if TYPE_CHECKING:
    from mockserver.server.tls import Certificate
    from mockserver.store.state import StoreState

ADMIN = {
    "disabled": "disabled",
    "token": "requires the admin token",
    "open": "open",
    "closed": "closed; start with --admin-token TOKEN or --open-admin to use it",
}
MAX_LISTED = 20


def text(config: Config, port: int, tls: Certificate | None, state: StoreState) -> str:
    """Return the banner of a server that listens on `port`."""
    host = "localhost" if config.host in ("127.0.0.1", *ANY_ADDRESS) else config.host
    url = f"{'https' if tls else 'http'}://{url_host(host)}:{port}"
    lines = [
        f"Account Cart Associations sandbox {__version__}",
        "",
        f"  listening    {url}",
        f"  dashboard    {url}/",
        f"  reference    {url}/docs",
        f"  contract     {url}/openapi.yaml",
        f"  admin API    {url}/__admin ({ADMIN[config.admin]})",
    ]
    if tls and tls.authority:
        lines += [
            f"  authority    {tls.authority}",
            f"               (Node: NODE_EXTRA_CA_CERTS={tls.authority})",
        ]
    lines += ["", "  sign in with", *_logins(config, state)]
    return "\n".join([*lines, "", "  try", f"    {_curl(config, url, tls, state)}", ""])


def _logins(config: Config, state: StoreState) -> list[str]:
    """Return a line for each login."""
    shows_secrets = _shows_secrets(config)

    def line(kind: str, name: str, secret: str | None) -> str:
        suffix = f"  {secret if shows_secrets else '(secret)'}" if secret else ""
        return f"    {kind:<19}{name}{suffix}"

    applications = sorted(state.applications.values(), key=lambda app: app.client_id)
    members = sorted(state.members.values(), key=lambda member: member.username)
    customers = sorted(state.customers.values(), key=lambda customer: customer.email)
    lines = [line(app.grant, app.client_id, app.client_secret) for app in applications]
    lines += [line("member", member.username, member.password) for member in members]
    lines += [line("customer", customer.email, customer.password) for customer in customers]
    if shows_secrets:
        lines += [line("static bearer", token, None) for token in state.static_bearers]
        lines += [line("account token", token, None) for token in state.static_account_tokens]
        lines += [line("customer token", token, None) for token in state.static_customer_tokens]
    more = len(lines) - MAX_LISTED
    return [*lines[:MAX_LISTED], *([f"    and {more} more"] if more > 0 else [])]


def _shows_secrets(config: Config) -> bool:
    """Whether secrets are public anyway, or only reach this machine's terminal."""
    return config.fixtures == (BUILT_IN,) or config.host in LOOPBACK


def url_host(host: str) -> str:
    """Return a host as part of a URL: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def _curl(config: Config, url: str, tls: Certificate | None, state: StoreState) -> str:
    trust = f" --cacert {tls.authority}" if tls and tls.authority else ""
    tokens = state.static_bearers if _shows_secrets(config) else {}
    for token, client_id in tokens.items():
        application = state.applications.get(client_id)
        if application and application.grant == "client_credentials":
            return f'curl{trust} -H "Authorization: Bearer {token}" {url}/v2/carts'
    return f"curl{trust} {url}/__admin/health"
