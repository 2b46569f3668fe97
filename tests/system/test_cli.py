"""The command line: options and environment variables, TLS (contract.md §8), output, shutdown."""

import http.client
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import httpx
import pytest
import trustme

from mockserver import __version__
from mockserver.cli.main import cli, main
from mockserver.core.ids import Ids
from tests.conftest import RunningServer
from tests.support.built_in_data import ACCOUNT_TOKEN, ADMIN, SHOPPER
from tests.support.openapi_doc import error_entries, operations
from tests.support.sample_requests import SIGN_IN, TOKENS
from tests.support.wait import until

Start = Callable[..., RunningServer]
Run = Callable[..., tuple[int, str, str]]
RESET = "/__admin/reset"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process; returns its status and what it printed on out and err."""

    def command(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["mockserver", *arguments])
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, printed.out, printed.err

    return command


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of another program's server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def own_tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate and its key, another pair, and the authority."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    for name in ("mine", "other"):
        leaf = authority.issue_cert("localhost")
        leaf.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        leaf.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    return folder


def get(server: RunningServer, path: str, headers: dict[str, str] = ADMIN) -> httpx.Response:
    return httpx.get(server.url + path, headers=headers)


def one_line(err: str) -> str:
    """Return the only line of an error message."""
    (line,) = err.splitlines()
    assert line.startswith("mockserver: ")
    return line.removeprefix("mockserver: ")


# --- invalid options

BAD_VALUES = {
    # option, value -> message
    ("port", "70000"): "Invalid value for '--port': 70000 is not in the range 0<=x<=65535.",
    ("port", "http"): "Invalid value for '--port': 'http' is not a valid integer range.",
    ("seed", "x"): "Invalid value for '--seed': 'x' is not a valid integer.",
    ("freeze-time", "noon"): "Invalid value for '--freeze-time': 'noon' is no date-time; "
    "write for example 2026-01-01T00:00:00Z",
    ("freeze-time", "1960-01-01T00:00:00Z"): "Invalid value for '--freeze-time': "
    "'1960-01-01T00:00:00Z' is too far away; write a year from 1971 to 8999",
    ("journal-size", "-1"): "Invalid value for '--journal-size': -1 is not in the range "
    "0<=x<=100000.",
    ("log-format", "xml"): "Invalid value for '--log-format': 'xml' is not one of 'text', 'json'.",
    ("tls-cert", "no-such.pem"): "Invalid value for '--tls-cert': File 'no-such.pem' "
    "does not exist.",
    ("tls-key", "no-such.pem"): "Invalid value for '--tls-key': File 'no-such.pem' does not exist.",
    ("host", "nowhere.invalid"): "--host nowhere.invalid is no address of this machine; "
    "write 127.0.0.1 or 0.0.0.0",
    ("host", "192.0.2.1"): "can't listen on 192.0.2.1:8080: cannot assign requested address; "
    "write another --port, or 0 for any free one",
}


@pytest.mark.parametrize("from_env", [False, True], ids=["option", "environment"])
@pytest.mark.parametrize(("option", "value"), BAD_VALUES)
def test_invalid_value_is_reported_in_one_line(
    run: Run, option: str, value: str, from_env: bool
) -> None:
    name = f"MOCKSERVER_{option.upper().replace('-', '_')}"
    status, out, err = run(env={name: value}) if from_env else run(f"--{option}", value)
    assert status != 0
    assert out == ""
    assert one_line(err) == BAD_VALUES[option, value]


@pytest.mark.parametrize("flag", ["RELOAD", "TLS", "OPEN_ADMIN", "DISABLE_ADMIN"])
def test_flag_of_the_environment_is_yes_or_no(run: Run, flag: str) -> None:
    status, _, err = run(env={f"MOCKSERVER_{flag}": "perhaps"})
    assert status == 2
    assert "'perhaps' is not a valid boolean" in one_line(err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--no-such"], "No such option '--no-such'."),
        (["no-such"], "No such command 'no-such'."),
        (["--port"], "Option '--port' requires an argument."),
        (["routes", "more"], "Got unexpected extra argument (more)"),
        (["validate", "--no-such"], "No such option '--no-such'."),
        (
            ["errors", "--format", "xml"],
            "Invalid value for '--format': 'xml' is not one of 'text', 'json', 'markdown'.",
        ),
    ],
    ids=" ".join,
)
def test_unknown_arguments_are_reported_in_one_line(
    run: Run, arguments: list[str], message: str
) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert one_line(err) == message


@pytest.mark.parametrize("reload", [[], ["--reload"]], ids=["granian", "reload"])
def test_busy_port_is_reported_in_one_line(run: Run, listening: int, reload: list[str]) -> None:
    status, out, err = run("--port", str(listening), *reload)
    assert (status, out) == (1, "")
    assert one_line(err) == (
        f"can't listen on 127.0.0.1:{listening}: address already in use; "
        "write another --port, or 0 for any free one"
    )


@pytest.mark.parametrize("option", ["--tls-cert", "--tls-key"])
def test_certificate_and_key_require_each_other(run: Run, own_tls: Path, option: str) -> None:
    status, _, err = run(option, str(own_tls / "mine.pem"))
    assert status == 1
    assert one_line(err) == "--tls-cert and --tls-key must be used together"


@pytest.mark.parametrize(
    ("cert", "key"),
    [("mine.pem", "other.key"), ("mine.key", "mine.pem"), ("mine.pem", "mine.pem")],
    ids=["another's key", "swapped", "no key"],
)
def test_unusable_certificate_is_reported_in_one_line(
    run: Run, own_tls: Path, cert: str, key: str
) -> None:
    status, _, err = run("--tls-cert", str(own_tls / cert), "--tls-key", str(own_tls / key))
    assert status == 1
    message = one_line(err)
    assert "can't be used: " in message
    assert message.endswith("write the PEM files of a certificate and of its key")


def test_command_of_the_shell_ends_without_a_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "--port", "x"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr)


# --- the other commands


def test_version_is_printed(run: Run) -> None:
    status, out, err = run("--version")
    assert (status, err) == (0, "")
    assert out.strip().endswith(__version__)


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all commands below it, with their full names."""
    yield name, command
    if isinstance(command, click.Group):
        for child_name, child in command.commands.items():
            yield from commands(child, f"{name} {child_name}")


