"""Where the files lie that the package carries: the contract and the built-in fixtures.

A wheel has them under `mockserver/data/`; a source tree at its top level.
"""

from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def resource(name: str) -> Path:
    """Return the path of a file that ships with the package, such as `openapi.yaml`.

    Raises FileNotFoundError when the installation is incomplete.
    """
    for folder in (PACKAGE / "data", PACKAGE.parent):
        if (path := folder / name).exists():
            return path
    raise FileNotFoundError(f"{name} is missing from this installation of mockserver")
