"""What the server says when it is up: where it is, who may sign in, and a line to paste."""

from mockserver import __version__
from mockserver.core.config import BUILT_IN, LOOPBACK, Config
from mockserver.server.tls import Certificate
from mockserver.store.state import StoreState

ADMIN = {
    "disabled": "disabled",
    "token": "wants the admin token",
    "open": "open",
    "closed": "closed; start with --admin-token TOKEN or --open-admin to use it",
}
MAX_LISTED = 20


def text(config: Config, port: int, tls: Certificate | None, state: StoreState) -> str:
    """Return the banner of a server that listens on `port`."""
    host = "localhost" if config.host in ("127.0.0.1", "0.0.0.0", "::") else config.host  # noqa: S104 - compared, not bound
    url = f"{'https' if tls else 'http'}://{bracketed(host)}:{port}"
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
    """Return a line a login; secrets where everyone knows them, or only this machine sees them."""
    show = _secrets_are_shown(config)

    def line(kind: str, name: str, secret: str | None) -> str:
        return f"    {kind:<19}{name}" + (f"  {secret if show else '(secret)'}" if secret else "")

    applications = sorted(state.applications.values(), key=lambda each: each.client_id)
    members = sorted(state.members.values(), key=lambda each: each.username)
    customers = sorted(state.customers.values(), key=lambda each: each.email)
    lines = [line(each.grant, each.client_id, each.client_secret) for each in applications]
    lines += [line("member", each.username, each.password) for each in members]
    lines += [line("customer", each.email, each.password) for each in customers]
    if show:
        lines += [line("static bearer", token, None) for token in state.static_bearers]
        lines += [line("account token", token, None) for token in state.static_account_tokens]
        lines += [line("customer token", token, None) for token in state.static_customer_tokens]
    more = len(lines) - MAX_LISTED
    return [*lines[:MAX_LISTED], *([f"    and {more} more"] if more > 0 else [])]


def _secrets_are_shown(config: Config) -> bool:
    return config.fixtures == (BUILT_IN,) or config.host in LOOPBACK


def bracketed(host: str) -> str:
    """Return a host as a URL writes it: an IPv6 address stands in brackets."""
    return f"[{host}]" if ":" in host else host


def _curl(config: Config, url: str, tls: Certificate | None, state: StoreState) -> str:
    trust = f" --cacert {tls.authority}" if tls and tls.authority else ""
    tokens = state.static_bearers if _secrets_are_shown(config) else {}
    for token, client_id in tokens.items():
        application = state.applications.get(client_id)
        if application and application.grant == "client_credentials":
            return f'curl{trust} -H "Authorization: Bearer {token}" {url}/v2/carts'
    return f"curl{trust} {url}/__admin/health"