def test_every_option_of_every_command_has_a_help_text() -> None:
    options = [
        (name, option.name, option.help)
        for name, command in commands(cli, "mockserver")
        for option in command.params
        if isinstance(option, click.Option)
    ]
    assert len(options) > 100
    assert [option for option in options if not (option[2] or "").endswith(".")] == []


@pytest.mark.parametrize("command", [[], ["validate"], ["errors"], ["routes"], ["health"]])
def test_help_names_the_options(run: Run, command: list[str]) -> None:
    status, out, _ = run(*command, "--help")
    assert status == 0
    assert "--help" in out
    assert out.startswith("Usage: ")


def test_validate_prints_counts(run: Run) -> None:
    status, out, err = run("validate")
    assert (status, err) == (0, "")
    assert re.fullmatch(
        r"ok: 2 applications, 3 accounts, 3 members, 11 carts, \d+ magic ids\n", out
    )


def test_validate_accepts_several_paths(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("carts: [{ id: mine, name: Mine }]", "utf-8")
    _, out, _ = run("validate", "default", str(tmp_path))
    assert "12 carts" in out


def test_errors_are_listed_as_json(run: Run) -> None:
    status, out, _ = run("errors", "--format", "json", "--base-url", "https://mock.example")
    assert status == 0
    listed = json.loads(out)
    assert {(error["operation"], error["id"], error["status"]) for error in listed} == {
        (entry.operation, entry.id, entry.status) for entry in error_entries()
    }
    assert all("https://mock.example/" in error["curl"] for error in listed)


def test_errors_are_listed_as_text(run: Run) -> None:
    status, out, _ = run("errors")
    assert status == 0
    for entry in error_entries():
        assert f"{entry.id}  ({entry.operation}, " in out
        assert entry.body["errors"][0]["title"] in out
    assert out.endswith(f"\n{len(error_entries())} errors\n")


def test_errors_are_listed_as_markdown(run: Run) -> None:
    status, out, _ = run("errors", "--format", "markdown")
    assert status == 0
    headings = re.findall(r"^## (.*)$", out, re.M)
    assert sorted(headings) == sorted({entry.id for entry in error_entries()})
    for block in re.findall(r"```json\n(.*?)```", out, re.S):
        for line in block.splitlines():
            assert json.loads(line)["errors"]


@pytest.mark.parametrize("name", ["getAccounts", "get-v2-accounts"])
def test_errors_of_one_operation_are_listed_by_its_name_or_alias(run: Run, name: str) -> None:
    _, out, _ = run("errors", "--format", "json", "--operation", name)
    assert {error["operation"] for error in json.loads(out)} == {"get-v2-accounts"}


def test_unknown_operation_is_reported_with_the_known_ones(run: Run) -> None:
    status, _, err = run("errors", "--operation", "no-such")
    assert status == 1
    message = one_line(err)
    assert message.startswith("no operation no-such; known: ")
    assert set(operations()) <= set(message.partition("known: ")[2].split(", "))


def test_routes_are_listed_with_their_callers(run: Run) -> None:
    status, out, _ = run("routes")
    assert status == 0
    listed = {tuple(line.split()[:3]): line.split()[3:] for line in out.splitlines()}
    assert set(listed) == {(op["method"], op["path"], name) for name, op in operations().items()}
    assert listed["GET", "/v2/carts", "getCarts"] == ["account,", "administrator,", "customer"]


def test_health_of_a_running_server(run: Run, server: RunningServer) -> None:
    port = server.url.rpartition(":")[2]
    for arguments in (["health", "--url", server.url], ["--port", port, "health"]):
        status, out, err = run(*arguments)
        assert (status, err) == (0, "")
        assert json.loads(out) == {"status": "ok", "version": __version__}
    assert run("health", env={"MOCKSERVER_PORT": port})[0] == 0


def test_health_of_a_server_with_tls(run: Run, start_server: Start) -> None:
    running = start_server("--tls")
    port = running.url.rpartition(":")[2]
    assert run("--tls", "--port", port, "health")[0] == 0
    assert run("--port", port, "health")[0] == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost:port", "x", "ftp://127.0.0.1:1", "http://["]
)
def test_no_health_is_reported_in_one_line(run: Run, url: str) -> None:
    status, out, err = run("health", "--url", url)
    assert (status, out) == (1, "")
    assert one_line(err).startswith(f"{url} is not healthy: ")


