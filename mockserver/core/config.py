"""What a server is started with."""

from dataclasses import dataclass

BUILT_IN = "default"
"""The name by which `fixtures` takes the built-in seed world."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one server.

    `frozen_at` is an instant in milliseconds since 1970, or None for the system's time. The admin
    API is open without a token only on a loopback host or when `open_admin` says so.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    fixtures: tuple[str, ...] = (BUILT_IN,)
    seed: int = 0
    frozen_at: int | None = None
    admin_token: str | None = None
    open_admin: bool = False
    disable_admin: bool = False
    admin_origins: tuple[str, ...] = ()
    log_format: str = "text"
    require_sandbox: bool = False
    max_sandboxes: int = 1000
    sandbox_idle_s: int = 3600
    journal_size: int = 1000
    faults: bool = False
    fault_secret: str = ""

    @property
    def admin(self) -> str:
        """How the admin API is guarded: disabled, token, open or closed."""
        if self.disable_admin:
            return "disabled"
        if self.admin_token:
            return "token"
        return "open" if self.open_admin or self.host in LOOPBACK else "closed"
