"""How the benchmarks evaluate their results: ratios, goals, exponents, tables. Nothing is timed."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from benchmarks import goals, measures, ratios, results, table
from benchmarks.work import CARTS, CONNECTIONS, writes
from tests.support.markdown import ROOT

MODULES = [path.stem for path in (ROOT / "benchmarks").glob("*.py") if path.stem != "plots"]


def load(contestant: str, *rates: float, job: str = "post") -> list[dict[str, Any]]:
    return [
        {
            "round": number,
            "contestant": contestant,
            "job": job,
            "connections": 16,
            "requests_per_second": rate,
            "p50_ms": 1000 / rate,
            "p99_ms": 2000 / rate,
        }
        for number, rate in enumerate(rates)
    ]


def footprint(contestant: str, first_response_s: float, megabytes: float) -> dict[str, Any]:
    return {
        "round": 0,
        "contestant": contestant,
        "first_response_s": first_response_s,
        "rest_mb": megabytes,
        "loaded_mb": megabytes,
    }


RESULTS: dict[str, Any] = {
    "machine": {"date": "2026-01-01", "processor": "abacus", "memory": "none"},
    "effort": {"rounds": 3, "seconds": 2},
    "contestants": {
        name: {"title": title, "version": "1.0"}
        for name, title in (
            ("ours", "ours"),
            ("bare", "bare Flask"),
            ("prism", "Prism"),
            ("moto", "moto"),
        )
    },
    # ratios to Prism 2, 3 and 10: their median is not the ratio of the medians, which is 4
    "loads": [
        *load("ours", 200, 1200, 400),
        *load("prism", 100, 400, 40),
        *load("bare", 320, 1920, 640),
        *load("moto", 100, 100, 100),
    ],
    "footprints": [
        footprint("ours", 0.4, 50),
        footprint("prism", 1.0, 200),
        footprint("moto", 0.5, 50),
    ],
    "size": [
        {"action": action, "carts": 10**power, "seconds": 1e-4 * 10 ** (exponent * power)}
        for action, exponent in (("get", 0), ("list, administrator", 1), ("reset", 0.1))
        for power in (1, 2, 3)
    ],
    "sandboxes": [
        {"sandboxes": 1, "requests_per_second": [100], "p99_ms": [1], "kilobytes_each": None},
        {"sandboxes": 100, "requests_per_second": [50], "p99_ms": [3], "kilobytes_each": 14.25},
    ],
    "journal": [{"what": "requests/s with a journal", "with": [80, 30], "without": [100, 50]}],
}


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of a Markdown table by their first cell."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {first: rest for first, *rest in cells}


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    assert ratios.ratio({0: 200, 1: 1200, 2: 400}, {0: 100, 1: 400, 2: 40}) == ratios.Ratio(
        3, 2, 10
    )


def test_a_ratio_uses_only_the_rounds_that_both_have() -> None:
    assert ratios.ratio({0: 8, 1: 9}, {0: 4}) == ratios.Ratio(2, 2, 2)
    assert ratios.ratio({0: 8}, {}) is None


@pytest.mark.parametrize("power", [0, 0.1, 1, 2, -0.5])
def test_an_exponent_is_the_slope_of_the_logarithms(power: float) -> None:
    points = [(10.0**n, 3e-5 * 10 ** (n * power)) for n in range(1, 7)]
    assert ratios.exponent(points) == pytest.approx(power, abs=1e-9)


def test_an_exponent_is_fitted_to_all_points() -> None:
    # by hand: slope of (1, 0), (2, 0), (3, 3) is 1.5
    assert ratios.exponent([(10, 1), (100, 1), (1000, 1000)]) == pytest.approx(1.5)
    assert ratios.exponent([(10, 1)]) is None


def test_goals_are_judged_by_ratios() -> None:
    verdicts = {(verdict.title, verdict.goal): verdict for verdict in goals.verdicts(RESULTS)}
    post = measures.load("post", 16).title
    prism = verdicts[post, "≥ 2.5 × Prism"]
    assert (prism.reached, prism.spread, prism.is_met) == (3, (2, 10), True)
    moto = verdicts[post, "≥ 8 × moto"]
    assert (moto.reached, moto.is_met) == (4, False)
    bare = verdicts["cost of a valid POST, 16 connections", "≤ 1.6 × bare Flask"]
    assert (bare.reached, bare.is_met) == (1.6, True)
    assert verdicts["time to the first response", "≤ 0.75 × moto"].reached == 0.8
    assert not verdicts["time to the first response", "≤ 0.75 × moto"].is_met
    assert not verdicts["time to the first response", "≤ 0.35 × Prism"].is_met
    assert verdicts["memory after the load", "≤ 1 × moto"].is_met
    unmeasured = verdicts[measures.load("refused", 16).title, "≥ 2.5 × Prism"]
    assert (unmeasured.reached, unmeasured.is_met) == (None, False)


def test_goals_are_judged_by_exponents() -> None:
    verdicts = {v.title: v for v in goals.verdicts(RESULTS) if "exponent" in v.goal}
    assert verdicts["get, by the number of carts"].is_met
    assert not verdicts["list, administrator, by the number of carts"].is_met
    assert verdicts["reset, by the number of carts"].reached == pytest.approx(0.1)
    assert not verdicts["fork, by the number of carts"].is_met  # not measured is not met
    assert verdicts["fork, by the number of carts"].reached is None


def test_no_verdict_names_a_peer_that_was_not_measured() -> None:
    assert not [verdict for verdict in goals.verdicts(RESULTS) if "WireMock" in verdict.goal]


def test_without_a_journal_is_compared_with_without_a_journal() -> None:
    sides = {
        "ours-without-journal": "ours without journal",
        "wiremock-without-journal": "WireMock without one",
    }
    results_of_both = {
        "contestants": {name: {"title": title} for name, title in sides.items()},
        "loads": [*load("ours-without-journal", 300), *load("wiremock-without-journal", 400)],
    }
    verdicts = [v for v in goals.verdicts(results_of_both) if "WireMock" in v.goal]
    post, write = (measures.load(job, 16).title for job in ("post", "write"))
    assert [(verdict.title, verdict.reached) for verdict in verdicts] == [
        (f"without journal, {post}", 0.75),
        (f"without journal, {write}", None),
    ]


def test_the_table_divides_ours_by_theirs_and_marks_where_ours_is_ahead() -> None:
    cells = rows(table.comparison_table(RESULTS))
    post = measures.load("post", 16)
    assert cells["ours ÷ theirs"] == ["better", "ours", "bare Flask", "Prism", "moto"]
    assert cells[post.title] == ["more", "400/s", "0.62", "**3.00**", "**4.00**"]
    assert cells[post.title.replace("requests/s", "p99")][2:] == ["1.60", "**0.33**", "**0.25**"]
    assert cells["time to the first response"] == ["less", "0.40 s", "–", "**0.40**", "**0.80**"]
    assert measures.load("get", 16).title not in cells


def test_the_table_of_goals_shows_what_was_reached() -> None:
    lines = table.goals_table(RESULTS).splitlines()
    title = measures.load("post", 16).title
    assert f"| {title} | ≥ 2.5 × Prism | **3.00** | 2.00 … 10.0 | met |" in lines
    assert f"| {title} | ≥ 8 × moto | **4.00** | 2.00 … 12.0 | not met |" in lines
    refused = measures.load("refused", 16).title
    assert f"| {refused} | ≥ 2.5 × Prism | – | – | not measured |" in lines


def test_the_table_of_sizes_shows_multiples_of_the_fewest_carts() -> None:
    cells = rows(table.size_table(RESULTS))
    assert cells["action"] == ["10 carts", "100 carts", "1,000 carts", "exponent"]
    assert cells["get"] == ["100 µs", "1.00", "1.00", "0.00"]
    assert cells["list, administrator"] == ["1.00 ms", "10.0", "100", "1.00"]


def test_the_tables_of_sandboxes_and_journal_show_ratios() -> None:
    cells = rows(table.sandboxes_table(RESULTS))
    assert cells["1"] == ["1.00", "1.00", "–"]
    assert cells["100"] == ["0.50", "3.00", "14.2 kB"]
    assert cells["requests/s with a journal"] == ["0.70"]


def test_tables_of_nothing_say_that_nothing_was_measured() -> None:
    assert table.size_table({}) == table.sandboxes_table({}) == "–"


def test_the_page_has_a_place_for_every_section() -> None:
    page = table.PAGE.read_text("utf-8")
    texts = {name: f"the text of {name}" for name in table.sections(RESULTS)}
    filled = table.fill_markers(page, texts)
    for text in texts.values():
        assert filled.count(text) == 1
    assert table.fill_markers(filled, texts) == filled
    with pytest.raises(LookupError):
        table.fill_markers(page, {"weather": "fine"})


def test_raw_results_are_kept_section_by_section(tmp_path: Path) -> None:
    file = tmp_path / "raw.json"
    results.keep(file, size=[1])
    assert results.keep(file, loads=[2]) == {"size": [1], "loads": [2]}
    assert results.read(file) == {"size": [1], "loads": [2]}
    file.write_text("not JSON", "utf-8")
    with pytest.raises(SystemExit, match="holds no results"):
        results.read(file)


def test_a_cart_is_written_again_only_after_all_others() -> None:
    paths = [request.path for request in writes()]
    assert max(CONNECTIONS) * 2 < CARTS == len(set(paths))
    assert paths[:CARTS] == paths[CARTS:]
    assert [request.method for request in writes()] == ["POST"] * CARTS + ["DELETE"] * CARTS


@pytest.mark.parametrize("module", MODULES)
def test_every_module_can_be_imported_without_matplotlib_and_psutil(module: str) -> None:
    assert import_module(f"benchmarks.{module}").__doc__
