"""With --state-file a server comes back as it was, however it has ended."""

import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from mockserver.persistence.state_file import HINT
from mockserver.testing.server_process import PROGRAM, RunningServer
from tests.conftest import running_server
from tests.support.built_in_data import ADMIN, LAMP
from tests.support.processes import (
    Hammer,
    cart_ids,
    is_running,
    killed,
    make_cart,
    worker_of,
)
from tests.support.wait import until

Start = Callable[..., RunningServer]
HAMMERS = 6
LARGE = 900_000


@pytest.fixture
def kept(tmp_path: Path) -> tuple[str, ...]:
    """The options of a server that keeps its state in a file, a few times a second."""
    return ("--state-file", str(tmp_path / "state"), "--state-every", "0.1")


def written(path: Path, text: str) -> Callable[[], bool]:
    return lambda: text in path.read_text("utf-8")


def refused(*options: str) -> str:
    """Return what a server says that does not start, in its one line."""
    run = subprocess.run(
        [*PROGRAM, "--port", "0", *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1
    assert run.stdout == ""
    [line] = run.stderr.splitlines()
    return line


def test_after_kill_9_the_last_complete_state_is_there(
    start_server: Start, kept: tuple[str, ...], tmp_path: Path
) -> None:
    first = start_server(*kept)
    cart = make_cart(first.url)
    line = {"data": {"type": "cart_item", "id": LAMP, "quantity": 2}}
    httpx.post(f"{first.url}/v2/carts/{cart}/items", headers=ADMIN, json=line).raise_for_status()
    token = httpx.post(
        f"{first.url}/oauth/access_token",
        data={"grant_type": "implicit", "client_id": "storefront"},
    ).json()["access_token"]
    first.client().create_sandbox("forked", fork_of="default")
    shown = httpx.get(f"{first.url}/v2/carts/{cart}?include=items", headers=ADMIN).json()
    [item] = shown["included"]["items"]
    until(written(tmp_path / "state", '"name":"forked"'))
    killed(first)

    second = start_server(*kept)
    bearer = {"Authorization": f"Bearer {token}"}
    for prefix in ("", "/sandboxes/forked"):
        url = f"{second.url}{prefix}/v2/carts/{cart}?include=items"
        [again] = httpx.get(url, headers=bearer).json()["included"]["items"]
        assert again["meta"] == item["meta"]
        assert (again["id"], again["quantity"]) == (item["id"], 2)


def test_sigterm_under_load_loses_no_answer_and_no_write(
    start_server: Start, kept: tuple[str, ...]
) -> None:
    first = start_server(*kept[:2], "--state-every", "3600")  # what is there was written at the end
    hammers = [Hammer(first.url) for _ in range(HAMMERS)]
    for hammer in hammers:
        hammer.start()
    until(lambda: all(len(hammer.made) >= 10 for hammer in hammers))
    assert first.stop() == 0
    for hammer in hammers:
        hammer.join(timeout=30)
        assert not hammer.is_alive()
        assert hammer.torn == b""
    with pytest.raises(httpx.ConnectError):
        httpx.get(first.url)

    made = {json.loads(each)["data"]["id"] for hammer in hammers for each in hammer.made}
    second = start_server(*kept)
    lost = [
        each
        for each in made
        if httpx.get(f"{second.url}/v2/carts/{each}", headers=ADMIN).json()["data"]["name"]
        != "hammered"
    ]
    assert lost == []


def test_a_request_that_never_ends_holds_up_neither_the_end_nor_the_last_write(
    start_server: Start, kept: tuple[str, ...]
) -> None:
    first = start_server(*kept[:2], "--state-every", "3600")
    cart = make_cart(first.url)
    with socket.create_connection(address(first.url), timeout=30) as connection:
        connection.sendall(b"POST /v2/carts HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{")
        make_cart(first.url)  # the other one has come, too
        assert first.stop() == 0
    assert cart in cart_ids(start_server(*kept).url)


def test_a_page_that_looks_at_the_journal_does_not_hold_up_the_end(start_server: Start) -> None:
    server = start_server()
    with httpx.stream("GET", f"{server.url}/__admin/requests/stream", timeout=60) as stream:
        lines = stream.iter_lines()
        next(lines)
        server.process.terminate()
        for _ in lines:  # it comes to its end; cut off, it would raise an error
            continue
    assert server.process.wait(timeout=30) == 0


def test_a_worker_whose_server_was_killed_writes_its_state_and_ends(
    start_server: Start, kept: tuple[str, ...]
) -> None:
    first = start_server(*kept[:2], "--state-every", "3600")
    worker = worker_of(first)
    cart = make_cart(first.url)
    first.process.kill()
    until(lambda: not is_running(worker))
    assert cart in cart_ids(start_server(*kept).url)


def test_two_servers_do_not_share_a_file(start_server: Start, kept: tuple[str, ...]) -> None:
    first = start_server(*kept)
    line = refused(*kept)
    assert line.endswith("state; name another --state-file")
    assert "another server" in line
    first.stop()
    start_server(*kept)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("no/such/folder/state", "no such file or directory"),
        ("file/state", "not a directory"),
        ("folder", "not a regular file"),
        ("x" * 300, "file name too long"),
    ],
)
def test_a_place_that_can_not_hold_it_is_refused_at_the_start(
    tmp_path: Path, place: str, reason: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    line = refused("--state-file", str(tmp_path / place))
    assert reason in line
    assert "--state-file" in line


def test_a_device_is_no_file() -> None:
    assert "/dev/full can't be used: not a regular file" in refused("--state-file", "/dev/full")


def test_a_disk_that_is_full_at_the_start_is_reported(tmp_path: Path) -> None:
    run = subprocess.run(
        [*PROGRAM, "--port", "0", "--state-file", str(tmp_path / "state")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)),
    )
    assert run.returncode == 1
    assert "file too large" in run.stderr
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "state.tmp").exists()


