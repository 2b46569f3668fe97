"""Which operation a path and a method mean: the contract's paths as a tree of their segments.

A segment that is written out comes before a parameter, with all methods: those that it does not
have are none of the other's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mockserver.openapi.contract import Operation


@dataclass(slots=True)
class Methods:
    """What a path can do: its operations by their methods, HEAD among them where GET is."""

    operations: dict[str, Operation] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The methods as the header `Allow` names them."""
        return ", ".join(sorted(self.operations))


@dataclass(slots=True)
class _Segment:
    literal: dict[str, _Segment] = field(default_factory=dict)
    parameter: _Segment | None = None
    methods: Methods | None = None


class Routes:
    """The paths of some operations."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Segment()
        for operation in operations:
            segment = self._root
            for part in operation.path.split("/"):
                if part.startswith("{"):
                    segment.parameter = segment.parameter or _Segment()
                    segment = segment.parameter
                else:
                    segment = segment.literal.setdefault(part, _Segment())
            names = tuple(re.findall(r"{(\w+)}", operation.path))
            methods = segment.methods = segment.methods or Methods(names=names)
            methods.operations[operation.method] = operation
            if operation.method == "GET":
                methods.operations["HEAD"] = operation

    def find(self, path: str) -> tuple[Methods, Mapping[str, str]] | None:
        """Return what a path can do, with its parameters by name; None for one that is unknown."""
        values: list[str] = []
        methods = _find(self._root, path.split("/"), values)
        return None if methods is None else (methods, dict(zip(methods.names, values, strict=True)))


def _find(root: _Segment, parts: list[str], values: list[str]) -> Methods | None:
    """Return what the parts of a path lead to, and fill in the values of its parameters."""
    segment, at = root, 0
    later: list[tuple[_Segment, int, int]] = []
    while True:
        if at < len(parts):
            part = parts[at]
            at += 1
            written_out = segment.literal.get(part)
            parameter = segment.parameter if part else None
            if written_out is not None:
                if parameter is not None:
                    later.append((parameter, at, len(values)))
                segment = written_out
                continue
            if parameter is not None:
                values.append(part)
                segment = parameter
                continue
        elif segment.methods is not None:
            return segment.methods
        if not later:
            return None
        segment, at, kept = later.pop()
        values[kept:] = [parts[at - 1]]
