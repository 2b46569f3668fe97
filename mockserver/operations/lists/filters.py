r"""The filter grammar of lists (contract.md §4), in the order in which it binds:

expression = all { "|" all }
all        = term { ":" term }
term       = operator "(" field { "," value } ")"
value      = '"' any text, with \" for a quote '"' | "'" likewise "'" | text without " , ( )

Which fields there are, and which operators each takes, is the list's own data.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockserver.core.errors import ApiError

Test = Callable[[Any], bool]
MAX_TERMS = 50


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a filter may test.

    `read` returns the field's value of a record, or with `many` several values, one of which must
    pass; `convert` turns a filter's text into a value of the same type, or raises ValueError: then
    the error message says what was `expected`.
    """

    operators: Sequence[str]
    read: Callable[[Any], Any]
    convert: Callable[[str], Any] = str
    expected: str = ""
    many: bool = False


Grammar = Mapping[str, Field]


def parse(expression: str, grammar: Grammar) -> Test:
    """Return the test that a filter expression means. Raises ApiError `invalid-filter`, whose
    detail gives the position, from 1, and what was expected there."""
    reader = _Reader(expression)
    alternatives: list[list[Test]] = [[]]
    while True:
        alternatives[-1].append(_term(reader, grammar))
        if reader.is_at_end:
            break
        if reader.take(r"[:|]", ": (and), | (or) or the end") == "|":
            alternatives.append([])
        if sum(map(len, alternatives)) >= MAX_TERMS:
            raise reader.invalid(f"at most {MAX_TERMS} conditions")
    return lambda record: any(all(test(record) for test in tests) for tests in alternatives)


def _term(reader: "_Reader", grammar: Grammar) -> Test:
    operators = list(dict.fromkeys(op for field in grammar.values() for op in field.operators))
    names = "|".join(sorted(operators, key=len, reverse=True))
    operator = reader.take(rf"(?:{names})\b", _either([f"{name}(…)" for name in operators]))
    reader.take(r"\(", "(")
    fields = [name for name, field in grammar.items() if operator in field.operators]
    at = reader.at
    name = reader.take(r"[\w.]+", "a field")
    if name not in fields:
        noun = "field" if len(fields) == 1 else "fields"
        raise reader.invalid(f"expected {_either(fields)}, the {noun} that {operator} takes", at)
    field = grammar[name]
    values = [] if operator == "is_null" else [_value(reader, field)]
    while operator == "in" and reader.is_at(","):
        values.append(_value(reader, field))
    reader.take(r"\)", ")")
    test = OPERATORS[operator](*([values] if operator == "in" else values))
    if field.many:
        return lambda record: any(map(test, field.read(record)))
    return lambda record: test(field.read(record))


def _value(reader: "_Reader", field: Field) -> Any:
    reader.take(",", ",")
    at = reader.at
    raw = reader.take(VALUE, 'a value, such as "*cart*"')
    is_quoted = raw[:1] in "\"'" and len(raw) > 1 and raw[-1] == raw[0]
    text = re.sub(r"(?s)\\(.)", r"\1", raw[1:-1]) if is_quoted else raw.strip()
    try:
        return field.convert(text)
    except ValueError:
        raise reader.invalid(f"expected {field.expected}", at) from None


VALUE = r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|[^",()]+"""


class _Reader:
    """A text that is read from left to right; blanks between its parts are skipped."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._skip()

    @property
    def is_at_end(self) -> bool:
        return self.at == len(self.text)

    def take(self, pattern: str, expected: str) -> str:
        """Return the text that a pattern matches here, or raise that it was `expected`."""
        match = re.compile(pattern, re.S).match(self.text, self.at)
        if match is None:
            raise self.invalid(f"expected {expected}")
        self.at = match.end()
        self._skip()
        return match[0]

    def is_at(self, character: str) -> bool:
        return self.text.startswith(character, self.at)

    def invalid(self, reason: str, at: int | None = None) -> ApiError:
        position = (self.at if at is None else at) + 1
        return ApiError("invalid-filter", reason=f"position {position}: {reason}")

    def _skip(self) -> None:
        while not self.is_at_end and self.text[self.at].isspace():
            self.at += 1


def _like(pattern: str, flags: int = 0) -> Test:
    """Return the test whether a text matches a pattern in which a star stands for any text.

    The texts between stars are searched for one after the other without backtracking (`(?>…)`), so
    that many stars take no more time than few.
    """
    first, *rest = (re.escape(part) for part in re.split(r"\*+", pattern))
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    regex = re.compile(first + middle + (".*" + rest[-1] if rest else ""), re.S | flags)
    return lambda text: text is not None and regex.fullmatch(text) is not None


OPERATORS: Mapping[str, Callable[..., Test]] = {
    "contains": lambda operand: lambda values: operand in values,
    "eq": lambda operand: lambda value: value == operand,
    "ge": lambda operand: lambda value: value >= operand,
    "gt": lambda operand: lambda value: value > operand,
    "ilike": lambda operand: _like(operand, re.I),
    "in": lambda operand: lambda value: value in operand,
    "is_null": lambda: lambda value: value is None,
    "le": lambda operand: lambda value: value <= operand,
    "like": _like,
    "lt": lambda operand: lambda value: value < operand,
}
"""Each operator: from the values in the filter to a test of the field's value."""


def _either(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
