"""What the documents show is what happens: every example is executed, every table compared."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import running_server
from tests.support.markdown import ROOT, Block, blocks, same, table
from tests.support.node import compile_typescript, installed
from tests.support.openapi_doc import operations

WITHOUT_EXAMPLES = ("errors.md", "architecture.md")
"""Pages whose blocks are no examples to run. Those of errors.md are run by test_error_catalog."""
DOCUMENTS = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/RESULTS.md"),
    *(
        f"docs/{page.name}"
        for page in sorted((ROOT / "docs").glob("*.md"))
        if page.name not in WITHOUT_EXAMPLES
    ),
)
BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
BY_HAND = ("make ", "uv ", "docker ", "npm ", ".venv/bin/")
ADDRESS = "localhost:8080"


def shell(block: Block, folder: Path, address: str = ADDRESS) -> str:
    """Run a block as a person would paste it, `mockserver` being the one under test."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-c", block.text.replace(ADDRESS, address)],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return (run.stdout + run.stderr).replace(address, ADDRESS)


def on_a_server(block: Block, folder: Path) -> str:
    options = block.how.removeprefix("run: server").removeprefix(" with ").split()
    with running_server(*options) as server:
        return shell(block, folder, server.url.removeprefix("http://"))


def in_typescript(block: Block, folder: Path) -> str:
    clients = ROOT / "tests" / "clients"
    installed(clients)
    (folder / "node_modules").symlink_to(clients / "node_modules")
    with running_server() as server:
        address = server.url.removeprefix("http://")
        source = folder / "example.mts"
        source.write_text(block.text.replace(ADDRESS, address), "utf-8")
        compile_typescript(source, "--module", "nodenext")
        run = subprocess.run(
            ["node", "example.mjs"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    return run.stdout + run.stderr


def in_pytest(block: Block, folder: Path) -> str:
    (folder / "test_example.py").write_text(block.text, "utf-8")
    return shell(Block("", 0, "", "", "pytest -q -p no:randomly test_example.py"), folder)


def as_fixture(block: Block, folder: Path) -> str:
    (folder / "fixture.yaml").write_text(block.text, "utf-8")
    return shell(Block("", 0, "", "", "mockserver validate fixture.yaml"), folder)


def as_yaml(block: Block, folder: Path) -> str:
    assert yaml.safe_load(block.text)
    return ""


def as_excerpt(block: Block, folder: Path) -> str:
    """Find each part of an excerpt in openapi.yaml; lines `# …` stand for what is left out."""
    text = (ROOT / "openapi.yaml").read_text("utf-8")
    for part in re.split(r"^ *# …\n", block.text, flags=re.M):
        indented = (textwrap.indent(textwrap.dedent(part), " " * size) for size in range(0, 40, 2))
        assert any(f"\n{lines}" in text for lines in indented), f"{block}: no such lines:\n{part}"
    return ""


def by_hand(block: Block, folder: Path) -> str:
    for line in block.text.splitlines():
        assert line.startswith(BY_HAND), f"{block}: a test could run {line}"
    return ""


HOW: dict[str, Callable[[Block, Path], str]] = {
    "run: server": on_a_server,
    "run: shell": shell,
    "run: typescript": in_typescript,
    "run: pytest": in_pytest,
    "run: by hand": by_hand,
    "check: yaml": as_yaml,
    "check: fixture": as_fixture,
    "check: excerpt": as_excerpt,
}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_example_does_what_it_shows(block: Block, tmp_path: Path) -> None:
    for file in (each for each in blocks(block.document) if each.how.startswith("file: ")):
        (tmp_path / file.how.removeprefix("file: ")).write_text(file.text, "utf-8")
    if block.how.startswith("file: "):
        assert yaml.safe_load(block.text)
        return
    got = HOW[block.how.partition(" with ")[0]](block, tmp_path)
    assert block.output is None or same(block.output, got), got


def test_table_of_basic_operations_is_the_contract() -> None:
    documented = {
        name: [
            ", ".join(operation.get("x-aliases", ())),
            f"{operation['method']} {operation['path']}",
        ]
        for name, operation in operations().items()
    }
    rows = table("docs/contract.md", "operations")
    assert rows
    assert {row[0]: row[1:] for row in rows}.items() <= documented.items()


def test_ci_runs_the_readmes_own_test_command() -> None:
    assert re.search(r"^make test\b", (ROOT / "README.md").read_text("utf-8"), re.M)
    script = ROOT / ".ci" / "run"
    assert re.search(r"^make test$", script.read_text("utf-8"), re.M)
    assert os.access(script, os.X_OK)


def test_the_readme_is_short() -> None:
    assert (ROOT / "README.md").read_text("utf-8").count("\n") <= 150


def test_what_is_run_by_hand_exists() -> None:
    assert shutil.which("make")
    targets = subprocess.run(
        ["make", "--dry-run", "serve", "test", "test-all"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pytest" in targets.stdout
