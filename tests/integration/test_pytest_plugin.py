"""The pytest plugin, in generated test suites that are run by a separate pytest."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import httpcore  # noqa: F401 - httpx loads it late; what a suite loads here is forgotten, and loaded twice
import pytest

pytest_plugins = ["pytester"]

HEAVY = {"click", "flask", "granian", "jsonschema", "jwt", "rpds", "ssl", "urllib.request", "yaml"}
ALONE = ("-p", "no:hypothesispytest", "-p", "no:schemathesis")
"""Run pytest without the plugins that are slow to load."""

PRELUDE = """
import httpx
import pytest

ADMIN = {"Authorization": "Bearer admin"}

def carts(box):
    return httpx.get(f"{box.url}/v2/carts", headers=ADMIN)
"""

SANDBOX_SUITE = """
def test_url_and_headers_name_the_same_sandbox(mock_sandbox, mock_server):
    carts(mock_sandbox)
    httpx.get(f"{mock_server.url}/v2/carts", headers={**ADMIN, **mock_sandbox.headers})
    assert len(mock_sandbox.journal) == 2

def test_the_sandbox_is_named_after_the_test(mock_sandbox):
    assert mock_sandbox.name.startswith("test_the_sandbox_is_named_after_the_test-")

def test_fail_arms_a_rule(mock_sandbox):
    mock_sandbox.fail("too-many-requests", operation="getCarts", times=1)
    assert [carts(mock_sandbox).status_code for _ in range(2)] == [429, 200]

def test_the_clock_is_frozen_and_advanced(mock_sandbox):
    clock = mock_sandbox.clock
    clock.freeze("2026-01-01T00:00:00Z")
    clock.advance("PT1H")
    assert clock.now == "2026-01-01T01:00:00.000Z"
    clock.resume()
    assert clock.now.startswith("2026-01-01T01:0")
    clock.reset()
    assert not clock.now.startswith("2026-01-01T01:0")

def test_the_journal_is_oldest_first(mock_sandbox):
    carts(mock_sandbox)
    httpx.get(f"{mock_sandbox.url}/v2/nope")
    assert [entry["status"] for entry in mock_sandbox.journal] == [200, 404]

def test_coverage_is_that_of_the_test(mock_sandbox):
    carts(mock_sandbox)
    assert mock_sandbox.coverage["outcomes"]["seen"] == 1

def test_verify_passes_on_success(mock_sandbox):
    carts(mock_sandbox)
    mock_sandbox.verify(operation="getCarts", count=1)

def test_verify_fails_the_test_otherwise(mock_sandbox):
    with pytest.raises(AssertionError, match="expected count 1, got 0"):
        mock_sandbox.verify(operation="getCarts", count=1)

def test_verify_of_nonsense_is_an_error(mock_sandbox):
    with pytest.raises(Exception, match="There is no operation nonsense"):
        mock_sandbox.verify(operation="nonsense")

def test_the_sandbox_may_be_gone_at_the_end(mock_sandbox):
    mock_sandbox.client.delete_sandbox(mock_sandbox.name)

@pytest.mark.parametrize("text", ["a b/c", "é", "x" * 300])
def test_any_parameter_makes_a_name(mock_sandbox, text):
    assert carts(mock_sandbox).status_code == 200

def test_at_the_end_no_sandbox_is_left(mock_server):
    names = [sandbox["name"] for sandbox in mock_server.client().sandboxes()]
    assert names == ["default"]
"""

BAR_SUITE = """
from hashlib import sha256

HTTP = httpx.Client()  # shared, since it is slow to create

def transcript(box, number):
    def call(method, path, body=None):
        answer = HTTP.request(method, f"{box.url}{path}", headers=ADMIN, json=body)
        kept = {n: v for n, v in answer.headers.items() if n not in ("date", "content-length")}
        return f"{answer.status_code} {sorted(kept.items())} {answer.text}".replace(box.url, "")

    yield call("POST", "/v2/carts", {"data": {"id": "mine", "name": f"Number {number}"}})
    yield call("POST", "/v2/carts", {"data": {"name": "A generated id"}})
    if number % 3 == 0:
        box.fail("too-many-requests", times=1)
    if number % 5 == 0:
        box.clock.advance("P8D")
    yield call("GET", "/v2/carts/mine")
    yield call("PUT", "/v2/carts/mine", {"data": {"description": str(number)}})
    yield call("GET", "/v2/carts")

