"""The schemathesis suite against a running server's admin API: all phases, all checks, no failure.

`schemathesis.toml` beside this file says which check is off for which operation, and why.
"""

import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import running_server
from tests.control import admin

CONFIG = Path(__file__).with_name("schemathesis.toml")
TOKEN = "admin-token"
PHASES = ("Examples", "Coverage", "Fuzzing", "Stateful")


def test_admin_api_keeps_its_contract(tmp_path: Path) -> None:
    with running_server("--admin-token", TOKEN, "--faults") as server:
        run = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                *("--config-file", str(CONFIG)),
                *("run", f"{server.url}/__admin/openapi.yaml", "--no-color"),
                *("-H", f"Authorization: Bearer {TOKEN}"),
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
    but_the_document_itself = len(admin.operations()) - 1
    assert f"Tested: {but_the_document_itself}" in told, told
    for phase in PHASES:
        assert re.search(rf"✅ {phase}", told), told
    assert "Traceback" not in errors
