"""The load: `wrk`, told what to send by a script, tells what came of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.work import Job, Request

PATIENCE = "10s"
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
    """What one run of the load came to."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float


def needed() -> None:
    """SystemExit, in one line, when the load can't be made."""
    if not shutil.which("wrk"):
        raise SystemExit("benchmarks need wrk: install it first (Debian: apt-get install wrk)")


def rate(port: int, job: Job, connections: int, seconds: float) -> Rate:
    """Send a job's requests over some connections for some seconds.

    SystemExit when an answer was of the wrong kind or never came.
    """
    with tempfile.TemporaryDirectory(prefix="wrk-") as folder:
        script = Path(folder, "job.lua")
        lines = (f"  requests[{n}] = {_lua(each)}" for n, each in enumerate(job.requests, 1))
        script.write_text(SCRIPT % "\n".join(lines), "utf-8")
        load = ("-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s")
        patience = ("--timeout", PATIENCE)
        run = subprocess.run(
            ["wrk", *load, *patience, "-s", str(script), f"http://127.0.0.1:{port}/"],
            capture_output=True,
            text=True,
            check=False,
        )
    told = run.stdout.strip().rpartition("\n")[2]
    if run.returncode or not told.startswith("{"):
        raise SystemExit(f"wrk failed: {(run.stderr or run.stdout).strip()[:300]}")
    found = json.loads(told)
    wanted = found["requests"] if job.is_refused else 0
    if found["broken"] or found["refused"] != wanted or not found["requests"]:
        raise SystemExit(f"answers were not what they are to be: {told}")
    seconds_taken = found["micros"] / 1e6
    return Rate(found["requests"] / seconds_taken, found["p50"] / 1e3, found["p99"] / 1e3)


def _lua(request: Request) -> str:
    headers = ", ".join(
        f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in request.headers.items()
    )
    body = json.dumps(request.body) if request.body else "nil"
    # a JSON text of ASCII characters is one of Lua's, too
    method, path = json.dumps(request.method), json.dumps(request.path)
    return f"wrk.format({method}, {path}, {{{headers}}}, {body})"