@pytest.mark.parametrize("number", range(200))
def test_number(mock_sandbox, record_property, number):
    lines = list(transcript(mock_sandbox, number))
    record_property("transcript", sha256("\\n".join(lines).encode()).hexdigest())
    assert len(mock_sandbox.journal) == 5
    assert number % 10, "every tenth test fails"
"""

FIXTURES = {
    "carts.yaml": "carts: [{id: cart-of-the-suite, name: Of the suite}]",
    "access.yaml": """
applications: [{client_id: backoffice, grant: client_credentials, client_secret: secret}]
bearer_tokens: [{token: admin, client_id: backoffice}]
""",
}

FIXTURE_SUITE = """
@pytest.mark.mock_fixtures("data/access.yaml", "data/carts.yaml")
def test_only_the_named_fixtures(mock_sandbox):
    assert [cart["id"] for cart in all_of(mock_sandbox)] == ["cart-of-the-suite"]

@pytest.mark.mock_fixtures("default", "data/carts.yaml")
def test_the_built_in_one_and_another(mock_sandbox):
    assert {"free-cart", "cart-of-the-suite"} <= {cart["id"] for cart in all_of(mock_sandbox)}

def test_the_built_in_one(mock_sandbox):
    assert "cart-of-the-suite" not in {cart["id"] for cart in all_of(mock_sandbox)}
"""


def test_a_test_has_its_own_sandbox(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PRELUDE + SANDBOX_SUITE)
    pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=14)


def results(report: Path) -> dict[str, tuple[str, str]]:
    """Return each test's outcome and the digest of its responses."""
    return {
        str(case.get("name")): (
            "failed" if case.find("failure") is not None else "passed",
            str(case.find("properties/property[@name='transcript']").get("value")),  # type: ignore[union-attr]
        )
        for case in ElementTree.parse(report).iter("testcase")
    }


@pytest.mark.long
def test_200_tests_have_the_same_results_in_parallel_as_serially(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(PRELUDE + BAR_SUITE)
    pytester.makeini("[pytest]\nmockserver_options = --freeze-time 2026-01-01T00:00:00Z")
    for name, options in {"serial": [], "parallel": ["-n", "4"]}.items():
        run = pytester.runpytest_subprocess(*ALONE, *options, f"--junitxml={name}.xml", "--tb=no")
        run.assert_outcomes(passed=180, failed=20)
    serial, parallel = (results(pytester.path / f"{n}.xml") for n in ("serial", "parallel"))
    assert len(serial) == 200
    assert parallel == serial


def test_the_marker_chooses_fixtures_relative_to_the_root_folder(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]\naddopts = --strict-markers")
    data, tests = pytester.mkdir("data"), pytester.mkdir("inner")
    for name, text in FIXTURES.items():
        (data / name).write_text(text)
    all_of = "\ndef all_of(box):\n    return carts(box).json()['data']\n"
    (tests / "test_it.py").write_text(PRELUDE + all_of + FIXTURE_SUITE)
    monkeypatch.chdir(tests)
    pytester.runpytest().assert_outcomes(passed=3)


def test_an_invalid_fixture_is_reported(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.mock_fixtures("nowhere.yaml")
        def test_it(mock_sandbox):
            pass
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the server did not start: nowhere.yaml*"])


def test_the_ini_option_gives_options_to_the_server(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmockserver_options = --tls --freeze-time 2026-01-01T00:00:00Z")
    pytester.makepyfile(
        """
        def test_it(mock_sandbox):
            assert mock_sandbox.url.startswith("https://")
            assert mock_sandbox.clock.now == "2026-01-01T00:00:00.000Z"
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)


def test_the_marker_is_documented(pytester: pytest.Pytester) -> None:
    printed = pytester.runpytest("--markers")
    printed.stdout.fnmatch_lines(["@pytest.mark.mock_fixtures(*paths): start from these*"])


def test_a_suite_that_does_not_use_it_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("mockserver")
            own = {name for name in sys.modules if name.startswith("mockserver")}
            assert own == {
                "mockserver",
                "mockserver.testing",
                "mockserver.testing.pytest_plugin",
            }
        """
    )
    pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=1)


def test_the_plugin_itself_loads_nothing_heavy() -> None:
    code = "import sys, mockserver.testing.pytest_plugin; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY & set(loaded) == set()
