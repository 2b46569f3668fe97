"""Routing: the operation of a path and a method, found in a tree of path segments.

A literal segment takes precedence over a parameter, for all methods: a method that the literal path
does not have is not looked for elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mockserver.openapi.contract import Operation


@dataclass(slots=True)
class Methods:
    """The operations of a path by method, with HEAD wherever there is GET."""

    operations: dict[str, Operation] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The value of the header `Allow`."""
        return ", ".join(sorted(self.operations))


@dataclass(slots=True)
class _Segment:
    literal: dict[str, _Segment] = field(default_factory=dict)
    parameter: _Segment | None = None
    methods: Methods | None = None


class Routes:
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
        """Return a path's methods and its parameters by name; None for an unknown path."""
        values: list[str] = []
        methods = _find(self._root, path.split("/"), values)
        return None if methods is None else (methods, dict(zip(methods.names, values, strict=True)))


def _find(root: _Segment, parts: list[str], values: list[str]) -> Methods | None:
    """Return the methods of a path's parts, and fill in the values of its parameters."""
    segment, at = root, 0
    alternatives: list[tuple[_Segment, int, int]] = []
    while True:
        if at < len(parts):
            part = parts[at]
            at += 1
            literal = segment.literal.get(part)
            parameter = segment.parameter if part else None
            if literal is not None:
                if parameter is not None:
                    alternatives.append((parameter, at, len(values)))
                segment = literal
                continue
            if parameter is not None:
                values.append(part)
                segment = parameter
                continue
        elif segment.methods is not None:
            return segment.methods
        if not alternatives:
            return None
        segment, at, kept = alternatives.pop()
        values[kept:] = [parts[at - 1]]
