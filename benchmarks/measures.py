"""The measures of a contestant: the name of each, its unit, and which direction is better.

Results are the JSON value that `results` stores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.work import CONNECTIONS, JOBS

Results = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the table. `where` holds the values that select the records of a `section`, `value`
    names the number in them."""

    title: str
    section: str
    value: str
    unit: str
    more_is_better: bool
    where: tuple[tuple[str, Any], ...] = ()

    def of(self, results: Results, contestant: str) -> dict[int, float]:
        """Return a contestant's value in each round."""
        selected = {"contestant": contestant, **dict(self.where)}
        return {
            record["round"]: record[self.value]
            for record in results.get(self.section, ())
            if all(record[name] == value for name, value in selected.items())
        }


VALUES = (
    ("requests_per_second", "requests/s", "/s", True),
    ("p50_ms", "p50", " ms", False),
    ("p99_ms", "p99", " ms", False),
)


def load(job: str, connections: int, value: str = "requests_per_second") -> Measure:
    """Return the measure of a job at a number of connections."""
    title, unit, more = next((t, u, more) for name, t, u, more in VALUES if name == value)
    plural = "" if connections == 1 else "s"
    where = (("job", job), ("connections", connections))
    title = f"{JOBS[job]}, {connections} connection{plural}: {title}"
    return Measure(title, "loads", value, unit, more, where)


FIRST_RESPONSE = Measure(
    "time to the first response", "footprints", "first_response_s", " s", False
)
REST = Measure("memory after it", "footprints", "rest_mb", " MB", False)
LOADED = Measure("memory after the load", "footprints", "loaded_mb", " MB", False)
ALL = (
    *(load(job, count, value[0]) for job in JOBS for count in CONNECTIONS for value in VALUES),
    *(FIRST_RESPONSE, REST, LOADED),
)
"""All measures, in the table's order."""
