"""`make audit` distinguishes: no known vulnerability, a known one, and no data."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.docs.registries import Registries, environment_for, fake_registries
from tests.support.free_port import free_port
from tests.support.markdown import ROOT

CLEAN, FOUND, BROKEN, NOT_DONE = 0, 1, 2, 3
PYPI_KNOWS = {("django", "2.0"): "PYSEC-CANARY"}
NPM_KNOWS = {"lodash": "The canary sings"}


def audit(env: Mapping[str, str], *options: str | Path) -> tuple[int, str]:
    """Run the audit; return its exit status and what it printed."""
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "audit.py", *options],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def audit_with(registries: Registries, folder: Path, *options: str | Path) -> tuple[int, str]:
    with fake_registries(registries, folder) as env:
        return audit(env, *options)


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    """Requirements of two packages, one of them on another platform only."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("flask==3.1.0\njinja2==2.10\nold==1 ; python_version < '3'\n", "utf-8")
    return requirements


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A folder whose package-lock.json lists one package."""
    folder = tmp_path / "shop"
    folder.mkdir()
    root = {"name": "shop", "version": "1.0.0", "dependencies": {"left-pad": "1.0.0"}}
    packages = {"": root, "node_modules/left-pad": {"version": "1.0.0"}}
    lock = {**root, "lockfileVersion": 3, "packages": packages}
    (folder / "package.json").write_text(json.dumps(root), "utf-8")
    (folder / "package-lock.json").write_text(json.dumps(lock), "utf-8")
    return folder


def test_python_packages_that_nothing_is_known_against_pass(pinned: Path, tmp_path: Path) -> None:
    status, output = audit_with(Registries(pypi=PYPI_KNOWS), tmp_path, "--requirements", pinned)
    assert (status, output) == (CLEAN, "audit: PyPI: nothing is known against 2 packages\n")


def test_a_vulnerable_python_package_fails_also_where_data_is_optional(
    pinned: Path, tmp_path: Path
) -> None:
    registries = Registries(pypi={**PYPI_KNOWS, ("jinja2", "2.10"): "PYSEC-2019-217"})
    status, output = audit_with(registries, tmp_path, "--data-optional", "--requirements", pinned)
    assert status == FOUND
    assert output == "audit: PyPI: jinja2 2.10: PYSEC-2019-217, fixed in 9.9: It is faked.\n"


@pytest.mark.parametrize(
    ("registries", "reason"),
    [
        (Registries(pypi={("django", "2.0"): None}), "django (2.0)"),
        (Registries(), "nothing against django 2.0"),
        (Registries(pypi=PYPI_KNOWS, status=503), "ServiceError"),
        (Registries(pypi={**PYPI_KNOWS, ("flask", "3.1.0"): None}), "flask (3.1.0)"),
    ],
    ids=["a mirror without releases", "a mirror without advisories", "down", "a release unknown"],
)
def test_a_pypi_without_advisories_is_no_clean_bill(
    registries: Registries, reason: str, pinned: Path, tmp_path: Path
) -> None:
    status, output = audit_with(registries, tmp_path, "--requirements", pinned)
    assert status == NOT_DONE
    assert output.startswith("audit: NOT DONE: no advisories from PyPI: ")
    assert reason in output
    assert output.count("\n") == 1


def test_a_vulnerability_counts_although_another_release_is_unknown(
    pinned: Path, tmp_path: Path
) -> None:
    registries = Registries(
        pypi={**PYPI_KNOWS, ("flask", "3.1.0"): None, ("jinja2", "2.10"): "PYSEC-2019-217"}
    )
    status, output = audit_with(registries, tmp_path, "--data-optional", "--requirements", pinned)
    assert status == FOUND
    assert "jinja2 2.10: PYSEC-2019-217" in output
    assert "audit: NOT DONE: no advisories from PyPI: " in output


def test_requirements_that_cannot_be_read_fail_also_where_data_is_optional(tmp_path: Path) -> None:
    wrong = tmp_path / "requirements.txt"
    wrong.write_text("not a requirement\n", "utf-8")
    registries = Registries(pypi=PYPI_KNOWS)
    status, output = audit_with(registries, tmp_path, "--data-optional", "--requirements", wrong)
    assert status == BROKEN
    assert output.startswith("audit: FAILED: PyPI: pip-audit: ")


def test_without_a_route_the_audit_reports_that_it_is_not_done(
    pinned: Path, locked: Path, tmp_path: Path
) -> None:
    env = environment_for(f"http://127.0.0.1:{free_port()}", tmp_path)
    Path(env["REQUESTS_CA_BUNDLE"]).touch()
    options = ("--requirements", pinned, "--node", locked)
    status, output = audit({**env, "npm_config_fetch_retries": "0"}, "--data-optional", *options)
    assert status == CLEAN
    assert [line.split(": ")[:3] for line in output.splitlines()] == [
        ["audit", "NOT DONE", "no advisories from PyPI"],
        ["audit", "NOT DONE", "no advisories from npm"],
    ]


def test_node_packages_that_nothing_is_known_against_pass(locked: Path, tmp_path: Path) -> None:
    status, output = audit_with(Registries(npm=NPM_KNOWS), tmp_path, "--node", locked)
    assert (status, output) == (CLEAN, "audit: npm: nothing is known against 1 packages\n")


def test_a_vulnerable_node_package_fails_also_where_data_is_optional(
    locked: Path, tmp_path: Path
) -> None:
    registries = Registries(npm={**NPM_KNOWS, "left-pad": "It is gone"})
    status, output = audit_with(registries, tmp_path, "--data-optional", "--node", locked)
    assert (status, output) == (FOUND, "audit: npm: shop: left-pad *, high: It is gone\n")


@pytest.mark.parametrize(
    ("registries", "reason"),
    [
        (Registries(), "nothing against lodash 4.17.0"),
        (Registries(npm=NPM_KNOWS, status=405), "405 Method Not Allowed"),
    ],
    ids=["a mirror without advisories", "a mirror without audits"],
)
def test_an_npm_registry_without_advisories_is_no_clean_bill(
    registries: Registries, reason: str, locked: Path, tmp_path: Path
) -> None:
    status, output = audit_with(registries, tmp_path, "--node", locked)
    assert status == NOT_DONE
    assert output.startswith("audit: NOT DONE: no advisories from npm: ")
    assert reason in output


def test_a_lock_that_npm_cannot_read_fails_also_where_data_is_optional(
    locked: Path, tmp_path: Path
) -> None:
    (locked / "package-lock.json").write_text("{", "utf-8")
    registries = Registries(npm=NPM_KNOWS)
    status, output = audit_with(registries, tmp_path, "--data-optional", "--node", locked)
    assert status == BROKEN
    assert output.startswith("audit: FAILED: npm: npm audit in shop: ")


def test_all_locked_packages_are_audited(tmp_path: Path) -> None:
    status, output = audit_with(Registries(pypi=PYPI_KNOWS, npm=NPM_KNOWS), tmp_path)
    assert status == CLEAN, output
    counts = [int(word) for word in output.split() if word.isdigit()]
    assert counts[0] > 60  # the packages for Python
    assert counts[1] > 60  # for Node
