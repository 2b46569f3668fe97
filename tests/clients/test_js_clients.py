"""The official JavaScript clients, unmodified: each script over HTTP, and over TLS."""

from pathlib import Path

import pytest

from tests.support.node import passed_on_a_server

HERE = Path(__file__).parent
LEAST_PASSED = {"journey": 20, "devices": 90, "shopping": 15}
"""The scripts, and how many tests each has at least: one that stops early has failed."""


@pytest.mark.parametrize("script", LEAST_PASSED)
@pytest.mark.parametrize("options", [(), ("--tls",)], ids=["http", "https"])
def test_official_clients(script: str, options: tuple[str, ...]) -> None:
    assert passed_on_a_server(HERE / f"{script}.test.mjs", *options) >= LEAST_PASSED[script]
