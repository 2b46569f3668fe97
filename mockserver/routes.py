"""Which operation a path and a method mean: the contract's paths as a tree of their segments.

A segment that is written out comes before a parameter, with all methods: those that it does not
have are none of the other's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mockserver.contract import Operation


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
        methods = _find(self._root, path.split("/"), 0, values)
        return None if methods is None else (methods, dict(zip(methods.names, values, strict=True)))


def _find(segment: _Segment, parts: list[str], at: int, values: list[str]) -> Methods | None:
    if at == len(parts):
        return segment.methods
    part = parts[at]
    written_out = segment.literal.get(part)
    if written_out is not None:
        found = _find(written_out, parts, at + 1, values)
        if found is not None:
            return found
    if segment.parameter is None or not part:
        return None
    values.append(part)
    found = _find(segment.parameter, parts, at + 1, values)
    if found is None:
        values.pop()
    return found
