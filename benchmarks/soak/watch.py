"""A server's processes from outside: memory, threads and descriptors once a second, and whether
they grow.
"""

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
LEAST_S, LONG_RUN_S = 60, 40 * 60
"""How long the time after warm-up must be for a word on growth, and for an hour's bound."""
LONG_BOUND_MB_H = 1.0
"""What a run of an hour may grow by."""
SHORT_BOUND_MB_H = 400.0
"""What a shorter run may grow by beyond three standard errors. On a quiet machine the least used
sandboxes still fill in minutes two to five, by 265 MB an hour, and have done so by minute six; a
leak of 100 bytes a request is 600. In less than `LEAST_S` nothing can be said."""
MORE_THREADS, MORE_DESCRIPTORS = 12, 24
"""How many more there may be at the end than after warm-up: slow clients keep some for a while."""
ALLOCATED = ("Pss_Anon", "Pss_Shmem")
"""What the kernel calls the parts of a process's memory that are no file's."""
MORE_AT_REST = 2
"""How many more descriptors there may be when everybody has gone."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: `at` in seconds since the start, memory that all processes have allocated in
    megabytes, shared pages counted once."""

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

    Neighbouring samples resemble each other, so there is less in them than their number says: the
    error is widened by what the first-order correlation of the residuals takes away.
    """
    n = len(times)
    if n < 3:
        return Slope(0.0, math.inf)
    mean_t, mean_v = math.fsum(times) / n, math.fsum(values) / n
    spread = math.fsum((t - mean_t) ** 2 for t in times)
    pairs = list(zip(times, values, strict=True))
    growth = math.fsum((t - mean_t) * (v - mean_v) for t, v in pairs) / spread
    rest = [v - mean_v - growth * (t - mean_t) for t, v in pairs]
    squares = math.fsum(each**2 for each in rest)
    error = math.sqrt(squares / (n - 2) / spread)
    if squares > 0:
        neighbours = math.fsum(a * b for a, b in pairwise(rest))
        correlation = min(max(neighbours / squares, 0.0), 0.99)
        error *= math.sqrt((1 + correlation) / (1 - correlation))
    return Slope(growth * 3600, error * 3600)


@dataclass(slots=True)
class Watch:
    """Looks at the process of a server and at those that it started."""

    name: str
    pid: int
    samples: list[Sample] = field(default_factory=list)
    rest_before: int = 0
    rest_after: int = 0

    def look(self, at: float) -> Sample:
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
        warm = [each for each in self.samples if each.at >= warm_up] or self.samples[-1:]
        part = max(1, len(warm) // 5)
        first, last = warm[:part], warm[-part:]
        return Growth(
            name=self.name,
            seconds=warm[-1].at - warm[0].at if warm else 0.0,
            memory=slope([each.at for each in warm], [each.memory for each in warm]),
            memory_first=median(each.memory for each in first),
            memory_last=median(each.memory for each in last),
            threads_first=round(median(each.threads for each in first)),
            threads_last=round(median(each.threads for each in last)),
            descriptors_first=round(median(each.descriptors for each in first)),
            descriptors_last=round(median(each.descriptors for each in last)),
            rest_before=self.rest_before,
            rest_after=self.rest_after,
        )


@dataclass(frozen=True, slots=True)
class Growth:
    """How a server grew in the `seconds` after warm-up: a slope, and medians of the first and the
    last fifth.

    `rest_before` and `rest_after` are the descriptors before anybody came and after all had gone.
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
        """Return what grew that must not, if anything."""
        surely, bound = self.memory.per_hour, LONG_BOUND_MB_H
        if self.seconds < LONG_RUN_S:
            surely, bound = surely - 3 * self.memory.error, SHORT_BOUND_MB_H
        grown = (
            ("memory, in MB an hour,", surely, bound),
            ("threads", self.threads_last - self.threads_first, MORE_THREADS),
            ("descriptors", self.descriptors_last - self.descriptors_first, MORE_DESCRIPTORS),
        )
        at_rest = ("descriptors at rest", self.rest_after - self.rest_before, MORE_AT_REST)
        for what, grew, most in (*(grown if self.seconds >= LEAST_S else ()), at_rest):
            if grew > most:
                return f"the {self.name}'s {what} grew by {grew:.1f}; at most {most} is no leak"
        return None


def _memory(process: psutil.Process) -> int:
    """Return how many bytes a process has allocated: pages that n processes share count as an n-th.

    Pages of files are left out where that is possible: the system drops them and reads them again
    as it likes, and none of them can leak.
    """
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:  # another system; or the process is gone, which is told by this
        return bytes_of(process)
    sizes = dict(line.split(":", 1) for line in lines[1:])
    return sum(int(sizes[name].split()[0]) for name in ALLOCATED) * 1024
