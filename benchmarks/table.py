"""The tables, as Markdown: `python -m benchmarks.table [FILE]` makes them, and the plots, again
from raw numbers, and writes them into docs/performance.md between its markers.
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
PAGE = ROOT / "docs" / "performance.md"
NOT_MEASURED = "–"


def machine(found: Results) -> str:
    """Return the description of the machine, and of what ran on it."""
    told = dict(found.get("machine", {}))
    date = told.pop("date", NOT_MEASURED)
    versions = ", ".join(
        f"{each['title']} {each['version']}" for each in found.get("contestants", {}).values()
    )
    facts = "; ".join(f"{name}: {value}" for name, value in told.items())
    effort = found.get("effort", {})
    rounds = (
        f" Medians of {effort['rounds']} rounds, {effort['seconds']:g} s for each measurement."
        if effort
        else ""
    )
    return f"Measured on {date}. {facts}. Servers: {versions}.{rounds}"


def goals_table(found: Results) -> str:
    """Return the goals with the ratios that were reached."""
    rows = []
    for each in goals.verdicts(found):
        if each.reached is None:
            rows.append((each.title, each.goal, NOT_MEASURED, NOT_MEASURED, "not measured"))
            continue
        low_high = "" if each.spread is None else " … ".join(map(number, each.spread))
        reached = f"**{number(each.reached)}**"
        rows.append((each.title, each.goal, reached, low_high, "met" if each.is_met else "not met"))
    return markdown(("what", "goal", "reached", "rounds", "met?"), rows)


def comparison_table(found: Results) -> str:
    """Return ours ÷ theirs for each measure; in bold where ours is the better one."""
    theirs = [name for name in found.get("contestants", {}) if name != "ours"]
    titles = [found["contestants"][name]["title"] for name in theirs]
    rows = [
        (
            each.title,
            "more" if each.more_is_better else "less",
            _own(found, each),
            *(_cell(found, each, name) for name in theirs),
        )
        for each in measures.ALL
        if each.of(found, "ours")
    ]
    return markdown(("ours ÷ theirs", "better", "ours", *titles), rows)


def size_table(found: Results) -> str:
    """Return what each action costs in larger worlds, beside its cost in the smallest one."""
    actions = list(dict.fromkeys(each["action"] for each in found.get("size", ())))
    sizes = sorted({each["carts"] for each in found.get("size", ())})
    rows = []
    for action in actions:
        costs = dict(goals.points(found, action))
        first = costs[min(costs)]
        relative = [number(costs[n] / first) if n in costs else NOT_MEASURED for n in sizes[1:]]
        fitted = goals.fitted(found, action)
        exponent = NOT_MEASURED if fitted is None else f"{fitted:.2f}"
        rows.append((action, duration(first), *relative, exponent))
    if not rows:
        return NOT_MEASURED
    heads = (f"{size:,} carts" for size in sizes)
    return markdown(("action", *heads, "exponent"), rows)


def sandboxes_table(found: Results) -> str:
    """Return the costs that grow with sandboxes, pages that look on, and the journal."""
    parts = []
    if many := found.get("sandboxes"):
        first = many[0]
        rows = [
            (
                f"{each['sandboxes']:,}",
                *(
                    _shown(ratios.ratio(_rounds(each, name), _rounds(first, name)))
                    for name in ("requests_per_second", "p99_ms")
                ),
                _kilobytes(each),
            )
            for each in many
        ]
        head = ("sandboxes", "requests/s ÷ those with one", "p99 ÷ that with one", "memory each")
        parts.append(markdown(head, rows))
    pairs = [
        (each["what"], _shown(ratios.ratio(_rounds(each, "with"), _rounds(each, "without"))))
        for each in (*found.get("journal", ()), *found.get("dashboard", ()))
    ]
    if pairs:
        parts.append(markdown(("what", "with ÷ without"), pairs))
    return "\n\n".join(parts) or NOT_MEASURED


def sections(found: Results) -> dict[str, str]:
    """Return what stands between the page's markers, by their names."""
    return {
        "machine": machine(found),
        "goals": goals_table(found),
        "comparison": comparison_table(found),
        "size": size_table(found),
        "sandboxes": sandboxes_table(found),
    }


def filled(page: str, texts: dict[str, str]) -> str:
    """Return a page with texts put between its markers. LookupError when a marker is missing."""
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
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)


def number(value: float) -> str:
    """Return a number with about three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def duration(seconds: float) -> str:
    """Return a duration in microseconds or milliseconds."""
    micros = seconds * 1e6
    return f"{number(micros)} µs" if micros < 1000 else f"{number(micros / 1000)} ms"


def _own(found: Results, measure: Measure) -> str:
    return f"{number(median(measure.of(found, 'ours').values()))}{measure.unit}"


def _cell(found: Results, measure: Measure, name: str) -> str:
    ratio = ratios.ratio(measure.of(found, "ours"), measure.of(found, name))
    if ratio is None:
        return NOT_MEASURED
    is_ahead = ratio.median > 1 if measure.more_is_better else ratio.median < 1
    return f"**{number(ratio.median)}**" if is_ahead else number(ratio.median)


def _shown(ratio: Ratio | None) -> str:
    return NOT_MEASURED if ratio is None else number(ratio.median)


def _rounds(record: Results, name: str) -> dict[int, float]:
    return dict(enumerate(record[name]))


def _kilobytes(record: Results) -> str:
    each = record["kilobytes_each"]
    return NOT_MEASURED if each is None else f"{number(each)} kB"


def main(file: str = str(results.FILE)) -> None:
    """Print the tables of a file, and write them and the plots into the documents."""
    from benchmarks import plots  # matplotlib is slow to load

    if not Path(file).exists():
        raise SystemExit(f"there is no {file}; python -m benchmarks makes it")
    found = results.read(Path(file))
    texts = sections(found)
    print("\n\n".join(texts.values()))
    PAGE.write_text(filled(PAGE.read_text("utf-8"), texts), "utf-8")
    plots.draw(found, ROOT / "docs" / "img")


if __name__ == "__main__":
    main(*sys.argv[1:2])
