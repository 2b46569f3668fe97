"""`mockserver ctl` and `mockserver coverage` against a running server."""

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
from mockserver.testing.client import Client
from mockserver.testing.server_process import RunningServer
from tests.contract import CONTRACT
from tests.seeds import ADMIN

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
    """Run `mockserver` with some words."""

    def runner(*words: str, env: Mapping[str, str] | None = None) -> Result:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["mockserver", *words])
            # whatever module the tests themselves are run as
            patch.setattr(sys.modules["__main__"], "__package__", None)
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as exit_:
                main.main()
        told = capsys.readouterr()
        return Result(int(exit_.value.code or 0), told.out, told.err)

    return runner


@pytest.fixture
def box(server: RunningServer) -> Iterator[Client]:
    """A client of a sandbox of the test's own."""
    name = f"ctl-{uuid4().hex}"
    server.client().create_sandbox(name)
    yield server.client().sandbox(name)
    server.client().delete_sandbox(name)


@pytest.fixture
def ctl(run: Run, box: Client) -> Run:
    """Run `mockserver ctl` against that sandbox."""
    return lambda *words, **more: run("ctl", *at(box), *words, **more)


def at(box: Client) -> tuple[str, ...]:
    assert box.sandbox_name
    return "--url", box.url, "--sandbox", box.sandbox_name


def get_carts(box: Client) -> httpx.Response:
    return httpx.get(f"{box.base_url}/v2/carts", headers=ADMIN)


def put_cart(box: Client, cart_id: str) -> None:
    body = {"data": {"id": cart_id, "name": "New"}}
    httpx.post(f"{box.base_url}/v2/carts", headers=ADMIN, json=body).raise_for_status()


# --- which server, which sandbox, which format


def test_options_stand_before_or_after_the_command(run: Run, box: Client) -> None:
    box.freeze(NEW_YEAR)
    before = run("ctl", *at(box), "--format", "json", "clock")
    after = run("ctl", "clock", *at(box), "--format", "json")
    assert before.json == after.json == {"now": "2026-01-01T00:00:00.000Z", "frozen": True}


def test_the_option_after_the_command_counts(ctl: Run) -> None:
    refused = ctl("clock", "--url", "http://127.0.0.1:1")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("mockserver: http://127.0.0.1:1 does not answer")


def test_the_environment_names_server_sandbox_and_format(run: Run, box: Client) -> None:
    box.freeze(NEW_YEAR)
    env = {
        "MOCKSERVER_CTL_URL": box.url,
        "MOCKSERVER_CTL_SANDBOX": str(box.sandbox_name),
        "MOCKSERVER_CTL_FORMAT": "json",
    }
    assert run("ctl", "clock", env=env).json["now"] == "2026-01-01T00:00:00.000Z"


def test_the_environment_of_a_server_leads_to_it(
    run: Run, start_server: Callable[..., RunningServer]
) -> None:
    env = {"MOCKSERVER_ADMIN_TOKEN": "open-sesame"}
    guarded = start_server(env=env)
    env["MOCKSERVER_PORT"] = guarded.url.rpartition(":")[2]
    assert run("ctl", "reset", env=env).out == "ok\n"
    assert "wants the header" in run("ctl", "reset", "--url", guarded.url).err


def test_a_made_certificate_is_taken_when_told_so(
    run: Run, start_server: Callable[..., RunningServer]
) -> None:
    secure = start_server("--tls")
    refused = run("ctl", "--url", secure.url, "reset")
    assert "CERTIFICATE_VERIFY_FAILED" in refused.err
    assert run("ctl", "--url", secure.url, "--insecure", "reset").out == "ok\n"


# --- the nouns


def test_reset_goes_back_to_the_fixtures(ctl: Run, box: Client) -> None:
    put_cart(box, "new")
    assert ctl("reset").out == "ok\n"
    assert "new" not in box.fixture()


def test_reset_as_json_says_ok(ctl: Run) -> None:
    assert ctl("reset", "--format", "json").json == {"ok": True}


def test_the_clock_is_shown_and_moved(ctl: Run) -> None:
    assert ctl("clock", "freeze", NEW_YEAR).out == "now=2026-01-01T00:00:00.000Z  frozen=true\n"
    assert ctl("clock", "advance", "PT1H").out == "now=2026-01-01T01:00:00.000Z  frozen=true\n"
    assert ctl("clock", "show").out == ctl("clock").out
    assert ctl("clock", "resume", "--format", "json").json["frozen"] is False
    assert ctl("clock", "freeze").out.startswith("now=2026-01-01T01:0")
    assert ctl("clock", "reset").out.endswith("frozen=false\n")


