"""A YAML file as plain values, with the place of each, so that a mistake can be told as
`file:line:column`. Knows nothing of what a fixture means.

A file is not trusted: aliases may not make the tree much larger than the file, nor deeper than any
fixture is; tags other than YAML's own plain ones, and keys given twice, are mistakes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

from mockserver.pointer import to_source

MOST_ALIASED = 100_000
"""How many values a file may have beyond one a byte, which only aliases give."""
MOST_DEPTH = 50
PLAIN = ("null", "bool", "int", "float")

PathKey = tuple[Any, ...]


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
        return f"{place}: {self.path + ': ' if self.path else ''}{self.message}"


class FixtureError(ValueError):
    """Fixtures that can't be used, with every mistake in them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


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
        text = path.read_bytes()
        _bound_depth(text)
        node = yaml.compose(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"can't be read: {error.problem or error.context}"
        source.mistakes.append(Mistake(source.file, line, column, "", message))
        return source
    except (yaml.YAMLError, OSError, RecursionError) as error:
        message = f"can't be read: {' '.join(str(error).split()) or type(error).__name__}"
        source.mistakes.append(Mistake(source.file, 1, 1, "", message))
        return source
    value = None if node is None else _Reader(source, len(text) + MOST_ALIASED).value(node, ())
    if isinstance(value, dict):
        source.value = value
    elif value is not None and not source.mistakes:
        message = "write a mapping of sections, such as carts: and accounts:"
        source.mistakes.append(Mistake(source.file, 1, 1, "", message))
    return source


def _bound_depth(text: bytes) -> None:
    """Raise MarkedYAMLError for a file so deep that composing it would exhaust the C stack."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH:
            mark: Any = event.start_mark
            problem = f"nested more than {MOST_DEPTH} levels deep"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _Stop(Exception):
    """The tree is too large or too deep to go on."""


class _Reader:
    def __init__(self, source: Source, most_nodes: int) -> None:
        self._source = source
        self._most_nodes = most_nodes
        self._constructor = SafeConstructor()
        self._nodes = 0

    def value(self, node: yaml.Node, path: PathKey) -> Any:
        try:
            return self._value(node, path)
        except _Stop as stop:
            self._mistake(node, (), str(stop))
            return None

    def _value(self, node: yaml.Node, path: PathKey) -> Any:
        self._nodes += 1
        if self._nodes > self._most_nodes:
            raise _Stop(f"more than {self._most_nodes} values once the aliases are written out")
        if len(path) > MOST_DEPTH:
            raise _Stop(f"nested more than {MOST_DEPTH} levels deep at {to_source(path[:3])}…")
        self._source.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, yaml.MappingNode) and node.tag.endswith(":map"):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag.endswith(":seq"):
            return [self._value(each, (*path, i)) for i, each in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: PathKey) -> dict[str, Any]:
        own: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in own:
                    self._mistake(key, (*path, key.value), "this key stands twice; remove one")
                own.add(key.value)
        try:
            self._constructor.flatten_mapping(node)
        except (ConstructorError, RecursionError) as error:
            self._mistake(node, path, f"can't be merged: {getattr(error, 'problem', error)}")
            return {}
        value: dict[str, Any] = {}
        for key, each in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._mistake(key, path, "a key must be plain text")
                continue
            value[key.value] = self._value(each, (*path, key.value))
        return value

    def _scalar(self, node: yaml.Node, path: PathKey) -> Any:
        kind = node.tag.rpartition(":")[2]
        if not isinstance(node, yaml.ScalarNode):
            return self._mistake(node, path, f"the tag {node.tag} is not allowed here; remove it")
        if kind in ("str", "timestamp"):
            return node.value
        if kind not in PLAIN or not node.tag.startswith("tag:yaml.org"):
            return self._mistake(node, path, f"the tag {node.tag} is not allowed here; remove it")
        try:
            return self._constructor.construct_object(node)
        except (ConstructorError, ValueError, LookupError):  # such as !!int "" and !!bool x
            return self._mistake(node, path, f"not a valid {kind}; put it in quotes")

    def _mistake(self, node: yaml.Node, path: PathKey, message: str) -> None:
        mark = node.start_mark
        self._source.mistakes.append(
            Mistake(self._source.file, mark.line + 1, mark.column + 1, to_source(path), message)
        )
