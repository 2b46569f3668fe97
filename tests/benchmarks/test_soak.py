"""The soak as a whole: against servers that lie, and a short run against a real one."""

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
from benchmarks.soak.beside import BESIDE, FAULTS, break_connection, fixture
from benchmarks.soak.client import Client
from benchmarks.soak.control import ACTIONS
from benchmarks.soak.ledger import Breach, Ledger
from benchmarks.soak.misbehaviour import KINDS, Rude
from benchmarks.soak.model import Cart
from benchmarks.soak.rooms import Room
from benchmarks.soak.wire import Connection, NoAnswer
from mockserver.fixtures.load import load_fixtures
from tests.documents import ROOT

Result = TypeVar("Result")

WELL_BEHAVED = {
    *("create", "read", "change", "list", "associate", "dissociate", "delete", "look for gone"),
    *("add item", "empty", "read items", "mistake", "wish", "magic id", "sign in", "stranger"),
}


def in_a_loop(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in a thread: tests with a browser leave a loop running in their own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@asynccontextmanager
async def liar(*answers: bytes) -> AsyncIterator[tuple[str, int]]:
    """A server that gives these answers, one a connection or a request, whatever is asked."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(65536) and left:
                writer.write(left.pop(0))
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()


def response(status: int, body: Any = None, *headers: str) -> bytes:
    raw = b"" if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(raw)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def room() -> Room:
    """A sandbox in which one cart was acknowledged."""
    made = Room("room-1")
    made.model.keep(Cart("c", "~room-1.1"))
    return made


def shown(name: str) -> dict[str, Any]:
    relationships: dict[str, Any] = {"accounts": {}, "items": {"data": None}}
    return {"id": "c", "name": name, "description": "", "relationships": relationships}


def breach(act: Callable[[Client], Awaitable[object]], *answers: bytes) -> str:
    """Return the breach that an action finds with a server that gives these answers."""

    async def run() -> None:
        async with liar(*answers) as address:
            client = Client(address, Ledger(), Random(0))
            try:
                await act(client)
            finally:
                client.connection.drop()

    with pytest.raises(Breach) as found:
        in_a_loop(run())
    return str(found.value)


def test_a_lost_write_is_a_breach() -> None:
    told = breach(lambda client: load.list_all(client, room()), response(200, {"data": []}))
    assert "a write is lost: cart c" in told


def test_a_stale_read_is_a_breach() -> None:
    stale = response(200, {"data": shown("~room-1.0")})
    told = breach(lambda client: load.read(client, room()), stale)
    assert told == "cart c: its name is '~room-1.0'; acknowledged was '~room-1.1'"


def test_cross_talk_is_a_breach() -> None:
    foreign = response(200, {"data": shown("~room-2.1")})
    told = breach(lambda client: load.read(client, room()), foreign)
    assert "cross-talk" in told


def test_an_unexpected_5xx_is_a_breach() -> None:
    told = breach(lambda client: load.read(client, room()), response(500, {"errors": []}))
    assert told.startswith("GET ")
    assert "an unexpected 5xx: 500" in told


def test_no_answer_is_a_breach() -> None:
    assert "no answer" in breach(lambda client: load.read(client, room()))


def test_a_deleted_cart_that_still_answers_is_a_breach() -> None:
    told = breach(
        lambda client: load.delete(client, room()), response(204), response(200, {"data": {}})
    )
    assert "200 instead of [404]" in told


def test_a_garbled_request_that_is_carried_out_is_a_breach() -> None:
    async def act(client: Client) -> None:
        address = client.connection._address
        await Rude(address, client.ledger, Random(0), "rude-0").act("deep JSON")

    assert "deep JSON: an unexpected status: 201" in breach(act, response(201, {"data": {}}))


def test_an_error_that_a_rule_wants_changes_nothing() -> None:
    async def run() -> tuple[Room, Ledger]:
        busy = room()
        busy.model.refusals = frozenset([503])
        refused = response(503, {"errors": []}, "mock-notes: rule-1 fired")
        async with liar(refused) as address:
            client = Client(address, Ledger(), Random(0))
            await load.rename(client, busy)
            client.connection.drop()
        return busy, client.ledger

    busy, ledger = in_a_loop(run())
    assert busy.model.carts == {"c": Cart("c", "~room-1.1")}
    assert ledger.on_demand == {"rule 503": 1}


def test_an_answer_in_chunks_is_read() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    raw = head + b"3\r\n{} \r\n2;x=y\r\n\n\n\r\n0\r\n\r\n"

    async def run() -> bytes:
        async with liar(raw) as address:
            connection = Connection(address)
            answer = await connection.ask(b"x")
            connection.drop()
            return answer.body

    assert in_a_loop(run()) == b"{} \n\n"


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\n", b"nonsense\r\n\r\n"])
def test_what_is_no_answer_is_told_as_none(raw: bytes) -> None:
    async def run() -> None:
        async with liar(raw) as address:
            connection = Connection(address)
            asyncio.get_running_loop().call_later(0.1, connection.drop)
            await connection.ask(b"x")

    with pytest.raises(NoAnswer):
        in_a_loop(run())


def test_who_acts_on_a_sandbox_waits_until_it_is_empty_and_keeps_others_out() -> None:
    seen: list[str] = []

    async def run() -> None:
        busy = room()

        async def act() -> None:
            async with busy.alone():
                seen.append("alone")

        with busy.visit():
            acting = asyncio.create_task(act())
            await asyncio.sleep(0)
            assert busy.closed
            seen.append("visit")
        await acting
        assert not busy.closed

    in_a_loop(run())
    assert seen == ["visit", "alone"]


def test_a_list_doubts_what_was_in_hand_at_any_time() -> None:
    busy = room()
    with busy.taking("before"), busy.doubting() as doubt, busy.taking("meanwhile"):
        pass
    with busy.taking("after"):
        assert doubt == {"before", "meanwhile"}


def test_the_fixture_that_is_mended_can_be_used(tmp_path: Path, contract: Any) -> None:
    file = tmp_path / "fixture.yaml"
    file.write_text(fixture({"one": "One", "two": "Two"}), "utf-8")
    assert sorted(load_fixtures((str(file),), contract).carts) == ["one", "two"]


def test_broken_connections_leave_nothing_that_adds_up() -> None:
    paths = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readline():
                method, path, _ = head.decode().split(" ")
                head = await reader.readuntil(b"\r\n\r\n")
                if method == "POST":
                    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                    await reader.readexactly(int(length))
                    writer.write(response(201))
                    continue
                paths.add(path)
                if armed.pop():
                    break  # the fault
                writer.write(response(200))
        finally:
            writer.close()

    armed: list[bool] = []

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            for number in range(3 * len(FAULTS)):
                armed[:] = [False, True]
                await break_connection(server.sockets[0].getsockname(), Ledger(), number)

    in_a_loop(run())
    assert len(paths) == len(FAULTS)


def test_a_short_run_meets_everything_and_finds_nothing(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    table = tmp_path / "table.md"
    run = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.soak", "--minutes", "0.05"),
            *("--connections", "8", "--sandboxes", "12"),
            *("--json", str(told), "--markdown", str(table)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout + run.stderr
    assert run.stdout.endswith("\nok\n")
    outcome = json.loads(told.read_text("utf-8"))
    assert outcome["breach"] is None
    assert set(outcome["misbehaviour"]) == set(KINDS)
    assert set(outcome["control"]) == {*ACTIONS, *BESIDE}
    assert set(outcome["requests"]) == WELL_BEHAVED
    assert set(FAULTS) < set(outcome["asked_for"])
    assert "| breaches | none |" in table.read_text("utf-8")
