"""A YAML file as plain values, with the place of each, so that a mistake can be told as
`file:line:column`. Knows nothing of what a fixture means.

A file is not trusted: it may not be huge, aliases and merges may not make the tree much larger than
the file, nor deeper than any fixture is; tags other than YAML's own plain ones, numbers that JSON
does not have, and keys given twice, are mistakes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.reader import ReaderError

from mockserver.pointer import to_source

MOST_BYTES = 32 * 1024 * 1024
"""Several hundred thousand carts. Reading takes some seconds a megabyte."""
MOST_VALUES = 4_000_000
MOST_ALIASED = 100_000
"""How many values a file may have beyond one a byte, which only aliases give."""
MOST_DEPTH = 50
MOST_DIGITS = 100
MOST_TOLD = 1000
"""How many mistakes are told: more would bury the first ones."""
MOST_LINE = 4000
TAG = "tag:yaml.org,2002:"
TEXTS = ("str", "timestamp")
PLAIN = ("null", "bool", "int", "float")

PathKey = tuple[Any, ...]
Pairs = dict[str, tuple[yaml.Node, yaml.Node]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake. Line and column count from 1; 0 where there is no such place."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        told = f"{self.path + ': ' if self.path else ''}{self.message}"
        # a name in the file must neither break the line, nor fill it, nor talk to the terminal
        shown = "".join(each if each.isprintable() else "�" for each in told[:MOST_LINE])
        return f"{place}: {shown}{'…' if len(told) > MOST_LINE else ''}"


class FixtureError(ValueError):
    """Fixtures that can't be used, with every mistake in them, of very many the first ones."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        told, left = list(mistakes[:MOST_TOLD]), mistakes[MOST_TOLD:]
        if left:
            more = "and more from here on; correct the ones before first"
            told.append(replace(left[0], path="", message=more))
        super().__init__("\n".join(str(mistake) for mistake in told))
        self.mistakes = tuple(told)


