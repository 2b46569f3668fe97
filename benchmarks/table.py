"""Tables of the results as Markdown: `python -m benchmarks.table [FILE]` makes them and the plots
again from raw results, and writes them into benchmarks/RESULTS.md between its markers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks import goals, measures, ratios, results
from benchmarks.measures import Measure, Results
from benchmarks.ratios import Ratio

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "benchmarks" / "RESULTS.md"
NOT_MEASURED = "–"


def machine(measured: Results) -> str:
    """Return the description of the machine and of the servers."""
    properties = dict(measured.get("machine", {}))
    date = properties.pop("date", NOT_MEASURED)
    versions = ", ".join(
        f"{contestant['title']} {contestant['version']}"
        for contestant in measured.get("contestants", {}).values()
    )
    details = "; ".join(f"{name}: {value}" for name, value in properties.items())
    effort = measured.get("effort", {})
    rounds = (
        f" Medians of {effort['rounds']} rounds, {effort['seconds']:g} s for each measurement."
        if effort
        else ""
    )
    return f"Measured on {date}. {details}. Servers: {versions}.{rounds}"


def goals_table(measured: Results) -> str:
    """Return the goals with the ratios that were reached."""
    rows = []
    for verdict in goals.verdicts(measured):
        if verdict.reached is None:
            rows.append((verdict.title, verdict.goal, NOT_MEASURED, NOT_MEASURED, "not measured"))
            continue
        spread = "" if verdict.spread is None else " … ".join(map(number, verdict.spread))
        reached = f"**{number(verdict.reached)}**"
        is_met = "met" if verdict.is_met else "not met"
        rows.append((verdict.title, verdict.goal, reached, spread, is_met))
    return markdown(("what", "goal", "reached", "rounds", "met?"), rows)


def comparison_table(measured: Results) -> str:
    """Return ours ÷ theirs for each measure; in bold where ours is better."""
    theirs = [name for name in measured.get("contestants", {}) if name != "ours"]
    titles = [measured["contestants"][name]["title"] for name in theirs]
    rows = [
        (
            measure.title,
            "more" if measure.more_is_better else "less",
            _own(measured, measure),
            *(_cell(measured, measure, name) for name in theirs),
        )
        for measure in measures.ALL
        if measure.of(measured, "ours")
    ]
    return markdown(("ours ÷ theirs", "better", "ours", *titles), rows)


def size_table(measured: Results) -> str:
    """Return what each action costs with more carts, relative to its cost with the fewest."""
    actions = list(dict.fromkeys(record["action"] for record in measured.get("size", ())))
    sizes = sorted({record["carts"] for record in measured.get("size", ())})
    rows = []
    for action in actions:
        costs = dict(goals.points(measured, action))
        first = costs[min(costs)]
        relative = [number(costs[n] / first) if n in costs else NOT_MEASURED for n in sizes[1:]]
        fitted = goals.fitted(measured, action)
        exponent = NOT_MEASURED if fitted is None else f"{fitted:.2f}"
        rows.append((action, duration(first), *relative, exponent))
    if not rows:
        return NOT_MEASURED
    heads = (f"{size:,} carts" for size in sizes)
    return markdown(("action", *heads, "exponent"), rows)


def sandboxes_table(measured: Results) -> str:
    """Return the costs of sandboxes, of an open dashboard, and of the journal."""
    parts = []
    if many := measured.get("sandboxes"):
        first = many[0]
        rows = [
            (
                f"{record['sandboxes']:,}",
                *(
                    _format(ratios.ratio(_rounds(record, name), _rounds(first, name)))
                    for name in ("requests_per_second", "p99_ms")
                ),
                _kilobytes(record),
            )
            for record in many
        ]
        head = ("sandboxes", "requests/s ÷ those with one", "p99 ÷ that with one", "memory each")
        parts.append(markdown(head, rows))
    pairs = [
        (record["what"], _format(ratios.ratio(_rounds(record, "with"), _rounds(record, "without"))))
        for record in (*measured.get("journal", ()), *measured.get("dashboard", ()))
    ]
    if pairs:
        parts.append(markdown(("what", "with ÷ without"), pairs))
    return "\n\n".join(parts) or NOT_MEASURED


def sections(measured: Results) -> dict[str, str]:
    """Return the texts between the page's markers, by the names of the markers."""
    return {
        "machine": machine(measured),
        "goals": goals_table(measured),
        "comparison": comparison_table(measured),
        "size": size_table(measured),
        "sandboxes": sandboxes_table(measured),
    }


def fill_markers(page: str, texts: dict[str, str]) -> str:
    """Return a page with texts between its markers. Raises LookupError for a missing marker."""
    for name, text in texts.items():
        pattern = re.compile(
            rf"(?<=<!-- benchmark: {name} -->\n).*?(?=<!-- end of {name} -->)", re.S
        )
        page, count = pattern.subn(lambda _, text=text: f"\n{text}\n\n", page)  # type: ignore[misc] # a default binds the loop's text
        if count != 1:
            raise LookupError(name)
    return page


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def number(value: float) -> str:
    """Return a number with about three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def duration(seconds: float) -> str:
    """Return a duration in microseconds or milliseconds."""
    micros = seconds * 1e6
    return f"{number(micros)} µs" if micros < 1000 else f"{number(micros / 1000)} ms"


def _own(measured: Results, measure: Measure) -> str:
    return f"{number(median(measure.of(measured, 'ours').values()))}{measure.unit}"


def _cell(measured: Results, measure: Measure, name: str) -> str:
    ratio = ratios.ratio(measure.of(measured, "ours"), measure.of(measured, name))
    if ratio is None:
        return NOT_MEASURED
    is_ahead = ratio.median > 1 if measure.more_is_better else ratio.median < 1
    return f"**{number(ratio.median)}**" if is_ahead else number(ratio.median)


def _format(ratio: Ratio | None) -> str:
    return NOT_MEASURED if ratio is None else number(ratio.median)


def _rounds(record: Results, name: str) -> dict[int, float]:
    return dict(enumerate(record[name]))


def _kilobytes(record: Results) -> str:
    kilobytes = record["kilobytes_each"]
    return NOT_MEASURED if kilobytes is None else f"{number(kilobytes)} kB"


def main(file: str = str(results.FILE)) -> None:
    """Print the tables of a file, and write them and the plots into the documents."""
    from benchmarks import plots  # matplotlib is slow to load

    if not Path(file).exists():
        raise SystemExit(f"no such file: {file}; python -m benchmarks makes it")
    measured = results.read(Path(file))
    texts = sections(measured)
    print("\n\n".join(texts.values()))
    PAGE.write_text(fill_markers(PAGE.read_text("utf-8"), texts), "utf-8")
    plots.draw(measured, PAGE.parent / "img")


if __name__ == "__main__":
    main(*sys.argv[1:2])
