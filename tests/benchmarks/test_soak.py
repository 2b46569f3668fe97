"""The soak test: its actions against fake servers, and a short run against real ones."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from benchmarks.soak import load
from benchmarks.soak.admin_calls import ACTIONS
from benchmarks.soak.bad_clients import BEHAVIOURS, BadClient
from benchmarks.soak.client import Client
from benchmarks.soak.http_wire import Connection, NoResponse
from benchmarks.soak.model import Cart
from benchmarks.soak.sandbox_pool import Sandbox
from benchmarks.soak.secondary_servers import (
    FAULTS,
    SECONDARY_EVENTS,
    break_connection,
    fixture_text,
)
from benchmarks.soak.stats import Breach, Stats
from mockserver.fixtures.load import load_fixtures
from tests.support.markdown import ROOT

Result = TypeVar("Result")

WELL_BEHAVED = {
    *("create", "read", "change", "list", "associate", "dissociate", "delete", "write to deleted"),
    *("add item", "remove items", "read items", "invalid request", "preference", "magic id"),
    *("sign in", "unknown token"),
}


def in_a_loop(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in a thread: tests with a browser leave a loop running in their own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@asynccontextmanager
async def fake_server(*responses: bytes) -> AsyncIterator[tuple[str, int]]:
    """A server that sends these responses, one per connection or request, whatever the request."""
    remaining = list(responses)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(65536) and remaining:
                writer.write(remaining.pop(0))
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()


def raw_response(status: int, body: Any = None, *headers: str) -> bytes:
    raw = b"" if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(raw)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def one_cart_sandbox() -> Sandbox:
    """A sandbox in which one cart was acknowledged."""
    sandbox = Sandbox("sandbox-1")
    sandbox.model.save(Cart("c", "~sandbox-1.1"))
    return sandbox


def payload(name: str) -> dict[str, Any]:
    relationships: dict[str, Any] = {"accounts": {}, "items": {"data": None}}
    return {"id": "c", "name": name, "description": "", "relationships": relationships}


def breach(act: Callable[[Client], Awaitable[object]], *responses: bytes) -> str:
    """Return the breach that an action reports for a server that sends these responses."""

    async def run() -> None:
        async with fake_server(*responses) as address:
            client = Client(address, Stats(), Random(0))
            try:
                await act(client)
            finally:
                client.connection.drop()

    with pytest.raises(Breach) as raised:
        in_a_loop(run())
    return str(raised.value)


def test_a_lost_write_is_a_breach() -> None:
    problem = breach(
        lambda client: load.list_all(client, one_cart_sandbox()), raw_response(200, {"data": []})
    )
    assert "a write is lost: cart c" in problem


def test_a_stale_read_is_a_breach() -> None:
    stale = raw_response(200, {"data": payload("~sandbox-1.0")})
    problem = breach(lambda client: load.read(client, one_cart_sandbox()), stale)
    assert problem == "cart c: its name is '~sandbox-1.0'; acknowledged was '~sandbox-1.1'"


def test_cross_talk_is_a_breach() -> None:
    foreign = raw_response(200, {"data": payload("~sandbox-2.1")})
    problem = breach(lambda client: load.read(client, one_cart_sandbox()), foreign)
    assert "cross-talk" in problem


def test_an_unexpected_5xx_is_a_breach() -> None:
    problem = breach(
        lambda client: load.read(client, one_cart_sandbox()), raw_response(500, {"errors": []})
    )
    assert problem.startswith("GET ")
    assert "an unexpected 5xx: 500" in problem


def test_no_response_is_a_breach() -> None:
    assert "no response" in breach(lambda client: load.read(client, one_cart_sandbox()))


def test_a_deleted_cart_that_is_still_there_is_a_breach() -> None:
    problem = breach(
        lambda client: load.delete(client, one_cart_sandbox()),
        raw_response(204),
        raw_response(200, {"data": {}}),
    )
    assert "200 instead of [404]" in problem


def test_a_malformed_request_that_is_carried_out_is_a_breach() -> None:
    async def act(client: Client) -> None:
        address = client.connection._address
        await BadClient(address, client.stats, Random(0), "bad-0").act("deep JSON")

    assert "deep JSON: an unexpected status: 201" in breach(act, raw_response(201, {"data": {}}))


def test_an_error_of_a_rule_changes_nothing() -> None:
    async def run() -> tuple[Sandbox, Stats]:
        busy_sandbox = one_cart_sandbox()
        busy_sandbox.model.rule_statuses = frozenset([503])
        refused = raw_response(503, {"errors": []}, "mock-notes: rule-1 fired")
        async with fake_server(refused) as address:
            client = Client(address, Stats(), Random(0))
            await load.rename(client, busy_sandbox)
            client.connection.drop()
        return busy_sandbox, client.stats

    busy_sandbox, stats = in_a_loop(run())
    assert busy_sandbox.model.carts == {"c": Cart("c", "~sandbox-1.1")}
    assert stats.requested_errors == {"rule 503": 1}


def test_a_chunked_response_is_read() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    raw = head + b"3\r\n{} \r\n2;x=y\r\n\n\n\r\n0\r\n\r\n"

    async def run() -> bytes:
        async with fake_server(raw) as address:
            connection = Connection(address)
            response = await connection.send(b"x")
            connection.drop()
            return response.body

    assert in_a_loop(run()) == b"{} \n\n"


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\n", b"nonsense\r\n\r\n"])
def test_an_incomplete_response_raises_no_response(raw: bytes) -> None:
    async def run() -> None:
        async with fake_server(raw) as address:
            connection = Connection(address)
            asyncio.get_running_loop().call_later(0.1, connection.drop)
            await connection.send(b"x")

    with pytest.raises(NoResponse):
        in_a_loop(run())


def test_exclusive_use_waits_until_a_sandbox_is_empty_and_keeps_others_out() -> None:
    events: list[str] = []

    async def run() -> None:
        busy_sandbox = one_cart_sandbox()

        async def act() -> None:
            async with busy_sandbox.exclusive():
                events.append("exclusive")

        with busy_sandbox.shared():
            acting = asyncio.create_task(act())
            await asyncio.sleep(0)
            assert busy_sandbox.closed
            events.append("shared")
        await acting
        assert not busy_sandbox.closed

    in_a_loop(run())
    assert events == ["shared", "exclusive"]


def test_a_list_collects_what_was_held_at_any_time() -> None:
    busy_sandbox = one_cart_sandbox()
    with (
        busy_sandbox.holding("before"),
        busy_sandbox.collecting_held() as uncertain,
        busy_sandbox.holding("meanwhile"),
    ):
        pass
    with busy_sandbox.holding("after"):
        assert uncertain == {"before", "meanwhile"}


def test_the_repaired_fixture_is_valid(tmp_path: Path, contract: Any) -> None:
    file = tmp_path / "fixture.yaml"
    file.write_text(fixture_text({"one": "One", "two": "Two"}), "utf-8")
    assert sorted(load_fixtures((str(file),), contract).carts) == ["one", "two"]


def test_broken_connections_leave_nothing_that_accumulates() -> None:
    paths = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readline():
                method, path, _ = head.decode().split(" ")
                head = await reader.readuntil(b"\r\n\r\n")
                if method == "POST":
                    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                    await reader.readexactly(int(length))
                    writer.write(raw_response(201))
                    continue
                paths.add(path)
                if armed.pop():
                    break  # the fault
                writer.write(raw_response(200))
        finally:
            writer.close()

    armed: list[bool] = []

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            for number in range(3 * len(FAULTS)):
                armed[:] = [False, True]
                await break_connection(server.sockets[0].getsockname(), Stats(), number)

    in_a_loop(run())
    assert len(paths) == len(FAULTS)


def test_a_short_run_covers_everything_without_a_breach(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    table = tmp_path / "table.md"
    run = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.soak", "--minutes", "0.05"),
            *("--connections", "8", "--sandboxes", "12"),
            *("--json", str(results), "--markdown", str(table)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout + run.stderr
    assert run.stdout.endswith("\nok\n")
    outcome = json.loads(results.read_text("utf-8"))
    assert outcome["breach"] is None
    assert set(outcome["bad_clients"]) == set(BEHAVIOURS)
    assert set(outcome["admin_actions"]) == {*ACTIONS, *SECONDARY_EVENTS}
    assert set(outcome["requests"]) == WELL_BEHAVED
    assert set(FAULTS) < set(outcome["requested_errors"])
    assert "| breaches | none |" in table.read_text("utf-8")
