"""The environment of processes that tests start."""

import os


def unmeasured() -> dict[str, str]:
    """Return the environment without what makes coverage measure a process."""
    return {name: each for name, each in os.environ.items() if not name.startswith("COVERAGE")}
