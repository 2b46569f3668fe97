"""The schemathesis suite against a running server: all phases, all checks, no failure.

`schemathesis.toml` says which check is off for which operation, and why.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import running_server
from tests.documented import operations
from tests.seeds import ADMIN, acting_as

ROOT = Path(__file__).parent.parent
PHASES = ("Examples", "Coverage", "Fuzzing", "Stateful")


@pytest.mark.parametrize(
    "caller", [ADMIN, acting_as(1)], ids=["as administrator", "as a shopper's account"]
)
def test_server_keeps_its_contract(caller: dict[str, str], tmp_path: Path) -> None:
    with running_server() as server:
        headers = [word for name, value in caller.items() for word in ("-H", f"{name}: {value}")]
        run = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                *("--config-file", str(ROOT / "schemathesis.toml")),
                *("run", f"{server.url}/openapi.yaml", "--no-color", *headers),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=600,
            check=False,
        )
        errors = "".join(server.errors)
    told = run.stdout + run.stderr
    assert run.returncode == 0, told
    assert f"Tested: {len(operations())}" in told, told
    for phase in PHASES:
        assert re.search(rf"✅ {phase}", told), told
    assert "Traceback" not in errors
