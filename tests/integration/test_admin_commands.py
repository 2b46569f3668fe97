"""`mockserver admin` and `mockserver coverage` against a running server."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import httpx
import pytest

from mockserver.cli import main
from mockserver.fixtures.load import load_fixtures
from mockserver.testing.client import AdminClient
from mockserver.testing.server_process import RunningServer
from tests.support.built_in_data import ADMIN
from tests.support.contract import CONTRACT

NEW_YEAR = "2026-01-01T00:00:00Z"
RULE = '{"operation": "getCarts", "then": {"error": "too-many-requests"}, "times": 1}'
FORMATS = ("text", "json", "junit", "html", "markdown")


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.status == 0, self.err
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `mockserver` with arguments."""

    def runner(*words: str, env: Mapping[str, str] | None = None) -> Result:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["mockserver", *words])
            # independent of how the tests themselves are run
            patch.setattr(sys.modules["__main__"], "__package__", None)
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as exit_:
                main.main()
        printed = capsys.readouterr()
        return Result(int(exit_.value.code or 0), printed.out, printed.err)

    return runner


@pytest.fixture
def box(server: RunningServer) -> Iterator[AdminClient]:
    """A client of the test's own sandbox."""
    name = f"admin-{uuid4().hex}"
    server.client().create_sandbox(name)
    yield server.client().sandbox(name)
    server.client().delete_sandbox(name)


@pytest.fixture
def admin(run: Run, box: AdminClient) -> Run:
    """Run `mockserver admin` against that sandbox."""
    return lambda *words, **more: run("admin", *at(box), *words, **more)


def at(box: AdminClient) -> tuple[str, ...]:
    assert box.sandbox_name
    return "--url", box.url, "--sandbox", box.sandbox_name


def get_carts(box: AdminClient) -> httpx.Response:
    return httpx.get(f"{box.base_url}/v2/carts", headers=ADMIN)


def put_cart(box: AdminClient, cart_id: str) -> None:
    body = {"data": {"id": cart_id, "name": "New"}}
    httpx.post(f"{box.base_url}/v2/carts", headers=ADMIN, json=body).raise_for_status()


# --- which server, which sandbox, which format


def test_options_may_precede_or_follow_the_command(run: Run, box: AdminClient) -> None:
    box.freeze(NEW_YEAR)
    before = run("admin", *at(box), "--format", "json", "clock")
    after = run("admin", "clock", *at(box), "--format", "json")
    assert before.json == after.json == {"now": "2026-01-01T00:00:00.000Z", "frozen": True}


def test_the_option_after_the_command_wins(admin: Run) -> None:
    refused = admin("clock", "--url", "http://127.0.0.1:1")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("mockserver: http://127.0.0.1:1 does not respond")


def test_the_environment_names_server_sandbox_and_format(run: Run, box: AdminClient) -> None:
    box.freeze(NEW_YEAR)
    env = {
        "MOCKSERVER_ADMIN_URL": box.url,
        "MOCKSERVER_ADMIN_SANDBOX": str(box.sandbox_name),
        "MOCKSERVER_ADMIN_FORMAT": "json",
    }
    assert run("admin", "clock", env=env).json["now"] == "2026-01-01T00:00:00.000Z"


def test_the_environment_of_a_server_selects_it(
    run: Run, start_server: Callable[..., RunningServer]
) -> None:
    env = {"MOCKSERVER_ADMIN_TOKEN": "open-sesame"}
    guarded = start_server(env=env)
    env["MOCKSERVER_PORT"] = guarded.url.rpartition(":")[2]
    assert run("admin", "reset", env=env).out == "ok\n"
    assert "requires the header" in run("admin", "reset", "--url", guarded.url).err


def test_a_generated_certificate_is_accepted_with_insecure(
    run: Run, start_server: Callable[..., RunningServer]
) -> None:
    secure = start_server("--tls")
    refused = run("admin", "--url", secure.url, "reset")
    assert "CERTIFICATE_VERIFY_FAILED" in refused.err
    assert run("admin", "--url", secure.url, "--insecure", "reset").out == "ok\n"


