"""The official JavaScript clients beyond the journey: devices, pages, renewed tokens, errors."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import running_server
from tests.node import installed

HERE = Path(__file__).parent
SCRIPT = HERE / "devices.test.mjs"
LONGEST_SECONDS = 120
LEAST_PASSED = 90


@pytest.mark.parametrize("options", [(), ("--tls",)], ids=["http", "https"])
def test_official_clients_on_several_devices(options: tuple[str, ...]) -> None:
    installed(HERE)
    with running_server(*options) as server:
        trust = {}
        if options:
            authority = re.search(r"authority\s+(\S.*)", server.output)
            assert authority is not None, server.output
            trust["NODE_EXTRA_CA_CERTS"] = authority[1]
        run = subprocess.run(
            ["node", "--test", "--test-reporter=spec", SCRIPT.name],
            cwd=HERE,
            env={**os.environ, "MOCKSERVER_URL": server.url, **trust},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    assert run.returncode == 0, run.stdout
    passed = re.search(r"pass (\d+)", run.stdout)
    assert passed is not None, run.stdout
    assert int(passed[1]) >= LEAST_PASSED, run.stdout