def test_server_of_another_kind_is_not_healthy(run: Run, server: RunningServer) -> None:
    status, _, err = run("health", "--url", f"{server.url}/v2")
    assert status == 1
    assert "404" in one_line(err)


# --- a server, and its options


def test_banner_shows_a_command_that_works(server: RunningServer) -> None:
    command = server.output.splitlines()[-1].strip()
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    done = subprocess.run(
        f"{command} -s -w '%{{http_code}}' -o /dev/null", shell=True, capture_output=True, text=True
    )
    assert done.stdout == "200"


def test_banner_has_urls_and_logins(server: RunningServer) -> None:
    assert server.output.startswith(f"Account Cart Associations sandbox {__version__}\n")
    assert f"contract     {server.url}/openapi.yaml\n" in server.output
    assert f"admin API    {server.url}/__admin (open)\n" in server.output
    for login in ("storefront", "backoffice  backoffice-secret", "ada@example.com  ada-password"):
        assert login in server.output


def test_banner_is_printed_when_the_server_responds(server: RunningServer) -> None:
    assert get(server, "/v2/carts").status_code == 200


def test_banner_beyond_localhost_hides_the_secrets_of_own_fixtures(
    start_server: Start, tmp_path: Path
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "applications:\n"
        "  - { client_id: shop, grant: client_credentials, client_secret: hidden-secret }\n"
        "bearer_tokens: [{ token: hidden-token, client_id: shop }]\n",
        "utf-8",
    )
    beyond = start_server("--host", "0.0.0.0", "--fixtures", str(own))
    assert "shop  (secret)" in beyond.output
    assert "hidden" not in beyond.output
    assert "closed; start with --admin-token TOKEN or --open-admin" in beyond.output
    here = start_server("--fixtures", str(own))
    assert "hidden-secret" in here.output
    assert "Bearer hidden-token" in here.output