# --- the resources


def test_reset_restores_the_fixtures(admin: Run, box: AdminClient) -> None:
    put_cart(box, "new")
    assert admin("reset").out == "ok\n"
    assert "new" not in box.export_fixture()


def test_reset_as_json_prints_ok(admin: Run) -> None:
    assert admin("reset", "--format", "json").json == {"ok": True}


def test_the_clock_is_shown_and_moved(admin: Run) -> None:
    assert admin("clock", "freeze", NEW_YEAR).out == "now=2026-01-01T00:00:00.000Z  frozen=true\n"
    assert admin("clock", "advance", "PT1H").out == "now=2026-01-01T01:00:00.000Z  frozen=true\n"
    assert admin("clock", "show").out == admin("clock").out
    assert admin("clock", "resume", "--format", "json").json["frozen"] is False
    assert admin("clock", "freeze").out.startswith("now=2026-01-01T01:0")
    assert admin("clock", "reset").out.endswith("frozen=false\n")


def test_rules_are_armed_listed_and_disarmed(admin: Run, box: AdminClient) -> None:
    armed = admin("rules", "arm", RULE, "--format", "json").json
    assert [get_carts(box).status_code for _ in range(2)] == [429, 200]
    listed = admin("rules", "list").out
    assert listed.startswith(f"id={armed['id']}  operation=getCarts  then=")
    assert "fired=1" in listed
    assert admin("rules", "list", "--format", "json").json[0]["fired"] == 1
    assert admin("rules", "disarm", armed["id"]).out == "ok\n"
    assert admin("rules", "disarm").out == "ok\n"
    assert admin("rules", "list").out == ""


def test_the_rate_limit_is_set_and_removed(admin: Run) -> None:
    assert admin("rate-limit", "5").out == "requests_per_second=5\n"
    assert admin("rate-limit", "--format", "json").json == {"requests_per_second": None}


def test_requests_are_printed_one_per_line_newest_first(admin: Run, box: AdminClient) -> None:
    box.freeze(NEW_YEAR)
    first = get_carts(box).headers["Mock-Request-Id"]
    second = httpx.get(f"{box.base_url}/v2/nope").headers["Mock-Request-Id"]
    now = "2026-01-01T00:00:00.000Z"
    assert admin("requests").out.splitlines() == [
        f"{now} GET /v2/nope 404 no-such-path {second}",
        f"{now} GET /v2/carts 200 - {first}",
    ]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--operation", "getCarts"), 1),
        (("--status", "404"), 1),
        (("--error", "no-such-path"), 1),
        (("--since", "2026-01-01T00:00:00Z"), 2),
        (("--since", "2026-01-01T00:00:01Z"), 0),
        (("--unmatched",), 1),
        (("--limit", "1"), 1),
        (("--offset", "2"), 0),
    ],
)
def test_requests_are_filtered_and_paged(
    admin: Run, box: AdminClient, words: tuple[str, ...], count: int
) -> None:
    box.freeze(NEW_YEAR)
    get_carts(box)
    httpx.get(f"{box.base_url}/v2/nope")
    assert len(admin("requests", *words, "--format", "json").json) == count


def test_one_request_is_shown_in_full(admin: Run, box: AdminClient) -> None:
    request_id = get_carts(box).headers["Mock-Request-Id"]
    assert admin("requests", request_id).json["operation"] == "getCarts"


def test_requests_are_cleared(admin: Run, box: AdminClient) -> None:
    get_carts(box)
    assert admin("requests", "--clear").out == "ok\n"
    assert admin("requests").out == ""


