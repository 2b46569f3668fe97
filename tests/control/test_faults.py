"""Faults: what breaks a connection arrives as the exception that a client has for it."""

import json
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from mockserver import Client
from tests.conftest import RunningServer, running_server
from tests.seeds import ADMIN

NODE = """
fetch(process.argv[1], {headers: {Authorization: 'Bearer admin'}}).then((r) => r.text())
  .then(() => console.log('answered'), (e) => console.log(e.cause?.code ?? e.code ?? e.message))
"""
FAULTS = {
    "CONNECTION_RESET_BY_PEER": (httpx.ReadError, "ECONNRESET"),
    "EMPTY_RESPONSE": (httpx.RemoteProtocolError, "UND_ERR_SOCKET"),
    "MALFORMED_RESPONSE_CHUNK": (httpx.RemoteProtocolError, "HPE_INVALID_CHUNK_SIZE"),
    "RANDOM_DATA_THEN_CLOSE": (httpx.RemoteProtocolError, "HPE_"),
}


@pytest.fixture(scope="module")
def faulty() -> Iterator[RunningServer]:
    with running_server("--faults") as server:
        yield server


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_arrives_in_httpx_and_in_fetch(faulty: RunningServer, fault: str) -> None:
    error, code = FAULTS[fault]
    mock = Client(faulty.url).sandbox(fault)
    mock.arm({"operation": "getCarts", "times": 2, "then": {"fault": fault}})
    with pytest.raises(error):
        httpx.get(f"{mock.base_url}/v2/carts", headers=ADMIN)
    told = subprocess.run(
        ["node", "-e", NODE, f"{mock.base_url}/v2/carts"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout.startswith(code)
    assert httpx.get(f"{mock.base_url}/v2/carts", headers=ADMIN).status_code == 200
    noted = mock.requests(operation="getCarts")["requests"]
    assert [each["notes"] for each in noted] == [[], ["rule-1 fired"], ["rule-1 fired"]]
    assert "mock-fault" not in json.dumps(noted)


def test_everything_else_comes_through_unchanged(faulty: RunningServer) -> None:
    with httpx.Client(base_url=faulty.url, headers=ADMIN) as client:
        body = {"data": {"name": "x", "description": "long " * 10_000}}
        cart = client.post("/v2/carts", json=body).json()["data"]
        assert cart["description"] == body["data"]["description"]
        assert client.delete(f"/v2/carts/{cart['id']}").status_code == 204
        assert cart["links"]["self"] == f"{faulty.url}/v2/carts/{cart['id']}".replace(
            "localhost", "localhost"
        )


@pytest.mark.parametrize("other", ["--tls", "--reload"])
def test_faults_go_with_plain_http_only(other: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "mockserver", "--port", "0", "--faults", other],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 1
    assert (
        told.stderr
        == "mockserver: --faults goes neither with --tls nor with --reload; remove one\n"
    )
