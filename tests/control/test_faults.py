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
from mockserver.testing.client import Client, MockServerError
from mockserver.testing.server_process import RunningServer
from tests.conftest import running_server
from tests.free_port import free_port
from tests.seeds import ADMIN

FAULTS: dict[str, tuple[type[Exception], set[str]]] = {
    # what httpx raises, and the code that Node's fetch gives as its cause; from newer versions a
    # parser's error has none, and tells its kind
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
  .then(async (answer) => ({ status: answer.status, body: await answer.text() }))
  .catch(({ name, cause }) => ({ name, code: cause.code ?? cause.name }))
  .then((told) => console.log(JSON.stringify(told)));
"""


@pytest.fixture(scope="module")
def breaking() -> Iterator[RunningServer]:
    """A server with the socket layer."""
    with running_server("--faults") as server:
        yield server


@pytest.fixture
def mock(breaking: RunningServer) -> Client:
    """A client of a sandbox of the test's own."""
    return breaking.client().sandbox(f"faults-{uuid4().hex}")


def get(mock: Client) -> httpx.Response:
    return httpx.get(f"{mock.base_url}/v2/carts", headers=ADMIN)


def fetch(mock: Client) -> dict[str, object]:
    """Return how a GET ended in Node."""
    run = subprocess.run(
        ["node", "-e", NODE, "--", f"{mock.base_url}/v2/carts"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told: dict[str, object] = json.loads(run.stdout)
    return told


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_arrives_as_the_expected_exception_in_httpx(mock: Client, fault: str) -> None:
    mock.arm({"operation": "getCarts", "then": {"fault": fault}, "times": 1})
    with pytest.raises(FAULTS[fault][0]) as raised:
        get(mock)
    assert type(raised.value) is FAULTS[fault][0]
    assert get(mock).status_code == 200


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_arrives_as_the_expected_error_in_fetch(mock: Client, fault: str) -> None:
    mock.arm({"operation": "getCarts", "then": {"fault": fault}, "times": 1})
    told = fetch(mock)
    assert told["name"] == "TypeError"
    assert told["code"] in FAULTS[fault][1]
    assert fetch(mock)["status"] == 200


def test_a_client_that_leaves_early_is_passed_on_to_its_end(
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
            assert server.recv(100) == b""  # the client has gone; the answer is still to come
            gc.collect()
            server.sendall(b"an answer")
            server.shutdown(socket.SHUT_WR)
            assert server.recv(100) == b""
    assert "destroyed" not in caplog.text


def test_a_connection_that_is_kept_alive_breaks_in_its_turn(mock: Client) -> None:
    mock.arm({"then": {"fault": "EMPTY_RESPONSE"}, "skip": 2, "times": 1})
    with httpx.Client(base_url=mock.base_url, headers=ADMIN) as kept:
        assert kept.get("/v2/carts").status_code == 200
        assert kept.get("/v2/carts").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            kept.get("/v2/carts")
        assert kept.get("/v2/carts").status_code == 200


def test_a_fault_is_no_answer_in_the_journal_of_the_operation(mock: Client) -> None:
    mock.arm({"then": {"fault": "EMPTY_RESPONSE"}, "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        get(mock)
    (entry,) = mock.requests()["requests"]
    assert entry["notes"] == ["rule-1 fired"]


def test_a_fault_changes_nothing(mock: Client) -> None:
    mock.arm({"operation": "deleteACart", "then": {"fault": "EMPTY_RESPONSE"}})
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.delete(f"{mock.base_url}/v2/carts/free-cart", headers=ADMIN)
    assert "free-cart" in {each["id"] for each in get(mock).json()["data"]}


def test_what_is_not_broken_passes_through_the_layer_unchanged(
    breaking: RunningServer, server: RunningServer
) -> None:
    through, direct = (
        httpx.get(f"{each.url}/v2/carts/free-cart", headers=ADMIN) for each in (breaking, server)
    )
    assert through.status_code == direct.status_code
    assert through.headers.keys() == direct.headers.keys()
    assert through.json()["data"]["id"] == direct.json()["data"]["id"]


def test_the_marker_of_a_fault_never_leaves_the_server(mock: Client) -> None:
    assert "mock-fault" not in get(mock).headers
    mock.arm({"then": {"delay_ms": 1}})
    assert "mock-fault" not in get(mock).headers


def test_a_client_cannot_break_a_connection_by_itself(mock: Client) -> None:
    """Only the answer's marker counts, and it bears a secret of this process."""
    body = {"data": {"name": "mock-fault: x-EMPTY_RESPONSE\r\n"}}
    headers = {**ADMIN, "mock-fault": "x-EMPTY_RESPONSE"}
    answer = httpx.post(f"{mock.base_url}/v2/carts", headers=headers, json=body)
    assert answer.status_code == 201


def test_large_bodies_pass_through_the_layer(mock: Client) -> None:
    body = b" " * 1_000_000 + b'{"data": {"id": "large", "name": "Large"}}'
    headers = {**ADMIN, "Content-Type": "application/json"}
    made = httpx.post(f"{mock.base_url}/v2/carts", headers=headers, content=body)
    assert made.status_code == 201
    catalog = httpx.get(f"{mock.base_url}/__admin/errors")
    assert len(catalog.content) > 2 * 64 * 1024
    assert len(catalog.content) == int(catalog.headers["Content-Length"])
    assert catalog.json()


def test_a_server_without_the_layer_refuses_to_arm_a_fault(server: RunningServer) -> None:
    with pytest.raises(MockServerError) as raised:
        server.client().sandbox("no-faults").arm({"then": {"fault": "EMPTY_RESPONSE"}})
    assert raised.value.status == 400
    assert "start the server with --faults" in raised.value.detail


@pytest.mark.parametrize("option", ["--tls", "--reload"])
def test_the_layer_goes_neither_with_tls_nor_with_reload(option: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mockserver", "--port", "0", "--faults", option],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr == ("mockserver: --faults excludes --tls and --reload; remove one\n")
