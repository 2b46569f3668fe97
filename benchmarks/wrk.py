"""The load generator `wrk`: a script gives it the requests and prints its results as JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.work import Job, Request

TIMEOUT = "10s"
SCRIPT = """
local requests, n = {}, 0
function init(args)
%s
end
function request()
  n = n %% #requests + 1
  return requests[n]
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\n{"requests": %%d, "micros": %%d, "p50": %%f, "p99": %%f, "refused": %%d, "broken": %%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """The result of one run of the load."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float


def require() -> None:
    """Raise SystemExit with one line when `wrk` is missing."""
    if not shutil.which("wrk"):
        raise SystemExit("benchmarks need wrk: install it first (Debian: apt-get install wrk)")


def rate(port: int, job: Job, connections: int, seconds: float) -> Rate:
    """Send a job's requests over some connections for some seconds.

    Raises SystemExit when a response was wrong or missing.
    """
    with tempfile.TemporaryDirectory(prefix="wrk-") as folder:
        script = Path(folder, "job.lua")
        lines = (f"  requests[{n}] = {_lua(request)}" for n, request in enumerate(job.requests, 1))
        script.write_text(SCRIPT % "\n".join(lines), "utf-8")
        load = ("-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s")
        timeout = ("--timeout", TIMEOUT)
        run = subprocess.run(
            ["wrk", *load, *timeout, "-s", str(script), f"http://127.0.0.1:{port}/"],
            capture_output=True,
            text=True,
            check=False,
        )
    last_line = run.stdout.strip().rpartition("\n")[2]
    if run.returncode or not last_line.startswith("{"):
        raise SystemExit(f"wrk failed: {(run.stderr or run.stdout).strip()[:300]}")
    summary = json.loads(last_line)
    expected = summary["requests"] if job.is_refused else 0
    if summary["broken"] or summary["refused"] != expected or not summary["requests"]:
        raise SystemExit(f"responses were wrong or missing: {last_line}")
    seconds_taken = summary["micros"] / 1e6
    return Rate(summary["requests"] / seconds_taken, summary["p50"] / 1e3, summary["p99"] / 1e3)


def _lua(request: Request) -> str:
    headers = ", ".join(
        f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in request.headers.items()
    )
    body = json.dumps(request.body) if request.body else "nil"
    # a JSON string of ASCII characters is a Lua string, too
    method, path = json.dumps(request.method), json.dumps(request.path)
    return f"wrk.format({method}, {path}, {{{headers}}}, {body})"