OPTIONS: dict[str, tuple[list[str], dict[str, str], Callable[[RunningServer], Any], Any]] = {
    # option -> arguments, environment, a function that reads its effect, and the expected effect
    "fixtures": (
        ["--fixtures", "default", "--fixtures", "{own}"],
        {"MOCKSERVER_FIXTURES": "default:{own}"},
        lambda server: get(server, "/v2/carts?filter=ilike(name,mine)").json()["data"][0]["id"],
        "mine",
    ),
    "freeze-time": (
        ["--freeze-time", "2030-01-01T00:00:00Z"],
        {"MOCKSERVER_FREEZE_TIME": "2030-01-01T00:00:00Z"},
        lambda server: get(server, "/v2/carts/x").json()["data"]["meta"]["timestamps"][
            "created_at"
        ],
        "2030-01-01T00:00:00Z",
    ),
    "seed": (
        ["--seed", "7"],
        {"MOCKSERVER_SEED": "7"},
        lambda server: httpx.post(
            f"{server.url}/v2/carts", headers=SHOPPER, json={"data": {"name": "New"}}
        ).json()["data"]["id"],
        Ids(7).uuid("cart"),
    ),
    "admin-token": (
        ["--admin-token", "secret"],
        {"MOCKSERVER_ADMIN_TOKEN": "secret"},
        lambda server: httpx.post(server.url + RESET).status_code,
        401,
    ),
    "open-admin": (
        ["--host", "0.0.0.0", "--open-admin"],
        {"MOCKSERVER_HOST": "0.0.0.0", "MOCKSERVER_OPEN_ADMIN": "1"},
        lambda server: httpx.post(server.url + RESET).status_code,
        204,
    ),
    "host": (
        ["--host", "0.0.0.0"],
        {"MOCKSERVER_HOST": "0.0.0.0"},
        lambda server: httpx.post(server.url + RESET).status_code,
        401,
    ),
    "disable-admin": (
        ["--disable-admin"],
        {"MOCKSERVER_DISABLE_ADMIN": "true"},
        lambda server: httpx.post(server.url + RESET).status_code,
        404,
    ),
    "log-format": (
        ["--log-format", "json"],
        {"MOCKSERVER_LOG_FORMAT": "json"},
        lambda server: get(server, "/v2/carts") and logged(server, 1)[0].startswith("{"),
        True,
    ),
    "journal-size": (
        ["--journal-size", "0"],
        {"MOCKSERVER_JOURNAL_SIZE": "0"},
        lambda server: (
            get(server, "/v2/carts").status_code,
            httpx.get(server.url + "/__admin/requests").json()["total"],
        ),
        (200, 0),
    ),
    "tls": (["--tls"], {"MOCKSERVER_TLS": "1"}, lambda server: server.url[:8], "https://"),
    "tls-cert": (
        ["--tls-cert", "{tls}/mine.pem", "--tls-key", "{tls}/mine.key"],
        {"MOCKSERVER_TLS_CERT": "{tls}/mine.pem", "MOCKSERVER_TLS_KEY": "{tls}/mine.key"},
        lambda server: server.url[:8],
        "https://",
    ),
}


def logged(server: RunningServer, count: int) -> list[str]:
    """Return the lines of the log, as soon as there are `count` of them."""
    deadline = time.monotonic() + 10
    while len(server.errors) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return [line.strip() for line in server.errors]


