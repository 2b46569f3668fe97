"""The schemathesis suite against a running server: all phases, all checks, no failure.

`schemathesis.toml` says which check is off for which operation, and why.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import running_server
from tests.documented import operations
from tests.seeds import ADMIN, acting_as

ROOT = Path(__file__).parent.parent
PHASES = ("examples", "coverage", "fuzzing", "stateful")
NAMES = {f"{spec['method']} {spec['path']}" for spec in operations().values()}


@dataclass(frozen=True)
class Caller:
    """Who calls: the headers, and the operations that answer nothing but a refusal to them."""

    headers: dict[str, str]
    refused: frozenset[str] = frozenset()


ADMINISTRATOR = Caller(ADMIN)
ACCOUNT = Caller(acting_as(1), frozenset({"GET /v2/settings/cart", "PUT /v2/settings/cart"}))


@pytest.mark.parametrize(
    "caller", [ADMINISTRATOR, ACCOUNT], ids=["as administrator", "as a shopper's account"]
)
def test_server_keeps_its_contract(caller: Caller, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    headers = [word for pair in caller.headers.items() for word in ("-H", ": ".join(pair))]
    with running_server() as server:
        run = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                *("--config-file", str(ROOT / "schemathesis.toml")),
                *("run", f"{server.url}/openapi.yaml", "--no-color", *headers),
                *("--report", "json", "--report-json-path", str(report)),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=600,
            check=False,
        )
    told = run.stdout + run.stderr
    assert run.returncode == 0, told
    assert_complete(json.loads(report.read_text("utf-8")), caller, told)
    assert "Traceback" not in "".join(server.errors)


def assert_complete(report: Any, caller: Caller, told: str) -> None:
    """Assert that a run left nothing out: no phase, no operation, no operation's good answer."""
    assert {name: phase["status"] for name, phase in report["phases"].items()} == dict.fromkeys(
        PHASES, "success"
    ), told
    counts = report["operations"]
    assert counts["total"] == counts["selected"] == counts["tested"] == len(NAMES), told
    accepted = {
        name
        for name, phases in report["valid_rates"].items()
        if any(phase["accepted"] for phase in phases.values())
    }
    assert accepted == NAMES - caller.refused, told
