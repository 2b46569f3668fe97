"""Faults: broken connections, as Python's httpx and Node's fetch see them."""

import gc
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from mockserver.server.fault_proxy import FaultProxy
from mockserver.testing.client import AdminClient, MockServerError
from mockserver.testing.server_process import RunningServer
from tests.conftest import running_server
from tests.support.built_in_data import ADMIN
from tests.support.free_port import free_port

FAULTS: dict[str, tuple[type[Exception], set[str]]] = {
    # what httpx raises, and the code that Node's fetch gives as its cause; in newer versions a
    # parser's error has none, but a name
    "CONNECTION_RESET_BY_PEER": (httpx.ReadError, {"ECONNRESET"}),
    "EMPTY_RESPONSE": (httpx.RemoteProtocolError, {"UND_ERR_SOCKET"}),
    "MALFORMED_RESPONSE_CHUNK": (
        httpx.RemoteProtocolError,
        {"HPE_INVALID_CHUNK_SIZE", "HTTPParserError"},
    ),
    "RANDOM_DATA_THEN_CLOSE": (
        httpx.RemoteProtocolError,
        {"HPE_INVALID_CONSTANT", "HTTPParserError"},
    ),
}
NODE = """
const [url] = process.argv.slice(1);
fetch(url, { headers: { Authorization: "Bearer admin" } })
  .then(async (response) => ({ status: response.status, body: await response.text() }))
  .catch(({ name, cause }) => ({ name, code: cause.code ?? cause.name }))
  .then((outcome) => console.log(JSON.stringify(outcome)));
"""


@pytest.fixture(scope="module")
def faulty() -> Iterator[RunningServer]:
    """A server with fault injection."""
    with running_server("--faults") as server:
        yield server


@pytest.fixture
def mock(faulty: RunningServer) -> AdminClient:
    """A client of the test's own sandbox."""
    return faulty.client().sandbox(f"faults-{uuid4().hex}")


def get(mock: AdminClient) -> httpx.Response:
    return httpx.get(f"{mock.base_url}/v2/carts", headers=ADMIN)


def fetch(mock: AdminClient) -> dict[str, object]:
    """Return how a GET ended in Node."""
    run = subprocess.run(
        ["node", "-e", NODE, "--", f"{mock.base_url}/v2/carts"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    outcome: dict[str, object] = json.loads(run.stdout)
    return outcome


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_arrives_as_the_expected_exception_in_httpx(mock: AdminClient, fault: str) -> None:
    mock.arm_rule({"operation": "getCarts", "then": {"fault": fault}, "times": 1})
    with pytest.raises(FAULTS[fault][0]) as raised:
        get(mock)
    assert type(raised.value) is FAULTS[fault][0]
    assert get(mock).status_code == 200


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_arrives_as_the_expected_error_in_fetch(mock: AdminClient, fault: str) -> None:
    mock.arm_rule({"operation": "getCarts", "then": {"fault": fault}, "times": 1})
    outcome = fetch(mock)
    assert outcome["name"] == "TypeError"
    assert outcome["code"] in FAULTS[fault][1]
    assert fetch(mock)["status"] == 200


def test_a_client_that_disconnects_early_is_proxied_to_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inner:
        address = ("127.0.0.1", free_port())
        FaultProxy(address, inner.getsockname(), "secret").listen()
        with socket.create_connection(address) as client:
            client.sendall(b"half a request")
        server, _ = inner.accept()
        with server:
            server.settimeout(20)
            assert server.recv(100) == b"half a request"
            assert (
                server.recv(100) == b""
            )  # the client has disconnected; the response is still to come
            gc.collect()
            server.sendall(b"a response")
            server.shutdown(socket.SHUT_WR)
            assert server.recv(100) == b""
    assert "destroyed" not in caplog.text


def test_a_kept_alive_connection_breaks_at_the_matching_request(mock: AdminClient) -> None:
    mock.arm_rule({"then": {"fault": "EMPTY_RESPONSE"}, "skip": 2, "times": 1})
    with httpx.Client(base_url=mock.base_url, headers=ADMIN) as kept:
        assert kept.get("/v2/carts").status_code == 200
        assert kept.get("/v2/carts").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            kept.get("/v2/carts")
        assert kept.get("/v2/carts").status_code == 200


def test_a_fault_is_noted_in_the_journal(mock: AdminClient) -> None:
    mock.arm_rule({"then": {"fault": "EMPTY_RESPONSE"}, "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        get(mock)
    (entry,) = mock.requests()["requests"]
    assert entry["notes"] == ["rule-1 fired"]


def test_a_fault_changes_nothing(mock: AdminClient) -> None:
    mock.arm_rule({"operation": "deleteACart", "then": {"fault": "EMPTY_RESPONSE"}})
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.delete(f"{mock.base_url}/v2/carts/free-cart", headers=ADMIN)
    assert "free-cart" in {cart["id"] for cart in get(mock).json()["data"]}


def test_other_responses_pass_through_the_proxy_unchanged(
    faulty: RunningServer, server: RunningServer
) -> None:
    through, direct = (
        httpx.get(f"{running.url}/v2/carts/free-cart", headers=ADMIN)
        for running in (faulty, server)
    )
    assert through.status_code == direct.status_code
    assert through.headers.keys() == direct.headers.keys()
    assert through.json()["data"]["id"] == direct.json()["data"]["id"]


def test_the_marker_of_a_fault_never_leaves_the_server(mock: AdminClient) -> None:
    assert "mock-fault" not in get(mock).headers
    mock.arm_rule({"then": {"delay_ms": 1}})
    assert "mock-fault" not in get(mock).headers


def test_a_client_cannot_break_a_connection_by_itself(mock: AdminClient) -> None:
    """Only a marker in the response counts, and it contains a secret of this process."""
    body = {"data": {"name": "mock-fault: x-EMPTY_RESPONSE\r\n"}}
    headers = {**ADMIN, "mock-fault": "x-EMPTY_RESPONSE"}
    answer = httpx.post(f"{mock.base_url}/v2/carts", headers=headers, json=body)
    assert answer.status_code == 201


def test_large_bodies_pass_through_the_proxy(mock: AdminClient) -> None:
    body = b" " * 1_000_000 + b'{"data": {"id": "large", "name": "Large"}}'
    headers = {**ADMIN, "Content-Type": "application/json"}
    created = httpx.post(f"{mock.base_url}/v2/carts", headers=headers, content=body)
    assert created.status_code == 201
    catalog = httpx.get(f"{mock.base_url}/__admin/errors")
    assert len(catalog.content) > 2 * 64 * 1024
    assert len(catalog.content) == int(catalog.headers["Content-Length"])
    assert catalog.json()


def test_a_server_without_faults_rejects_a_fault_rule(server: RunningServer) -> None:
    with pytest.raises(MockServerError) as raised:
        server.client().sandbox("no-faults").arm_rule({"then": {"fault": "EMPTY_RESPONSE"}})
    assert raised.value.status == 400
    assert "start the server with --faults" in raised.value.detail


@pytest.mark.parametrize("option", ["--tls", "--reload"])
def test_faults_exclude_tls_and_reload(option: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mockserver", "--port", "0", "--faults", option],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr == ("mockserver: --faults excludes --tls and --reload; remove one\n")