def test_a_file_that_is_refused_stays_as_it_is(tmp_path: Path) -> None:
    foreign = tmp_path / "state"
    foreign.write_text("my notes\n")
    line = refused("--state-file", str(foreign))
    assert f"is no state file of this server; {HINT}" in line
    assert foreign.read_text() == "my notes\n"


def test_a_file_that_is_discarded_is_kept_beside(start_server: Start, tmp_path: Path) -> None:
    foreign = tmp_path / "state"
    foreign.write_text("my notes\n")
    server = start_server("--state-file", str(foreign), "--state-mismatch", "discard")
    assert (tmp_path / "state.rejected").read_text() == "my notes\n"
    assert "mockserver-state" in foreign.read_text()
    [line] = log_lines(server, "state.rejected")
    assert "is no state file of this server; it is kept as" in line


def test_a_removed_lock_file_lets_no_second_server_in(
    start_server: Start, kept: tuple[str, ...], tmp_path: Path
) -> None:
    first = start_server(*kept)
    cart = make_cart(first.url)
    until(written(tmp_path / "state", cart))  # the worker has replaced the file, too
    (tmp_path / "state.lock").unlink()
    assert "another server" in refused(*kept)


def test_a_server_with_a_refused_seed_says_which_one_it_was(
    start_server: Start, kept: tuple[str, ...]
) -> None:
    start_server(*kept, "--seed", "7").stop()
    assert "was written with --seed 7, not 0" in refused(*kept)


def test_state_file_and_reload_do_not_go_together(kept: tuple[str, ...]) -> None:
    assert "--state-file excludes --reload" in refused(*kept, "--reload")


def test_when_the_disk_is_full_the_server_serves_on_and_reports_it_once(
    start_server: Start, kept: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "state"
    server = start_server(*kept)
    before = file.read_bytes()
    worker = worker_of(server)
    _, most = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (100, most))
    make_cart(server.url)
    until(lambda: log_lines(server, "can't save"))
    attempts = watched(tmp_path)
    for _ in range(3):
        make_cart(server.url)
        attempts()
    assert file.read_bytes() == before
    [line] = log_lines(server, "can't save")
    assert "file too large; the last complete one stays, next try in 0.1 s" in line
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (most, most))
    cart = make_cart(server.url)
    until(written(file, cart))
    until(lambda: log_lines(server, "saved again"))


def test_when_the_folder_vanishes_the_server_serves_on_and_finds_it_again(
    start_server: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    server = start_server("--state-file", str(folder / "state"), "--state-every", "0.1")
    shutil.rmtree(folder)
    cart = make_cart(server.url)
    until(lambda: log_lines(server, "can't save"))
    assert cart in cart_ids(server.url)
    folder.mkdir()
    until(lambda: (folder / "state").exists())
    assert cart in (folder / "state").read_text("utf-8")
    assert server.stop() == 0


def test_a_last_write_that_fails_does_not_hold_up_the_end(
    start_server: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    server = start_server("--state-file", str(folder / "state"), "--state-every", "3600")
    shutil.rmtree(folder)
    assert server.stop() == 0
    until(lambda: log_lines(server, "can't save"))


def test_the_environment_names_the_file_too(start_server: Start, tmp_path: Path) -> None:
    file = tmp_path / "state"
    start_server(env={"MOCKSERVER_STATE_FILE": str(file), "MOCKSERVER_STATE_EVERY": "5"})
    assert file.stat().st_mode & 0o777 == 0o600


def log_lines(server: RunningServer, text: str) -> list[str]:
    """Return the lines of a server's log that hold a text."""
    return [line for line in server.errors if text in line]


def watched(folder: Path) -> Callable[[], None]:
    """Return what waits until somebody has tried again to write a file in a folder."""

    def wait() -> None:
        before = folder.stat().st_mtime_ns
        until(lambda: folder.stat().st_mtime_ns != before)

    return wait


def test_killing_the_worker_alone_ends_the_server(start_server: Start) -> None:
    with running_server() as server:
        os.kill(worker_of(server), signal.SIGKILL)
        assert server.process.wait(timeout=30) == 1


@pytest.mark.parametrize("options", [(), ("--faults",)], ids=["plain", "faults"])
def test_a_slow_reader_gets_a_large_answer_to_its_end(
    start_server: Start, options: tuple[str, ...]
) -> None:
    server = start_server(*options)
    attribute = {"type": "string", "value": "x" * LARGE}
    large = {"data": {"name": "large", "custom_attributes": {"note": attribute}}}
    for _ in range(8):
        httpx.post(f"{server.url}/v2/carts", headers=ADMIN, json=large).raise_for_status()
    with socket.socket() as connection:
        connection.settimeout(30)
        connection.connect(address(server.url))
        connection.sendall(
            b"GET /v2/carts HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer admin\r\n\r\n"
        )
        got = connection.recv(1)  # it has begun
        server.process.terminate()
        while data := connection.recv(65536):
            got += data
    head, _, body = got.partition(b"\r\n\r\n")
    size = re.search(rb"(?i)content-length: (\d+)", head)
    assert size is not None
    assert len(body) == int(size[1]) > 8 * LARGE
    assert server.process.wait(timeout=30) == 0


def address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)
