"""Known vulnerabilities of what is locked: Python's as pip-audit hears of them from PyPI, Node's as
npm audit hears of them from the npm registry. What is locked is not judged otherwise.

A mirror that answers without advisories would look like a clean bill. So each audit asks about a
canary, too: a release with well-known vulnerabilities. Unless the service reports these, nothing
was audited, and that is said instead.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PYTHON_CANARY = ("django", "2.0")
NODE_CANARY = ("lodash", "4.17.0")
CLEAN, FOUND, BROKEN, NOT_DONE = 0, 1, 2, 3
EXITS = """exit status: 0 everything was audited and nothing is known against it, 1 something is,
2 a tool failed, 3 not audited, since there were no advisories to be had"""


class BrokenError(Exception):
    """A tool failed for a reason that is not the service's."""


@dataclass
class Audit:
    """What came of one audit: how many packages were asked about, lines of what is known against
    them, and why some or all of them were not audited."""

    asked: int = 0
    found: list[str] = field(default_factory=list)
    not_done: str | None = None


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        raise BrokenError(f"{missing.filename} is not installed") from missing


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "it said nothing")


def locked_python() -> str:
    """Return what uv.lock holds for this platform, every dependency group included."""
    options = ("--locked", "--all-groups", "--no-emit-project", "--no-hashes", "--no-header")
    done = run(sys.executable, "-m", "uv", "export", "--quiet", "--no-annotate", *options)
    if done.returncode:
        raise BrokenError(f"uv export: {done.stderr.strip()}")
    return done.stdout


def python(requirements: str) -> Audit:
    """Audit pinned requirements, one a line."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.txt")
        listed.write_text("\n".join([requirements, "==".join(PYTHON_CANARY), ""]), "utf-8")
        command = (sys.executable, "-m", "pip_audit", "--vulnerability-service=pypi", "--no-deps")
        options = ("--disable-pip", "--format=json", "--progress-spinner=off", "-r", str(listed))
        done = run(*command, *options)
        report = parsed(done.stdout)
        if report is None:
            tool = run(*command, "--dry-run", *options)
            if tool.returncode:
                raise BrokenError(f"pip-audit: {tool.stderr.strip()}")
            return Audit(not_done=last_line(done.stderr))
    dependencies = {package["name"]: package for package in report["dependencies"]}
    canary = dependencies.pop(PYTHON_CANARY[0])
    audit = Audit(
        len(dependencies),
        [
            f"{name} {package['version']}: {vulnerability['id']}, "
            f"fixed in {' or '.join(vulnerability['fix_versions']) or 'no release'}: "
            f"{vulnerability['description'][:200]}"
            for name, package in dependencies.items()
            for vulnerability in package.get("vulns", [])
        ],
    )
    skipped = [
        package["skip_reason"] for package in dependencies.values() if "skip_reason" in package
    ]
    if not canary.get("vulns"):
        audit.not_done = canary.get("skip_reason") or silent_about(PYTHON_CANARY)
    elif skipped:
        audit.not_done = "; ".join(skipped)
    return audit


def silent_about(canary: tuple[str, str]) -> str:
    return f"the service knows of nothing against {' '.join(canary)}, so it has no advisories"


def locked_node() -> list[Path]:
    """Return the folders of tests and examples that have a package-lock.json."""
    locks = [
        lock for top in ("tests", "examples") for lock in ROOT.glob(f"{top}/*/package-lock.json")
    ]
    return sorted(lock.parent for lock in locks)


def asked_npm(folder: Path) -> dict[str, Any] | str:
    """Return npm's report on a folder's package-lock.json, or why the registry gave none."""
    patience = ("--fetch-timeout=30000", "--fetch-retries=1")
    done = run("npm", "audit", "--json", "--package-lock-only", *patience, cwd=folder)
    report = parsed(done.stdout)
    if isinstance(report, dict) and "auditReportVersion" in report:
        return report
    if isinstance(report, dict) and "message" in report:
        return str(report["message"])
    raise BrokenError(f"npm audit in {folder.name}: {done.stderr.strip() or done.stdout.strip()}")


def node_canary() -> str | None:
    """Return why the registry's advisories can't be had, or None when they can."""
    name, version = NODE_CANARY
    root = {"name": "canary", "version": "1.0.0", "dependencies": {name: version}}
    packages = {"": root, f"node_modules/{name}": {"version": version}}
    with tempfile.TemporaryDirectory() as folder:
        lock = {**root, "lockfileVersion": 3, "packages": packages}
        Path(folder, "package.json").write_text(json.dumps(root), "utf-8")
        Path(folder, "package-lock.json").write_text(json.dumps(lock), "utf-8")
        report = asked_npm(Path(folder))
    if isinstance(report, str):
        return report
    return None if name in report["vulnerabilities"] else silent_about(NODE_CANARY)


def node(folders: Iterable[Path]) -> Audit:
    """Audit what the package-lock.json of each folder lists."""
    audit = Audit(not_done=node_canary())
    if audit.not_done:
        return audit
    for folder in folders:
        report = asked_npm(folder)
        if isinstance(report, str):
            return Audit(audit.asked, audit.found, f"{folder.name}: {report}")
        audit.asked += report["metadata"]["dependencies"]["total"]
        audit.found += [
            f"{folder.name}: {name} {package['range']}, {package['severity']}: "
            + "; ".join(why if isinstance(why, str) else why["title"] for why in package["via"])
            for name, package in report["vulnerabilities"].items()
        ]
    return audit


def judged(service: str, ask: Callable[[], Audit]) -> int:
    """Audit by one service, print what came of it, and return that as an exit status."""
    try:
        audit = ask()
    except BrokenError as error:
        print(f"audit: FAILED: {service}: {error}")
        return BROKEN
    for line in audit.found:
        print(f"audit: {service}: {line}")
    if audit.not_done:
        print(f"audit: NOT DONE: no advisories from {service}: {audit.not_done}")
    elif not audit.found:
        print(f"audit: {service}: nothing is known against {audit.asked} packages")
    return FOUND if audit.found else NOT_DONE if audit.not_done else CLEAN


def main() -> int:
    """Audit everything, print what came of it, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXITS)
    parser.add_argument(
        "--data-optional",
        action="store_true",
        help="exit with 0 where no advisories can be had; a reported vulnerability still fails",
    )
    parser.add_argument("--requirements", type=Path, help="audit this file, not what is locked")
    parser.add_argument("--node", type=Path, help="audit this folder, not what is locked")
    given = parser.parse_args()
    audits: dict[str, Callable[[], Audit]] = {
        "PyPI": lambda: python(locked_python()),
        "npm": lambda: node(locked_node()),
    }
    if given.requirements or given.node:
        audits = {}
    if given.requirements:
        audits["PyPI"] = lambda: python(given.requirements.read_text("utf-8"))
    if given.node:
        audits["npm"] = lambda: node([given.node])
    came = {judged(service, ask) for service, ask in audits.items()}
    if given.data_optional:
        came.discard(NOT_DONE)
    return next((status for status in (BROKEN, FOUND, NOT_DONE) if status in came), CLEAN)


if __name__ == "__main__":
    sys.exit(main())
