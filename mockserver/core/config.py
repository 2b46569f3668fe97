"""The settings of a server, and the files that ship with the package."""

from dataclasses import dataclass
from pathlib import Path

BUILT_IN = "default"
"""The name of the built-in data in `fixtures`."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one server.

    `frozen_at` is an instant in milliseconds since 1970, or None for the system's time. The admin
    API is open without a token only on a loopback host or with `open_admin`.
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
        """The mode of the admin API: disabled, token, open or closed."""
        if self.disable_admin:
            return "disabled"
        if self.admin_token:
            return "token"
        return "open" if self.open_admin or self.host in LOOPBACK else "closed"


def resource(name: str) -> Path:
    """Return the path of a file that ships with the package, such as `openapi.yaml`.

    A wheel has it below `mockserver/data/`, a source tree at its top level. Raises
    FileNotFoundError when the installation is incomplete.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "data", package.parent):
        if (path := folder / name).exists():
            return path
    raise FileNotFoundError(f"{name} is missing from this installation of mockserver")
