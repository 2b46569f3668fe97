"""One run of the schemathesis suite, and what it must tell."""

import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import running_server

PHASES = ("Examples", "Coverage", "Fuzzing", "Stateful")


def keeps_its_contract(
    config: Path,
    document: str,
    operations: int,
    headers: dict[str, str],
    folder: Path,
    *options: str,
) -> None:
    """Assert that a server started with some options passes all phases on all its operations."""
    with running_server(*options) as server:
        run = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                *("--config-file", str(config)),
                *("run", f"{server.url}{document}", "--no-color"),
                *(word for name, value in headers.items() for word in ("-H", f"{name}: {value}")),
            ],
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=600,
            check=False,
        )
        errors = "".join(server.errors)
    told = run.stdout + run.stderr
    assert run.returncode == 0, told
    assert f"Tested: {operations}" in told, told
    for phase in PHASES:
        assert re.search(rf"✅ {phase}", told), told
    assert "Traceback" not in errors
