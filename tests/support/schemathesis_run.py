"""One run of the schemathesis suite, and the checks of its report."""

import json
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import running_server
from tests.support.environment import unmeasured

PHASES = ("examples", "coverage", "fuzzing", "stateful")


def keeps_its_contract(
    config: Path,
    document: str,
    headers: dict[str, str],
    folder: Path,
    *options: str,
    operations: Collection[str],
    refused: Collection[str] = (),
) -> None:
    """Assert that a server started with some options passes all phases on all its operations.

    `operations` names those to test (`GET /v2/carts`); `refused` names those that answer nothing
    but a refusal to a single request of the caller whom `headers` make.
    """
    report = folder / "report.json"
    with running_server(*options) as server:
        run = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                *("--config-file", str(config)),
                *("run", f"{server.url}{document}", "--no-color"),
                *(word for pair in headers.items() for word in ("-H", ": ".join(pair))),
                *("--report", "json", "--report-json-path", str(report)),
            ],
            env=unmeasured(),  # the server is measured; its client has nothing of ours
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=600,
            check=False,
        )
        succeeded = _succeeded(server.url, headers)
        errors = "".join(server.errors)
    reported = run.stdout + run.stderr
    assert run.returncode == 0, reported
    assert "Traceback" not in errors
    read = json.loads(report.read_text("utf-8"))
    _assert_complete(read, set(operations), set(refused), succeeded, reported)


def _succeeded(url: str, headers: dict[str, str]) -> set[str]:
    """Return the operations of the contract that have succeeded, in the server's own count: the
    report leaves out what the journeys along the links have reached."""
    covered = httpx.get(f"{url}/__admin/coverage", headers=headers).json()
    return {
        operation["request"]
        for operation in covered["operations"]
        if any(each["count"] for each in operation["outcomes"] if each["error"] is None)
    }


def _assert_complete(
    report: Any, operations: set[str], refused: set[str], succeeded: set[str], reported: str
) -> None:
    """Assert that a run left nothing out: no phase, no operation, no operation's good answer."""
    assert {name: phase["status"] for name, phase in report["phases"].items()} == dict.fromkeys(
        PHASES, "success"
    ), reported
    assert report["operations"]["tested"] == len(operations), (report["operations"], reported)
    accepted = {
        name
        for name, phases in report["valid_rates"].items()
        if any(phase["accepted"] for phase in phases.values())
    }
    assert accepted | (succeeded & operations) == operations - refused, reported
