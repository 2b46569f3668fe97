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


def same(text: str) -> str:
    """Take a filter's value as it is written."""
    return text


@dataclass(frozen=True, slots=True)
class Field:
    """What a filter may ask about a record.

    `read` takes the field's value out of a record, or with `many` several values, one of which must
    pass; `convert` makes a value of the same type of a filter's text, or raises ValueError, and
    then `expected` says what to write instead.
    """

    operators: Sequence[str]
    read: Callable[[Any], Any]
    convert: Callable[[str], Any] = same
    expected: str = ""
    many: bool = False


Grammar = Mapping[str, Field]


def parse(expression: str, grammar: Grammar) -> Test:
    """Return the test that a filter expression stands for. Raises ApiError `invalid-filter`,
    whose detail gives the position, from 1, and what was expected there."""
    reader = _Reader(expression)
    alternatives: list[list[Test]] = [[]]
    while True:
        alternatives[-1].append(_term(reader, grammar))
        if reader.ended:
            break
        if reader.take(r"[:|]", ": (and), | (or) or the end") == "|":
            alternatives.append([])
        if sum(map(len, alternatives)) >= MAX_TERMS:
            raise reader.invalid(f"at most {MAX_TERMS} conditions")
    return lambda record: any(all(test(record) for test in tests) for tests in alternatives)


def _term(reader: "_Reader", grammar: Grammar) -> Test:
    """Read one condition."""
    operators = list(dict.fromkeys(each for field in grammar.values() for each in field.operators))
    names = "|".join(sorted(operators, key=len, reverse=True))
    operator = reader.take(rf"(?:{names})\b", _either([f"{each}(…)" for each in operators]))
    reader.take(r"\(", "(")
    takers = [name for name, field in grammar.items() if operator in field.operators]
    at = reader.at
    name = reader.take(r"[\w.]+", "a field")
    if name not in takers:
        fields = "field" if len(takers) == 1 else "fields"
        raise reader.invalid(f"expected {_either(takers)}, the {fields} that {operator} takes", at)
    field = grammar[name]
    values = [] if operator == "is_null" else [_value(reader, field)]
    while operator == "in" and reader.sees(","):
        values.append(_value(reader, field))
    reader.take(r"\)", ")")
    test = OPERATORS[operator](*([values] if operator == "in" else values))
    if field.many:
        return lambda record: any(map(test, field.read(record)))
    return lambda record: test(field.read(record))


def _value(reader: "_Reader", field: Field) -> Any:
    reader.take(",", ",")
    at = reader.at
    written = reader.take(VALUE, 'a value, such as "*cart*"')
    quoted = written[:1] in "\"'" and len(written) > 1 and written[-1] == written[0]
    text = re.sub(r"(?s)\\(.)", r"\1", written[1:-1]) if quoted else written.strip()
    try:
        return field.convert(text)
    except ValueError:
        raise reader.invalid(f"expected {field.expected}", at) from None


VALUE = r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|[^",()]+"""


class _Reader:
    """A text that is read from left to right; blanks between its parts do not count."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._skip()

    @property
    def ended(self) -> bool:
        return self.at == len(self.text)

    def take(self, pattern: str, expected: str) -> str:
        """Read what a pattern means, or say that it was expected here."""
        match = re.compile(pattern, re.S).match(self.text, self.at)
        if match is None:
            raise self.invalid(f"expected {expected}")
        self.at = match.end()
        self._skip()
        return match[0]

    def sees(self, character: str) -> bool:
        return self.text.startswith(character, self.at)

    def invalid(self, reason: str, at: int | None = None) -> ApiError:
        place = (self.at if at is None else at) + 1
        return ApiError("invalid-filter", reason=f"position {place}: {reason}")

    def _skip(self) -> None:
        while not self.ended and self.text[self.at].isspace():
            self.at += 1


def _like(wanted: str, flags: int = 0) -> Test:
    """Return whether a text is like one in which a star stands for any text.

    The texts between stars are sought one after the other and never again (`(?>…)`), so that many
    stars take no more time than few.
    """
    first, *others = (re.escape(part) for part in re.split(r"\*+", wanted))
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    pattern = re.compile(first + middle + (".*" + others[-1] if others else ""), re.S | flags)
    return lambda text: text is not None and pattern.fullmatch(text) is not None


OPERATORS: Mapping[str, Callable[..., Test]] = {
    "contains": lambda wanted: lambda values: wanted in values,
    "eq": lambda wanted: lambda value: value == wanted,
    "ge": lambda wanted: lambda value: value >= wanted,
    "gt": lambda wanted: lambda value: value > wanted,
    "ilike": lambda wanted: _like(wanted, re.I),
    "in": lambda wanted: lambda value: value in wanted,
    "is_null": lambda: lambda value: value is None,
    "le": lambda wanted: lambda value: value <= wanted,
    "like": _like,
    "lt": lambda wanted: lambda value: value < wanted,
}
"""Each operator: from the values in the filter to a test of the field's value."""


def _either(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