@pytest.mark.parametrize("from_env", [False, True], ids=["option", "environment"])
@pytest.mark.parametrize("name", OPTIONS)
def test_option_may_be_set_in_the_environment(
    start_server: Start, tmp_path: Path, own_tls: Path, name: str, from_env: bool
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("carts: [{ id: mine, name: Mine }]", "utf-8")
    arguments, env, read_effect, expected = OPTIONS[name]
    places = {"own": str(own), "tls": str(own_tls)}
    server = (
        start_server(env={k: v.format(**places) for k, v in env.items()})
        if from_env
        else start_server(*(argument.format(**places) for argument in arguments))
    )
    assert read_effect(server) == expected


def test_port_of_the_environment(start_server: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    done = subprocess.Popen(
        [sys.executable, "-m", "mockserver"],
        env={"MOCKSERVER_PORT": str(port), "PATH": "", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert done.stdout is not None
        assert any(line.endswith(f"http://localhost:{port}\n") for line in done.stdout)
    finally:
        done.terminate()
        done.communicate(timeout=10)


def test_port_0_uses_any_free_port(start_server: Start) -> None:
    first, second = start_server(), start_server("--port", "0")
    assert first.url != second.url
    assert get(first, "/v2/carts").status_code == get(second, "/v2/carts").status_code == 200


def test_host_may_be_an_ipv6_address(start_server: Start) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    running = start_server("--host", "::1")
    assert running.url.startswith("http://[::1]:")
    assert get(running, "/v2/carts").status_code == 200


# --- TLS


def authority_of(server: RunningServer) -> str:
    match = re.search(r"authority\s+(\S+)", server.output)
    assert match
    return match[1]


def test_generated_certificate_is_issued_by_the_authority_of_the_banner(
    start_server: Start,
) -> None:
    running = start_server("--tls")
    authority = authority_of(running)
    context = ssl.create_default_context(cafile=authority)
    port = running.url.rpartition(":")[2]
    for host in ("localhost", "127.0.0.1"):
        url = f"https://{host}:{port}/v2/carts"
        assert httpx.get(url, headers=ADMIN, verify=context).status_code == 200
    distrusting = ssl.create_default_context()
    with (
        socket.create_connection(("127.0.0.1", int(port)), timeout=10) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        distrusting.wrap_socket(plain, server_hostname="localhost")
    links = httpx.get(f"{running.url}/v2/carts", headers=ADMIN, verify=context).json()["links"]
    assert links["first"].startswith(f"{running.url}/v2/carts?")
    assert running.stop() == 0
    assert not Path(authority).parent.exists()


def test_own_certificate_is_served(start_server: Start, own_tls: Path) -> None:
    running = start_server(
        "--tls-cert", str(own_tls / "mine.pem"), "--tls-key", str(own_tls / "mine.key")
    )
    context = ssl.create_default_context(cafile=str(own_tls / "authority.pem"))
    response = httpx.get(f"{running.url}/v2/carts", headers=ADMIN, verify=context)
    assert response.status_code == 200
    assert "authority" not in running.output


# --- the log

SECRETS = ("ada-password", "wrong-password", "backoffice-secret", "account-1", "admin", "shopper")


def cause_log_lines(server: RunningServer) -> None:
    """Send all kinds of secrets in four requests."""
    with httpx.Client(base_url=server.url, headers={**ADMIN, ACCOUNT_TOKEN: "account-1"}) as client:
        client.get("/v2/carts?secret=ada-password")
        client.post(TOKENS, json={"data": SIGN_IN})
        client.post(TOKENS, json={"data": {**SIGN_IN, "username": 1, "password": "wrong-password"}})
        client.post(
            "/oauth/access_token",
            data={
                "grant_type": "client_credentials",
                "client_id": "backoffice",
                "client_secret": "backoffice-secret",
            },
        )


def test_log_as_json_has_one_object_per_line_and_no_secret(start_server: Start) -> None:
    running = start_server("--log-format", "json")
    cause_log_lines(running)
    lines = logged(running, 4)
    records = [json.loads(line) for line in lines]
    assert [
        (record["method"], record["path"], record["status"], record["error"]) for record in records
    ] == [
        ("GET", "/v2/carts", 200, None),
        ("POST", TOKENS, 201, None),
        ("POST", TOKENS, 400, "schema-violation"),
        ("POST", "/oauth/access_token", 200, None),
    ]
    for record in records:
        assert record["level"] == "info"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])
        assert record["duration_ms"] >= 0
        assert record["request_id"]
    assert not [secret for secret in SECRETS if secret in "".join(lines)]


def test_log_as_text_has_one_line_per_request_and_no_secret(start_server: Start) -> None:
    running = start_server()
    cause_log_lines(running)
    lines = logged(running, 4)
    time_of_day, duration = r"\d\d:\d\d:\d\d\.\d{3} ", r" \d+\.\d ms"
    for line, expected in zip(
        lines,
        [
            "GET /v2/carts 200",
            f"POST {TOKENS} 201",
            f"POST {TOKENS} 400 schema-violation",
            "POST /oauth/access_token 200",
        ],
        strict=True,
    ):
        assert re.fullmatch(time_of_day + re.escape(expected) + duration, line)
    assert not [secret for secret in SECRETS if secret in "".join(lines)]


# --- shutdown


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_the_server_quickly_with_status_0(
    start_server: Start, sign: signal.Signals
) -> None:
    running = start_server()
    started = time.monotonic()
    running.process.send_signal(sign)
    assert running.process.wait(timeout=10) == 0
    assert time.monotonic() - started < 5
    with pytest.raises(httpx.ConnectError):
        get(running, "/v2/carts")


def test_open_request_is_completed_before_shutdown(start_server: Start) -> None:
    running = start_server()
    host, port = "127.0.0.1", int(running.url.rpartition(":")[2])
    body = b'{"data": {"name": "Last"}}'
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(
            b"POST /v2/carts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Authorization: Bearer shopper\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")  # now it waits for the body
        stopping = threading.Thread(target=running.process.terminate)
        stopping.start()
        stopping.join()
        connection.sendall(body)
        response = b""
        while received := connection.recv(10_000):
            response += received
    assert response.startswith(b"HTTP/1.1 201")
    assert running.process.wait(timeout=10) == 0


# --- reload


def body_of(url: str, path: str, context: ssl.SSLContext | None = None) -> Any:
    """Return the JSON of a response; None while the server restarts."""
    host = urlsplit(url).netloc
    connection = (
        http.client.HTTPSConnection(host, timeout=10, context=context)
        if context
        else http.client.HTTPConnection(host, timeout=10)
    )
    with closing(connection):
        try:
            connection.request("GET", path, headers=ADMIN)
            with connection.getresponse() as response:
                return json.loads(response.read())
        except (OSError, http.client.HTTPException):
            return None


def test_reload_loads_a_changed_fixture_and_reports_an_invalid_one(
    start_server: Start, tmp_path: Path
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("carts: [{ id: mine, name: First }]", "utf-8")
    running = start_server("--reload", "--fixtures", "default", "--fixtures", str(own))

    def content() -> Any:
        body = body_of(running.url, "/v2/carts/mine")
        return body and (body["data"]["name"] if "data" in body else body["errors"])

    until(lambda: content() == "First")
    own.write_text("carts: [{ id: mine, name: Second }]", "utf-8")
    until(lambda: content() == "Second")

    message = f"{own}:1:27: carts[0].name: must be of type string"
    error = {"status": 503, "title": "Service Unavailable", "detail": message}
    own.write_text("carts: [{ id: mine, name: 3 }]", "utf-8")
    until(lambda: content() == [error])
    assert f"{message}\n" in running.errors
    assert httpx.post(f"{running.url}/__admin/reset").status_code == 503

    own.write_text("carts: [{ id: mine, name: Third }]", "utf-8")
    until(lambda: content() == "Third")
    assert running.stop() == 0
    assert content() is None


def test_reload_notices_added_and_removed_files_of_a_folder(
    start_server: Start, tmp_path: Path
) -> None:
    (tmp_path / "first.yaml").write_text("carts: [{ id: first, name: First }]", "utf-8")
    running = start_server("--reload", "--fixtures", "default", "--fixtures", str(tmp_path))

    def served() -> list[str]:
        carts = (body_of(running.url, "/v2/carts?page[limit]=100") or {}).get("data", [])
        return sorted(cart["id"] for cart in carts if cart["id"] in ("first", "second"))

    until(lambda: served() == ["first"])
    (tmp_path / "second.yaml").write_text("carts: [{ id: second, name: Second }]", "utf-8")
    until(lambda: served() == ["first", "second"])
    (tmp_path / "first.yaml").unlink()
    until(lambda: served() == ["second"])
    (tmp_path / "second.yaml").unlink()
    message = f"{tmp_path}: the folder has no *.yaml file\n"
    until(lambda: message in running.errors)
    (tmp_path / "third.yml").write_text("carts: [{ id: second, name: Second }]", "utf-8")
    until(lambda: served() == ["second"])


def test_reload_does_not_start_with_invalid_fixtures(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("carts: 1", "utf-8")
    status, out, err = run("--reload", "--port", "0", "--fixtures", str(own))
    assert (status, out) == (1, "")
    assert err == f"{own}:1:8: carts: must be of type array\n"


def test_reload_serves_the_certificate_of_the_banner(start_server: Start) -> None:
    running = start_server("--reload", "--tls")
    context = ssl.create_default_context(cafile=authority_of(running))

    until(lambda: body_of(running.url, "/__admin/health", context) is not None)