def test_snapshots_are_saved_listed_restored_and_deleted(admin: Run, box: AdminClient) -> None:
    assert admin("snapshot", "save", "start").out.startswith("name=start  now=")
    put_cart(box, "new")
    assert admin("snapshot", "restore", "start").out == "ok\n"
    assert "new" not in box.export_fixture()
    assert [
        snapshot["name"] for snapshot in admin("snapshot", "list", "--format", "json").json
    ] == ["start"]
    assert admin("snapshot", "delete", "start").out == "ok\n"
    assert admin("snapshot", "list").out == ""


def test_a_snapshot_is_downloaded_as_a_fixture_file(
    admin: Run, box: AdminClient, tmp_path: Path
) -> None:
    put_cart(box, "found-by-hand")
    admin("snapshot", "save", "found")
    box.reset()
    file = tmp_path / "found.yaml"
    written = admin("snapshot", "download", "found", "--output", str(file))
    assert (written.out, written.err) == ("", f"written to {file}\n")
    assert "found-by-hand" in load_fixtures([str(file)], CONTRACT).carts


def test_the_current_state_is_downloaded_as_text_or_json(admin: Run, box: AdminClient) -> None:
    box.freeze()  # a fixture holds ages, in seconds
    put_cart(box, "here")
    assert "here" in admin("snapshot", "download").out
    assert admin("snapshot", "download", "--format", "json").json == {
        "fixture": box.export_fixture()
    }


def test_sandboxes_are_created_listed_and_deleted(run: Run, box: AdminClient) -> None:
    url, name = ("--url", box.url), uuid4().hex
    words = ("admin", "sandboxes", "create", name, "--fork-of", str(box.sandbox_name))
    box.save_snapshot("start")
    assert run(*words, "--snapshot", "start", *url, "--format", "json").json["name"] == name
    assert (
        f"name={name}  base_path=/sandboxes/{name}" in run("admin", "sandboxes", "list", *url).out
    )
    assert run("admin", "sandboxes", "delete", name, *url).out == "ok\n"


# --- coverage


def test_coverage_lists_uncovered_errors_first_with_commands_that_provoke_them(
    run: Run, box: AdminClient
) -> None:
    get_carts(box)
    lines = run("coverage", *at(box)).out.splitlines()
    assert lines[0].startswith("never: ")
    assert "curl" in lines[2]
    assert " of the contract: 1 of " in lines[-1]
    assert "never: getCarts 200" not in lines


@pytest.mark.parametrize("style", FORMATS)
def test_coverage_has_every_format_under_both_names(run: Run, box: AdminClient, style: str) -> None:
    here = (*at(box), "--format", style)
    assert run("coverage", *here).out == run("admin", "coverage", *here).out != ""


def test_coverage_takes_its_format_from_admin_and_from_the_environment(
    run: Run, box: AdminClient
) -> None:
    assert run("admin", *at(box), "--format", "json", "coverage").json["percent"] == 0
    report = run("coverage", *at(box), env={"MOCKSERVER_COVERAGE_FORMAT": "junit"}).out
    assert ElementTree.fromstring(report).get("name") == "contract coverage"


def test_coverage_as_junit_has_a_case_for_each_outcome(run: Run, box: AdminClient) -> None:
    get_carts(box)
    suite = ElementTree.fromstring(run("coverage", *at(box), "--format", "junit").out)
    report = box.coverage()
    uncovered = report["outcomes"]["documented"] - 1
    assert (len(suite), suite.get("failures")) == (uncovered + 1, str(uncovered))
    assert len(suite.findall("testcase/failure")) == uncovered


def test_coverage_as_html_is_self_contained(run: Run, box: AdminClient, tmp_path: Path) -> None:
    file = tmp_path / "coverage.html"
    get_carts(box)
    assert run("coverage", *at(box), "--format", "html", "--output", str(file)).status == 0
    page = file.read_text()
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace(box.url, "").split("<h2>")[0]
    assert not any(tag in page for tag in ("<script", "<link", "<img", "src="))


def test_coverage_as_markdown_names_every_outcome(run: Run, box: AdminClient) -> None:
    get_carts(box)
    page = run("coverage", *at(box), "--format", "markdown").out
    assert "| getCarts | 200 | 1 |" in page
    assert page.count("**never**") == box.coverage()["outcomes"]["documented"] - 1


