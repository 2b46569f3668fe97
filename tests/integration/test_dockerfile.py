"""The steps of the Dockerfile, run in fresh virtual environments without Docker."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from benchmarks.soak.__main__ import IMAGE_ENVIRONMENT
from mockserver import __version__
from tests.support.free_port import free_port
from tests.support.markdown import ROOT

TEXT = (ROOT / "Dockerfile").read_text("utf-8")
LINES = re.sub(r"\\\n(#.*\n)*", " ", TEXT).splitlines()
STAGES = [i for i, line in enumerate(LINES) if line.startswith("FROM ")]
BUILD, FINAL = LINES[STAGES[0] : STAGES[1]], LINES[STAGES[1] :]


def instructions(stage: list[str], name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in stage if line.startswith(f"{name} ")]


ENVIRONMENT = dict(re.findall(r"(\w+)=(\S+)", " ".join(instructions(FINAL, "ENV"))))


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run both stages: the first in a copy of what it copies, the second in an empty environment.

    Returns the folder with the second environment.
    """
    folder = tmp_path_factory.mktemp("docker")
    source, wheels = folder / "src", folder / "wheels"
    source.mkdir()
    for copied in instructions(BUILD, "COPY"):
        *names, target = copied.split()
        for name in names:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / target)
            else:
                shutil.copy(ROOT / name, source / target)
    for stage, environment, where in ((BUILD, "build", source), (FINAL, "final", folder)):
        subprocess.run([sys.executable, "-m", "venv", str(folder / environment)], check=True)
        path = f"{folder / environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        for command in instructions(stage, "RUN"):
            here = re.sub(r"--mount=\S+\s+", "", command).replace("/wheels", str(wheels))
            run = subprocess.run(
                ["sh", "-ec", here],
                cwd=where,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.mark.long
def test_container_serves_is_healthy_and_stops_at_once(container: Path) -> None:
    binaries = container / "final" / "bin"
    port = str(free_port())
    env = {
        **ENVIRONMENT,
        "MOCKSERVER_PORT": port,
        "PATH": f"{binaries}{os.pathsep}/usr/bin:/bin",
    }
    entry = json.loads(instructions(FINAL, "ENTRYPOINT")[0])
    check = json.loads(instructions(FINAL, "HEALTHCHECK")[0].partition("CMD ")[2])
    process = subprocess.Popen(
        [str(binaries / entry[0]), *entry[1:]],
        cwd="/",
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "curl" in line:
                break
        healthy = subprocess.run(
            [str(binaries / check[0]), *check[1:]],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        url = f"http://127.0.0.1:{port}"
        carts = httpx.get(f"{url}/v2/carts", headers={"Authorization": "Bearer admin"})
        reset = httpx.post(f"{url}/__admin/reset")
    finally:
        process.terminate()
        status = process.wait(timeout=30)
        process.stdout.close()
    assert healthy.returncode == 0, healthy.stderr
    assert json.loads(healthy.stdout) == {"status": "ok", "version": __version__}
    assert carts.status_code == 200
    assert reset.status_code == 401
    assert status == 0


def test_container_runs_as_a_numeric_user_in_exec_form() -> None:
    user = instructions(FINAL, "USER")[-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert instructions(FINAL, "ENTRYPOINT")[0].startswith("[")
    assert "--start-interval=" in instructions(FINAL, "HEALTHCHECK")[0]


def test_image_takes_nothing_that_its_build_does_not_need() -> None:
    kept = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    ]
    copied = [name for copy in instructions(BUILD, "COPY") for name in copy.split()[:-1]]
    assert sorted(kept) == sorted(copied)


def test_the_soaks_servers_have_the_memory_settings_of_the_image() -> None:
    assert {"GLIBC_TUNABLES": ENVIRONMENT["GLIBC_TUNABLES"]} == IMAGE_ENVIRONMENT