def test_rules_are_armed_listed_and_disarmed(ctl: Run, box: Client) -> None:
    armed = ctl("rules", "arm", RULE, "--format", "json").json
    assert [get_carts(box).status_code for _ in range(2)] == [429, 200]
    listed = ctl("rules", "list").out
    assert listed.startswith(f"id={armed['id']}  operation=getCarts  then=")
    assert "fired=1" in listed
    assert ctl("rules", "list", "--format", "json").json[0]["fired"] == 1
    assert ctl("rules", "disarm", armed["id"]).out == "ok\n"
    assert ctl("rules", "disarm").out == "ok\n"
    assert ctl("rules", "list").out == ""


def test_the_rate_limit_is_set_and_taken_away(ctl: Run) -> None:
    assert ctl("rate-limit", "5").out == "requests_per_second=5\n"
    assert ctl("rate-limit", "--format", "json").json == {"requests_per_second": None}


def test_requests_are_a_line_each_newest_first(ctl: Run, box: Client) -> None:
    box.freeze(NEW_YEAR)
    first = get_carts(box).headers["Mock-Request-Id"]
    second = httpx.get(f"{box.base_url}/v2/nope").headers["Mock-Request-Id"]
    now = "2026-01-01T00:00:00.000Z"
    assert ctl("requests").out.splitlines() == [
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
    ctl: Run, box: Client, words: tuple[str, ...], count: int
) -> None:
    box.freeze(NEW_YEAR)
    get_carts(box)
    httpx.get(f"{box.base_url}/v2/nope")
    assert len(ctl("requests", *words, "--format", "json").json) == count


def test_one_request_is_shown_in_full(ctl: Run, box: Client) -> None:
    request_id = get_carts(box).headers["Mock-Request-Id"]
    assert ctl("requests", request_id).json["operation"] == "getCarts"


def test_requests_are_forgotten(ctl: Run, box: Client) -> None:
    get_carts(box)
    assert ctl("requests", "--clear").out == "ok\n"
    assert ctl("requests").out == ""


def test_snapshots_are_saved_listed_restored_and_deleted(ctl: Run, box: Client) -> None:
    assert ctl("snapshot", "save", "start").out.startswith("name=start  now=")
    put_cart(box, "new")
    assert ctl("snapshot", "restore", "start").out == "ok\n"
    assert "new" not in box.fixture()
    assert [each["name"] for each in ctl("snapshot", "list", "--format", "json").json] == ["start"]
    assert ctl("snapshot", "delete", "start").out == "ok\n"
    assert ctl("snapshot", "list").out == ""


def test_a_snapshot_is_downloaded_as_a_fixture_file(ctl: Run, box: Client, tmp_path: Path) -> None:
    put_cart(box, "found-by-hand")
    ctl("snapshot", "save", "found")
    box.reset()
    file = tmp_path / "found.yaml"
    written = ctl("snapshot", "download", "found", "--output", str(file))
    assert (written.out, written.err) == ("", f"written to {file}\n")
    world = load_fixtures([str(file)], CONTRACT)
    assert "found-by-hand" in world.carts


def test_the_present_state_is_downloaded_as_text_or_json(ctl: Run, box: Client) -> None:
    put_cart(box, "here")
    assert "here" in ctl("snapshot", "download").out
    assert ctl("snapshot", "download", "--format", "json").json == {"fixture": box.fixture()}


def test_sandboxes_are_created_listed_and_deleted(run: Run, box: Client) -> None:
    url, name = ("--url", box.url), uuid4().hex
    words = ("ctl", "sandboxes", "create", name, "--fork-of", str(box.sandbox_name))
    box.save("start")
    assert run(*words, "--snapshot", "start", *url, "--format", "json").json["name"] == name
    assert f"name={name}  base_path=/sandboxes/{name}" in run("ctl", "sandboxes", "list", *url).out
    assert run("ctl", "sandboxes", "delete", name, *url).out == "ok\n"


# --- coverage


def test_coverage_tells_the_untested_errors_first_with_the_line_that_provokes_each(
    run: Run, box: Client
) -> None:
    get_carts(box)
    lines = run("coverage", *at(box)).out.splitlines()
    assert lines[0].startswith("never: ")
    assert "curl" in lines[2]
    assert " of the contract: 1 of " in lines[-1]
    assert "never: getCarts 200" not in lines