@dataclass(slots=True)
class Source:
    """What a file says, and where."""

    file: str
    value: dict[str, Any] = field(default_factory=dict)
    places: dict[PathKey, tuple[int, int]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def mistake(self, path: PathKey, message: str, named: str | None = None) -> Mistake:
        """Return a mistake at a path such as `("carts", 3, "id")`, or at what encloses it."""
        inner = path
        while inner and inner not in self.places:
            inner = inner[:-1]
        line, column = self.places.get(inner, (1, 1))
        told = message.removeprefix(f"{named} ") if named else message
        return Mistake(self.file, line, column, to_source(path), told)

    def place(self, path: PathKey) -> str:
        """Return `file:line` of a path."""
        return f"{self.file}:{self.places.get(path, (1, 1))[0]}"


def read(path: Path) -> Source:
    """Read a file. What can't be read is told in the source's `mistakes`, never raised."""
    source = Source(str(path))
    try:
        text = _bytes(path)
        _bound(text)
        node = yaml.compose(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"can't be read: {error.problem or error.context}"
        source.mistakes.append(Mistake(source.file, line, column, "", message))
        return source
    except (yaml.YAMLError, OSError, RecursionError) as error:
        line, column = _place(text, error.position) if isinstance(error, ReaderError) else (1, 1)
        message = f"can't be read: {' '.join(str(error).split()) or type(error).__name__}"
        source.mistakes.append(Mistake(source.file, line, column, "", message))
        return source
    value = None if node is None else _Reader(source, len(text) + MOST_ALIASED).value(node, ())
    if isinstance(value, dict):
        source.value = value
    elif value is not None and not source.mistakes:
        message = "write a mapping of sections, such as carts: and accounts:"
        source.mistakes.append(Mistake(source.file, 1, 1, "", message))
    return source


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise yaml.YAMLError(f"it has more than {MOST_BYTES // 1024 // 1024} MiB; make it smaller")
    return text


def _place(text: bytes, position: int) -> tuple[int, int]:
    """Return line and column of a byte, from 1."""
    before = text[:position]
    return before.count(b"\n") + 1, position - before.rfind(b"\n")


def _bound(text: bytes) -> None:
    """Raise MarkedYAMLError for a file so deep that composing it would exhaust the C stack, or of
    so many values that it would exhaust the memory."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, yaml.CSafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH or count > MOST_VALUES:
            mark: Any = event.start_mark
            deep = f"nested more than {MOST_DEPTH} levels deep"
            problem = deep if depth > MOST_DEPTH else f"more than {MOST_VALUES} values"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _Stop(Exception):
    """The tree is too large or too deep to go on."""


class _Reader:
    def __init__(self, source: Source, most_nodes: int) -> None:
        self._source = source
        self._most_nodes = most_nodes
        self._constructor = SafeConstructor()
        self._nodes = 0
        self._merged: dict[yaml.Node, Pairs] = {}
        self._merging: list[yaml.Node] = []

    def value(self, node: yaml.Node, path: PathKey) -> Any:
        try:
            return self._value(node, path)
        except _Stop as stop:
            self._mistake(node, (), str(stop))
            return None

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > self._most_nodes:
            raise _Stop(f"more than {self._most_nodes} values once the aliases are written out")

    def _value(self, node: yaml.Node, path: PathKey) -> Any:
        self._count()
        if len(path) > MOST_DEPTH:
            raise _Stop(f"nested more than {MOST_DEPTH} levels deep at {to_source(path[:3])}…")
        self._source.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{TAG}map":
            pairs = self._pairs(node, path)
            return {name: self._value(each, (*path, name)) for name, (_, each) in pairs.items()}
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{TAG}seq":
            return [self._value(each, (*path, i)) for i, each in enumerate(node.value)]
        return self._scalar(node, path)

    def _pairs(self, node: yaml.MappingNode, path: PathKey) -> Pairs:
        """Return a mapping's keys and values by name, what it merges (`<<`) written out: its own
        win, then those of the first merged. PyYAML's own merging has no bound."""
        if node in self._merged:
            return self._merged[node]
        self._merging.append(node)
        own: Pairs = {}
        merged: Pairs = {}
        for key, each in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._mistake(key, path, "a key must be plain text")
            elif key.value in own:
                self._mistake(key, (*path, key.value), "this key stands twice; remove one")
            else:
                own[key.value] = (key, each)
                if key.tag == f"{TAG}merge":
                    for name, pair in self._merge(key, each, path).items():
                        merged.setdefault(name, pair)
        for name in [name for name, (key, _) in own.items() if key.tag == f"{TAG}merge"]:
            del own[name]
        self._merging.pop()
        self._merged[node] = merged | own
        return self._merged[node]

    def _merge(self, key: yaml.Node, node: yaml.Node, path: PathKey) -> Pairs:
        """Return what a mapping or a list of mappings gives the one that merges it."""
        pairs: Pairs = {}
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            self._count()
            if not isinstance(part, yaml.MappingNode) or part.tag != f"{TAG}map":
                self._mistake(key, path, "can't be merged: only mappings can")
            elif part in self._merging or len(self._merging) > MOST_DEPTH:
                self._mistake(key, path, "can't be merged: it is merged into itself, or too deep")
            else:
                for name, pair in self._pairs(part, path).items():
                    self._count()
                    pairs.setdefault(name, pair)
        return pairs

    def _scalar(self, node: yaml.Node, path: PathKey) -> Any:
        kind = node.tag.removeprefix(TAG)
        if not isinstance(node, yaml.ScalarNode) or kind not in (*TEXTS, *PLAIN):
            return self._mistake(node, path, f"the tag {node.tag} is not allowed here; remove it")
        if kind in TEXTS:
            return node.value
        try:
            value = (
                self._constructor.construct_object(node) if len(node.value) <= MOST_DIGITS else None
            )
        except (ConstructorError, ValueError, LookupError):  # such as !!int "" and !!bool x
            value = None
        if (value is None and kind != "null") or not _is_json(value):
            return self._mistake(node, path, f"not a valid {kind}; put it in quotes")
        return value

    def _mistake(self, node: yaml.Node, path: PathKey, message: str) -> None:
        mark = node.start_mark
        self._source.mistakes.append(
            Mistake(self._source.file, mark.line + 1, mark.column + 1, to_source(path), message)
        )


def _is_json(value: Any) -> bool:
    """Whether every reader of JSON knows a plain value: a number of 64 bits, or a finite double."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**64