def test_fail_under_decides_the_exit_status(run: Run, box: AdminClient) -> None:
    get_carts(box)
    percent = box.coverage()["percent"]
    assert run("coverage", *at(box), "--fail-under", str(percent)).status == 0
    failed = run("coverage", *at(box), "--fail-under", "80")
    assert (failed.status, failed.err) == (1, f"mockserver: {percent} % is below --fail-under 80\n")
    assert failed.out != ""


def test_coverage_lists_client_warnings(run: Run, box: AdminClient) -> None:
    body = {"data": {"name": "New", "colour": "red"}}
    httpx.post(f"{box.base_url}/v2/carts", headers=ADMIN, json=body)
    for style in ("text", "markdown", "html"):
        assert "sent-unknown-fields" in run("coverage", *at(box), "--format", style).out


# --- bad input


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("clock", "advance"), 2, "clock advance PT1H"),
        (("clock", "advance", "soon"), 1, "duration"),
        (("clock", "resume", "now"), 2, "takes no value"),
        (("clock", "rewind"), 2, "'rewind' is not one of"),
        (("clock", "freeze", "today"), 1, "instant"),
        (("rules", "arm", "{"), 2, "the rule is not JSON"),
        (("rules", "arm", "[]"), 2, "the rule is not an object"),
        (("rules", "arm", "{}"), 1, "then is required"),
        (("rules", "arm", '{"then": {"error": "nonsense"}}'), 1, 'no error "nonsense" here'),
        (("rules", "disarm", "rule-9"), 1, "There is no rule rule-9"),
        (("rate-limit", "0"), 2, "0 is not in the range"),
        (("requests", "some-id"), 1, "no request with this id"),
        (("requests", "some-id", "--clear"), 2, "exclude each other"),
        (("requests", "--clear", "--status", "404"), 2, "exclude each other"),
        (("requests", "--operation", "nonsense"), 1, "There is no operation nonsense"),
        (("requests", "--since", "yesterday"), 1, "'yesterday' is no date-time"),
        (("requests", "--limit", "0"), 2, "0 is not in the range"),
        (("snapshot", "restore", "none"), 1, 'no snapshot "none"'),
        (("snapshot", "download", "none"), 1, 'no snapshot "none"'),
        (("snapshot", "download", "--output", "no/such/folder/x"), 1, "No such file"),
        (("sandboxes", "delete", "never-was"), 1, 'no sandbox "never-was"'),
        (("sandboxes", "create", "default"), 1, 'a sandbox "default" already'),
        (("coverage", "--sandbox", "never-was"), 1, 'no sandbox "never-was"'),
        (("coverage", "--format", "xml"), 2, "'xml' is not one of"),
        (("coverage", "--fail-under", "101"), 2, "101.0 is not in the range"),
        (("--format", "xml", "clock"), 2, "'xml' is not one of"),
        (("--url", "nonsense", "clock"), 1, "nonsense does not respond"),
        (("nonsense",), 2, "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_reported_in_one_line(
    admin: Run, words: tuple[str, ...], status: int, message: str
) -> None:
    result = admin(*words)
    assert (result.status, result.out) == (status, "")
    assert result.err.startswith("mockserver: ")
    assert result.err.count("\n") == 1
    assert message in result.err


@pytest.mark.parametrize("words", [("admin",), ("admin", "rules")])
def test_a_group_without_a_command_shows_its_help(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.status == 2
    assert result.err.startswith(f"Usage: mockserver {' '.join(words)} [OPTIONS] COMMAND")


def test_health_checks_the_server_that_the_options_name(run: Run, server: RunningServer) -> None:
    port = server.url.rpartition(":")[2]
    assert json.loads(run("--port", port, "health").out)["status"] == "ok"
    assert run("health", "--url", "http://127.0.0.1:1").status == 1