@pytest.mark.parametrize("style", FORMATS)
def test_coverage_has_every_format_under_both_names(run: Run, box: Client, style: str) -> None:
    here = (*at(box), "--format", style)
    assert run("coverage", *here).out == run("ctl", "coverage", *here).out != ""


def test_coverage_takes_its_format_from_ctl_and_from_the_environment(run: Run, box: Client) -> None:
    assert run("ctl", *at(box), "--format", "json", "coverage").json["percent"] == 0
    report = run("coverage", *at(box), env={"MOCKSERVER_COVERAGE_FORMAT": "junit"}).out
    assert ElementTree.fromstring(report).get("name") == "contract coverage"


def test_coverage_as_junit_has_a_case_for_each_outcome(run: Run, box: Client) -> None:
    get_carts(box)
    suite = ElementTree.fromstring(run("coverage", *at(box), "--format", "junit").out)
    report = box.coverage()
    missed = report["outcomes"]["documented"] - 1
    assert (len(suite), suite.get("failures")) == (missed + 1, str(missed))
    assert len(suite.findall("testcase/failure")) == missed


def test_coverage_as_html_is_one_file_that_loads_nothing(
    run: Run, box: Client, tmp_path: Path
) -> None:
    file = tmp_path / "coverage.html"
    get_carts(box)
    assert run("coverage", *at(box), "--format", "html", "--output", str(file)).status == 0
    page = file.read_text()
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace(box.url, "").split("<h2>")[0]
    assert not any(each in page for each in ("<script", "<link", "<img", "src="))


def test_coverage_as_markdown_names_every_outcome(run: Run, box: Client) -> None:
    get_carts(box)
    page = run("coverage", *at(box), "--format", "markdown").out
    assert "| getCarts | 200 | 1 |" in page
    assert page.count("**never**") == box.coverage()["outcomes"]["documented"] - 1


def test_fail_under_decides_the_exit_status(run: Run, box: Client) -> None:
    get_carts(box)
    percent = box.coverage()["percent"]
    assert run("coverage", *at(box), "--fail-under", str(percent)).status == 0
    failed = run("coverage", *at(box), "--fail-under", "80")
    assert (failed.status, failed.err) == (1, f"mockserver: {percent} % is below --fail-under 80\n")
    assert failed.out != ""


def test_coverage_tells_the_clients_habits(run: Run, box: Client) -> None:
    body = {"data": {"name": "New", "colour": "red"}}
    httpx.post(f"{box.base_url}/v2/carts", headers=ADMIN, json=body)
    for style in ("text", "markdown", "html"):
        assert "sent-unknown-fields" in run("coverage", *at(box), "--format", style).out


# --- what can't be done is told in one line


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("clock", "advance"), 2, "clock advance PT1H"),
        (("clock", "advance", "soon"), 1, "duration"),
        (("clock", "resume", "now"), 2, "takes no value"),
        (("clock", "rewind"), 2, "'rewind' is not one of"),
        (("clock", "freeze", "today"), 1, "instant"),
        (("rules", "arm", "{"), 2, "the rule is not JSON"),
        (("rules", "arm", "[]"), 2, "the rule is no object"),
        (("rules", "arm", "{}"), 1, "then is required"),
        (("rules", "arm", '{"then": {"error": "nonsense"}}'), 1, 'no error "nonsense" here'),
        (("rules", "disarm", "rule-9"), 1, "There is no rule rule-9"),
        (("rate-limit", "0"), 2, "0 is not in the range"),
        (("requests", "some-id"), 1, "No request of this id"),
        (("requests", "some-id", "--clear"), 2, "one of them"),
        (("requests", "--clear", "--status", "404"), 2, "one of them"),
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
        (("--url", "nonsense", "clock"), 1, "nonsense does not answer"),
        (("nonsense",), 2, "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_told_in_one_line(
    ctl: Run, words: tuple[str, ...], status: int, told: str
) -> None:
    result = ctl(*words)
    assert (result.status, result.out) == (status, "")
    assert result.err.startswith("mockserver: ")
    assert result.err.count("\n") == 1
    assert told in result.err


@pytest.mark.parametrize("words", [("ctl",), ("ctl", "rules")])
def test_a_group_without_a_command_shows_its_help(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.status == 2
    assert result.err.startswith(f"Usage: mockserver {' '.join(words)} [OPTIONS] COMMAND")


def test_health_asks_the_server_that_the_options_name(run: Run, server: RunningServer) -> None:
    port = server.url.rpartition(":")[2]
    assert json.loads(run("--port", port, "health").out)["status"] == "ok"
    assert run("health", "--url", "http://127.0.0.1:1").status == 1
