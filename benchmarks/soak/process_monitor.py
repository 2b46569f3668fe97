"""Monitors a server's processes: samples memory, threads and descriptors, and reports growth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

import psutil

from benchmarks.processes import bytes_of

MEGABYTE = 1024 * 1024
MIN_SAMPLED_S, LONG_RUN_S = 60, 40 * 60
"""How long the time after warm-up must be to judge growth, and for the limit of a long run."""
MAX_LONG_MB_PER_H = 1.0
"""How much a run of an hour may grow."""
MAX_SHORT_MB_PER_H = 400.0
"""How much a shorter run may grow beyond three standard errors. On an idle machine the least used
sandboxes still fill in minutes two to five, by 265 MB an hour, and are full by minute six; a leak
of 100 bytes per request is 600. Growth in less than `MIN_SAMPLED_S` is not judged."""
MAX_MORE_THREADS, MAX_MORE_DESCRIPTORS = 12, 24
"""How many more there may be at the end than after warm-up: slow clients keep some for a while."""
ALLOCATED = ("Pss_Anon", "Pss_Shmem")
"""The kernel's names for the parts of a process's memory that belong to no file."""
MAX_MORE_AT_REST = 2
"""How many more descriptors there may be when all clients have gone."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample: `at` in seconds since the start, the memory that all processes have allocated in
    megabytes, with shared pages counted once."""

    at: float
    memory: float
    threads: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Slope:
    """A straight line's growth in units an hour, with its standard error."""

    per_hour: float
    error: float


def slope(times: Sequence[float], values: Sequence[float]) -> Slope:
    """Fit a straight line by least squares; `times` are seconds.

    Neighbouring samples are correlated, so they hold less information than their number suggests:
    the error is widened by the first-order correlation of the residuals.
    """
    n = len(times)
    if n < 3:
        return Slope(0.0, math.inf)
    mean_t, mean_v = math.fsum(times) / n, math.fsum(values) / n
    spread = math.fsum((t - mean_t) ** 2 for t in times)
    pairs = list(zip(times, values, strict=True))
    growth = math.fsum((t - mean_t) * (v - mean_v) for t, v in pairs) / spread
    residuals = [v - mean_v - growth * (t - mean_t) for t, v in pairs]
    squares = math.fsum(residual**2 for residual in residuals)
    error = math.sqrt(squares / (n - 2) / spread)
    if squares > 0:
        neighbours = math.fsum(a * b for a, b in pairwise(residuals))
        correlation = min(max(neighbours / squares, 0.0), 0.99)
        error *= math.sqrt((1 + correlation) / (1 - correlation))
    return Slope(growth * 3600, error * 3600)


@dataclass(slots=True)
class ProcessMonitor:
    """Samples the process of a server and its children."""

    name: str
    pid: int
    samples: list[Sample] = field(default_factory=list)
    rest_before: int = 0
    rest_after: int = 0

    def sample(self, at: float) -> Sample:
        """Take a sample. Raises psutil.NoSuchProcess when the server has died."""
        top = psutil.Process(self.pid)
        memory, threads, descriptors = 0.0, 0, 0
        for process in (top, *top.children(recursive=True)):
            memory += _memory(process) / MEGABYTE
            threads += process.num_threads()
            descriptors += process.num_fds()
        return Sample(at, memory, threads, descriptors)

    def growth(self, warm_up: float) -> Growth:
        """Return how the server grew after `warm_up` seconds."""
        warm = [sample for sample in self.samples if sample.at >= warm_up] or self.samples[-1:]
        part = max(1, len(warm) // 5)
        first, last = warm[:part], warm[-part:]
        return Growth(
            name=self.name,
            seconds=warm[-1].at - warm[0].at if warm else 0.0,
            memory=slope([s.at for s in warm], [s.memory for s in warm]),
            memory_first=median(s.memory for s in first),
            memory_last=median(s.memory for s in last),
            threads_first=round(median(s.threads for s in first)),
            threads_last=round(median(s.threads for s in last)),
            descriptors_first=round(median(s.descriptors for s in first)),
            descriptors_last=round(median(s.descriptors for s in last)),
            rest_before=self.rest_before,
            rest_after=self.rest_after,
        )


@dataclass(frozen=True, slots=True)
class Growth:
    """How a server grew in the `seconds` after warm-up: a slope, and medians of the first and the
    last fifth.

    `rest_before` and `rest_after` are the descriptors before the first and after the last client.
    """

    name: str
    seconds: float
    memory: Slope
    memory_first: float
    memory_last: float
    threads_first: int
    threads_last: int
    descriptors_first: int
    descriptors_last: int
    rest_before: int
    rest_after: int

    def breach(self) -> str | None:
        """Return what grew by more than it may, if anything."""
        growth, limit = self.memory.per_hour, MAX_LONG_MB_PER_H
        if self.seconds < LONG_RUN_S:
            growth, limit = growth - 3 * self.memory.error, MAX_SHORT_MB_PER_H
        limits = (
            ("memory, in MB an hour,", growth, limit),
            ("threads", self.threads_last - self.threads_first, MAX_MORE_THREADS),
            ("descriptors", self.descriptors_last - self.descriptors_first, MAX_MORE_DESCRIPTORS),
        )
        at_rest = ("descriptors at rest", self.rest_after - self.rest_before, MAX_MORE_AT_REST)
        for what, grew, maximum in (*(limits if self.seconds >= MIN_SAMPLED_S else ()), at_rest):
            if grew > maximum:
                return f"the {self.name}'s {what} grew by {grew:.1f}; the limit is {maximum}"
        return None


def _memory(process: psutil.Process) -> int:
    """Return how many bytes a process has allocated: pages shared by n processes count as an n-th.

    Pages of files are left out where that is possible: the system drops and rereads them as it
    likes, and none of them can leak.
    """
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:  # not Linux; or the process is gone: then this raises
        return bytes_of(process)
    sizes = dict(line.split(":", 1) for line in lines[1:])
    return sum(int(sizes[name].split()[0]) for name in ALLOCATED) * 1024
