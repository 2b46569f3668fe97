"""The official JavaScript clients, unmodified, through the journey: over HTTP, and over TLS."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import running_server
from tests.node import installed

HERE = Path(__file__).parent


@pytest.mark.parametrize("options", [(), ("--tls",)], ids=["http", "https"])
def test_official_clients_make_the_journey(options: tuple[str, ...]) -> None:
    installed(HERE)
    with running_server(*options) as server:
        authority = re.search(r"authority\s+(\S+)", server.output)
        run = subprocess.run(
            ["node", "--test", "--test-reporter=spec", "journey.test.mjs"],
            cwd=HERE,
            env={
                **os.environ,
                "MOCKSERVER_URL": server.url,
                **({"NODE_EXTRA_CA_CERTS": authority[1]} if authority else {}),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert bool(authority) == bool(options)
    assert run.returncode == 0, run.stdout + run.stderr
    passed = re.search(r"pass (\d+)", run.stdout)
    assert passed is not None
    assert int(passed[1]) > 15
