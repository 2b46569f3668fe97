"""`make serve` where Python lacks venv: it uses uv, or says what to install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.markdown import ROOT

WITHOUT_VENV = f"""#!/bin/sh
[ "$1" = -m ] && {{ mkdir -p "$3"; echo "No module named ensurepip" >&2; exit 1; }}
exec {sys.executable} "$@"
"""
UV = """#!/bin/sh
for folder; do :; done
mkdir -p "$folder/bin"
printf '#!/bin/sh\\n' >"$folder/bin/pip"
chmod +x "$folder/bin/pip"
"""


def make_environment(folder: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """Run make for the environment's first step, with fake programs before all others."""
    shutil.copy(ROOT / "Makefile", folder)
    for name, text in {"python": WITHOUT_VENV, **programs}.items():
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / name).write_text(text, "utf-8")
        (folder / "bin" / name).chmod(0o755)
    return subprocess.run(
        ["make", "PYTHON=bin/python", ".venv/.uv"],
        cwd=folder,
        env={**os.environ, "PATH": f"{folder / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_says_what_to_install(tmp_path: Path) -> None:
    run = make_environment(tmp_path, uv="#!/bin/sh\nexit 127\n")
    assert run.returncode != 0
    assert "apt-get install python3-venv" in run.stderr.splitlines()[0]
    assert not (tmp_path / ".venv").exists()


def test_it_uses_uv(tmp_path: Path) -> None:
    run = make_environment(tmp_path, uv=UV)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / ".venv" / ".uv").exists()
