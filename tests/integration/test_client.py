"""mockserver.AdminClient against a real server: each method, and what it raises."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from urllib.error import HTTPError
from uuid import uuid4

import httpx
import pytest

import mockserver
from mockserver.fixtures.load import load_fixtures
from mockserver.testing.client import AdminClient, MockServerError
from mockserver.testing.server_process import RunningServer
from tests.support.built_in_data import ADMIN
from tests.support.contract import CONTRACT

FOREVER = "2026-01-01T00:00:00Z"


@pytest.fixture
def mock(server: RunningServer) -> Iterator[AdminClient]:
    """A client of the test's own sandbox."""
    name = f"client-{uuid4().hex}"
    server.client().create_sandbox(name)
    yield server.client().sandbox(name)
    server.client().delete_sandbox(name)


@contextmanager
def proxy(response: bytes) -> Iterator[str]:
    """Serve the same response to every request, and close each connection; yields the URL."""

    class Proxy(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(response)

    with ThreadingTCPServer(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def get(mock: AdminClient, path: str = "/v2/carts") -> httpx.Response:
    return httpx.get(f"{mock.base_url}{path}", headers=ADMIN)


def put_cart(mock: AdminClient, cart_id: str) -> None:
    body = {"data": {"id": cart_id, "name": "Found by hand"}}
    httpx.post(f"{mock.base_url}/v2/carts", headers=ADMIN, json=body).raise_for_status()


def cart_count(mock: AdminClient) -> int:
    count: int = get(mock).json()["meta"]["results"]["total"]
    return count


def test_the_package_exports_the_client() -> None:
    assert mockserver.AdminClient is AdminClient


def test_the_package_has_no_other_lazy_names() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'AdminClients'"):
        mockserver.AdminClients  # noqa: B018


def test_base_url_names_the_sandbox() -> None:
    assert AdminClient("http://localhost:8080/").base_url == "http://localhost:8080"
    assert AdminClient("http://localhost:8080/").sandbox("a b").base_url == (
        "http://localhost:8080/sandboxes/a%20b"
    )


def test_health_returns_the_version(mock: AdminClient) -> None:
    assert mock.health() == {"status": "ok", "version": mockserver.__version__}


def test_errors_is_the_catalog(mock: AdminClient) -> None:
    assert "too-many-requests" in {error["id"] for error in mock.errors()}


def test_reset_restores_the_fixtures(mock: AdminClient) -> None:
    before = cart_count(mock)
    put_cart(mock, "new")
    mock.reset()
    assert cart_count(mock) == before


def test_a_sandbox_is_created_from_the_fixtures_and_deleted(server: RunningServer) -> None:
    client, name = server.client(), uuid4().hex
    assert client.create_sandbox(name)["base_path"] == f"/sandboxes/{name}"
    assert name in {sandbox["name"] for sandbox in client.sandboxes()}
    client.delete_sandbox(name)
    assert name not in {sandbox["name"] for sandbox in client.sandboxes()}


def test_a_client_of_a_sandbox_that_does_not_exist_can_create_it(server: RunningServer) -> None:
    name = uuid4().hex
    client = server.client().sandbox(name)
    assert client.create_sandbox(name)["name"] == name
    client.delete_sandbox(name)


def test_a_fork_has_the_state_of_its_origin_or_of_a_snapshot(mock: AdminClient) -> None:
    assert mock.sandbox_name
    mock.save_snapshot("empty-handed")
    put_cart(mock, "new")
    forks = {"now": None, "then": "empty-handed"}
    counts = {}
    for suffix, snapshot in forks.items():
        fork = mock.sandbox(f"{mock.sandbox_name}-{suffix}")
        fork.create_sandbox(str(fork.sandbox_name), mock.sandbox_name, snapshot)
        counts[suffix] = cart_count(fork)
        fork.delete_sandbox(str(fork.sandbox_name))
    assert counts["now"] == cart_count(mock) == counts["then"] + 1


def test_snapshots_are_saved_listed_restored_and_deleted(mock: AdminClient) -> None:
    before = cart_count(mock)
    assert mock.save_snapshot("start")["name"] == "start"
    put_cart(mock, "new")
    mock.restore_snapshot("start")
    assert cart_count(mock) == before
    assert [snapshot["name"] for snapshot in mock.snapshots()] == ["start"]
    mock.delete_snapshot("start")
    assert mock.snapshots() == []


def test_a_downloaded_fixture_starts_a_server(mock: AdminClient, tmp_path: Path) -> None:
    put_cart(mock, "found-by-hand")
    mock.save_snapshot("found")
    mock.reset()
    file = tmp_path / "found.yaml"
    file.write_text(mock.export_fixture("found"))
    assert "found-by-hand" in load_fixtures([str(file)], CONTRACT).carts
    file.write_text(mock.export_fixture())
    assert "found-by-hand" not in load_fixtures([str(file)], CONTRACT).carts


def test_the_clock_freezes_advances_resumes_and_is_reset(mock: AdminClient) -> None:
    assert mock.freeze(FOREVER) == {"now": "2026-01-01T00:00:00.000Z", "frozen": True}
    assert mock.advance("PT1H") == {"now": "2026-01-01T01:00:00.000Z", "frozen": True}
    assert mock.clock() == {"now": "2026-01-01T01:00:00.000Z", "frozen": True}
    assert mock.resume()["frozen"] is False
    assert mock.freeze()["now"].startswith("2026-01-01T01:0")
    assert mock.reset_clock()["frozen"] is False


def test_a_rule_fails_what_it_matches_as_often_as_it_says(mock: AdminClient) -> None:
    rule = mock.fail("too-many-requests", operation="getCarts", times=2)
    assert [get(mock).status_code for _ in range(3)] == [429, 429, 200]
    (listed,) = mock.rules()
    assert (listed["id"], listed["fired"]) == (rule["id"], 2)


def test_every_429_has_retry_after(mock: AdminClient) -> None:
    mock.fail("too-many-requests", operation="getCarts")
    assert get(mock).headers["Retry-After"] == "1"


def test_rules_are_disarmed_one_by_one_or_all(mock: AdminClient) -> None:
    first, *_ = [mock.arm_rule({"then": {"error": "service-unavailable"}}) for _ in range(3)]
    mock.disarm_rules(first["id"])
    assert first["id"] not in {rule["id"] for rule in mock.rules()}
    mock.disarm_rules()
    assert mock.rules() == []


def test_the_rate_is_limited_until_the_limit_is_removed(mock: AdminClient) -> None:
    mock.freeze(FOREVER)
    mock.set_rate_limit(1)
    assert [get(mock).status_code for _ in range(2)] == [200, 429]
    mock.set_rate_limit(None)
    assert get(mock).status_code == 200


def test_the_journal_is_queried_paged_and_cleared(mock: AdminClient) -> None:
    get(mock)
    missing = get(mock, "/v2/nope").headers["Mock-Request-Id"]
    assert mock.requests(limit=1)["total"] == 2
    assert [entry["id"] for entry in mock.requests(unmatched=True)["requests"]] == [missing]
    assert [entry["operation"] for entry in mock.requests(unmatched=False)["requests"]] == [
        "getCarts"
    ]
    assert mock.requests(operation="getCarts", status=200, error=None)["total"] == 1
    assert mock.request(missing)["error"] == "no-such-path"
    mock.clear_requests()
    assert mock.requests()["requests"] == []


def test_verify_returns_on_success_and_raises_the_difference_otherwise(mock: AdminClient) -> None:
    get(mock)
    mock.verify(operation="getCarts", count=1)
    mock.verify(sequence=[{"operation": "getCarts", "status": 200}])
    with pytest.raises(MockServerError, match="expected count 2, got 1") as raised:
        mock.verify(operation="getCarts", count=2)
    assert raised.value.status == 406


def test_coverage_is_that_of_the_named_sandbox(mock: AdminClient, server: RunningServer) -> None:
    get(mock)
    assert mock.coverage()["outcomes"]["seen"] == 1
    assert server.client().coverage()["outcomes"]["seen"] >= 1


def test_coverage_of_an_unknown_sandbox_is_an_error(server: RunningServer) -> None:
    with pytest.raises(MockServerError, match='no sandbox "never-was"'):
        server.client().sandbox("never-was").coverage()


def test_an_error_has_status_and_detail(mock: AdminClient) -> None:
    with pytest.raises(MockServerError, match="There is no rule rule-9") as raised:
        mock.disarm_rules("rule-9")
    assert (raised.value.status, raised.value.detail) == (404, str(raised.value))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "localhost:8080", "http://a b"])
