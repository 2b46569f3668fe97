"""The builds of this source: a wheel that serves wherever it is installed, an sdist that can be
built again, and a lock that names public registries only."""

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.conftest import running_server
from tests.support.built_in_data import ADMIN

ROOT = Path(__file__).parents[2]
DATA = {
    "mockserver/data/openapi.yaml": "openapi.yaml",
    "mockserver/data/fixtures/default.yaml": "fixtures/default.yaml",
    "mockserver/data/fixtures/schema.json": "fixtures/schema.json",
}
"""The data files of the wheel, and their places in the source."""


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command without this process's own settings, and return its output."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}
    env = {**env, "PYTHONPATH": "", "VIRTUAL_ENV": ""}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(*options: str, to: Path) -> None:
    run(sys.executable, "-m", "uv", "build", "--quiet", "--out-dir", to, *options)


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and with the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    build(to=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


def test_the_wheel_contains_the_contract_and_the_fixtures(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name, source in DATA.items():
            assert archive.read(name) == (ROOT / source).read_bytes()


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    files = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "mockserver").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    inside = {name for name in names(wheel) if ".dist-info/" not in name}
    assert inside == files | set(DATA)


def test_the_wheel_is_the_same_when_built_without_the_sdist(wheel: Path, tmp_path: Path) -> None:
    build("--wheel", to=tmp_path)
    (direct,) = tmp_path.glob("*.whl")
    assert names(direct) == names(wheel)


def test_the_sdist_holds_the_source_its_tests_and_its_documents(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert inside >= {"pyproject.toml", "openapi.yaml", "fixtures/default.yaml", "docs/errors.md"}
    assert inside >= {"tests/conftest.py", "tests/upstream/facts.yaml", "LICENSE", "README.md"}
    assert not [name for name in inside if "node_modules" in name or name.startswith(".venv")]


def test_an_installed_wheel_checks_itself_and_serves_from_any_folder(
    wheel: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    assert run(programs / "mockserver", "validate", cwd=tmp_path).startswith("ok: ")
    clean = {"PYTHONPATH": ""}
    with running_server(program=[str(programs / "mockserver")], cwd=tmp_path, env=clean) as server:
        response = httpx.get(f"{server.url}/v2/carts", headers=ADMIN, timeout=30)
        contract = httpx.get(f"{server.url}/openapi.yaml", timeout=30)
    assert response.status_code == 200
    assert response.json()["data"][0]["id"] == "free-cart"
    assert contract.content == (ROOT / "openapi.yaml").read_bytes()


def test_the_lock_names_public_registries_only() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text("utf-8")))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
