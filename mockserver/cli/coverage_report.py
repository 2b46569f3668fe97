"""The coverage report as text, JSON, JUnit XML, HTML and Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment

from mockserver.sandbox.coverage import Report

HTML = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Contract coverage {{ report.percent }} %</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; }
  td, th { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0;
           border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
  code { font-size: .85em; overflow-wrap: anywhere; }
  .never { font-weight: bold; }
</style>
<h1>Contract coverage: {{ report.percent }} %</h1>
<p>{{ report.outcomes.seen }} of {{ report.outcomes.documented }} documented outcomes were seen:
{{ report.successes.seen }} of {{ report.successes.documented }} successes,
{{ report.errors.seen }} of {{ report.errors.documented }} errors.</p>
{% if report.client_warnings %}
<h2>Client warnings</h2>
<table>
<tr><th>warning<th>times<th>last seen<th>better</tr>
{% for item in report.client_warnings %}
<tr><td>{{ item.warning }}<td>{{ item.count }}<td>{{ item.detail }}<td>{{ item.advice }}</tr>
{% endfor %}
</table>
{% endif %}
{% for operation in report.operations %}
<h2>{{ operation.id }} <code>{{ operation.request }}</code></h2>
<table>
<tr><th>outcome<th>seen<th>how to provoke it</tr>
{% for outcome in operation.outcomes %}
<tr><td>{{ outcome.status }} {{ outcome.error or "" }}
<td{% if not outcome.count %} class="never"{% endif %}>{{ outcome.count or "never" }}
<td>
{% if outcome.error and not outcome.count %}{{ outcome.cause }}
<br><code>{{ outcome.curl }}</code>{% endif %}
</tr>
{% endfor %}
</table>
{% endfor %}
</html>
"""


def text(report: Report) -> str:
    """Return the report for a terminal: uncovered errors first, with commands to provoke them."""
    lines = []
    for operation, outcome in _outcomes(report):
        if outcome["error"] and not outcome["count"]:
            lines += [
                f"never: {operation['id']} {outcome['status']} {outcome['error']}",
                f"  {outcome['cause']}",
                f"  {outcome['curl']}",
            ]
    for operation, outcome in _outcomes(report):
        if outcome["error"] is None and not outcome["count"]:
            lines.append(f"never: {operation['id']} {outcome['status']}")
    for item in report["client_warnings"]:
        lines.append(f"warning: {item['warning']} ({item['count']} times): {item['detail']}")
        lines.append(f"  {item['advice']}")
    return "\n".join([*lines, _summary(report), ""])


def markdown(report: Report) -> str:
    """Return the report for a comment on a pull request."""
    lines = [f"# Contract coverage: {report['percent']} %", "", _summary(report), ""]
    if report["client_warnings"]:
        lines += ["| warning | times | last seen | better |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {item['warning']} | {item['count']} | {_cell(item['detail'])} | {item['advice']} |"
            for item in report["client_warnings"]
        ]
        lines.append("")
    lines += ["| operation | outcome | seen |", "| --- | --- | --- |"]
    for operation, outcome in _outcomes(report):
        lines.append(
            f"| {operation['id']} | {_name(outcome)} | {outcome['count'] or '**never**'} |"
        )
    return "\n".join([*lines, ""])


def junit(report: Report) -> str:
    """Return the report as JUnit XML: one test case per outcome, failed if it was never seen."""
    outcomes = list(_outcomes(report))
    failures = sum(not outcome["count"] for _, outcome in outcomes)
    suite = ElementTree.Element(
        "testsuite", name="contract coverage", tests=str(len(outcomes)), failures=str(failures)
    )
    for operation, outcome in outcomes:
        attributes = {"classname": operation["id"], "name": _name(outcome)}
        case = ElementTree.SubElement(suite, "testcase", attributes)
        if not outcome["count"]:
            failure = ElementTree.SubElement(case, "failure", message="never seen")
            failure.text = outcome.get("curl")
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def html(report: Report) -> str:
    """Return the report as a self-contained HTML file."""
    return (
        Environment(autoescape=True, keep_trailing_newline=True)
        .from_string(HTML)
        .render(report=report)
    )


def as_json(report: Report) -> str:
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _outcomes(report: Report) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for operation in report["operations"]:
        for outcome in operation["outcomes"]:
            yield operation, outcome


def _name(outcome: dict[str, Any]) -> str:
    return f"{outcome['status']} {outcome['error'] or ''}".strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _summary(report: Report) -> str:
    parts = ", ".join(
        f"{report[kind]['seen']} of {report[kind]['documented']} {kind}"
        for kind in ("successes", "errors")
    )
    return f"{report['percent']} % of the contract: {parts} seen"


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": text,
    "json": as_json,
    "junit": junit,
    "html": html,
    "markdown": markdown,
}