def test_an_unreachable_server_has_status_0(url: str) -> None:
    with pytest.raises(MockServerError, match="does not respond") as raised:
        AdminClient(url).reset()
    assert raised.value.status == 0


def test_a_response_of_another_api_is_an_error_with_its_status(server: RunningServer) -> None:
    with pytest.raises(MockServerError) as raised:
        AdminClient(f"{server.url}/v2/carts").reset()
    assert raised.value.status == 404


@pytest.mark.parametrize("length", [b"", b"Content-Length: 3\r\n"], ids=["whole", "cut off"])
def test_a_proxys_error_page_is_an_error_with_its_status(length: bytes) -> None:
    response = b"HTTP/1.1 502 Bad Gateway\r\n" + length + b"\r\n?"
    raises = pytest.raises(MockServerError, match="HTTP 502 Bad Gateway")
    with proxy(response) as url, raises:
        AdminClient(url).reset()


def test_an_error_closes_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    close = HTTPError.close
    monkeypatch.setattr(HTTPError, "close", lambda error: (closed.append(error.code), close(error)))
    with proxy(b"HTTP/1.1 404 Not Found\r\n\r\n") as url, pytest.raises(MockServerError):
        AdminClient(url).reset()
    assert closed == [404]


def test_the_admin_token_gives_access_to_the_admin_api(
    start_server: Callable[..., RunningServer],
) -> None:
    guarded = start_server("--admin-token", "open-sesame")
    with pytest.raises(MockServerError, match="Authorization: Bearer") as raised:
        guarded.client().clock()
    assert raised.value.status == 401
    assert guarded.client("open-sesame").clock()["frozen"] is False


def test_a_certificate_must_be_trusted(start_server: Callable[..., RunningServer]) -> None:
    secure = start_server("--tls", "--freeze-time", FOREVER)
    assert secure.client().clock() == {"now": "2026-01-01T00:00:00.000Z", "frozen": True}
    with pytest.raises(MockServerError, match="CERTIFICATE_VERIFY_FAILED") as raised:
        AdminClient(secure.url).clock()
    assert raised.value.status == 0


def test_a_started_server_gets_only_the_variables_meant_for_it(
    monkeypatch: pytest.MonkeyPatch, start_server: Callable[..., RunningServer]
) -> None:
    monkeypatch.setitem(os.environ, "MOCKSERVER_SEED", "not a number")
    started = start_server(env={"MOCKSERVER_FREEZE_TIME": FOREVER})
    assert started.client().clock()["frozen"] is True


def test_a_server_that_does_not_start_raises_its_message(
    start_server: Callable[..., RunningServer],
) -> None:
    with pytest.raises(RuntimeError, match=r"did not start: mockserver: .*--seed"):
        start_server("--seed", "x")


def test_a_server_stops_when_asked(start_server: Callable[..., RunningServer]) -> None:
    assert start_server().stop() == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_never_reached_through_a_proxy(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    url = server.url.replace("localhost", host).replace("127.0.0.1", host)
    assert AdminClient(url).health()["status"] == "ok"


def test_another_host_is_reached_through_the_proxy_which_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(MockServerError, match=r"through the proxy http://127\.0\.0\.1:1: "):
        AdminClient("http://staging.example", timeout_s=5).health()


def test_no_proxy_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "staging.invalid")
    with pytest.raises(MockServerError) as raised:
        AdminClient("http://staging.invalid", timeout_s=5).health()
    assert "proxy" not in raised.value.detail
