"""JSON parsing and serialization.

The parser treats its input as hostile. It rejects everything that a client can't have meant, or
that JSON parsers disagree on.
"""

import json
import math
import re
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 64
MAX_VALUES = 20_000
MAX_DIGITS = len(str(2**64))
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.S)  # or one without an end
_OPENING = b"[{"
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))


class MalformedJson(ValueError):
    """A text that is no JSON, or JSON that parsers disagree on. The message says why."""


def parse(text: bytes) -> Any:
    """Return the value of a JSON text.

    An integer beyond 64 bits becomes a double, as in other languages. Raises MalformedJson for
    invalid UTF-8 or syntax, a duplicate key, a lone surrogate, a NUL, a number beyond a double's
    range, more than 64 levels, and more than 20,000 values in lists and objects, where an empty
    list or object counts as two.
    """
    openings = _openings(text)
    if openings > MAX_DEPTH or openings + text.count(b",") > MAX_VALUES:
        _check_size(text)
    try:
        value = _DECODER.decode(text.decode("utf-8"))
        if b"\\u" in text:
            orjson.dumps(value)  # rejects lone surrogates
            _check_characters(value)  # only an escape can contain a NUL
    except UnicodeDecodeError as error:
        raise MalformedJson(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at character {error.pos + 1}") from None
    except orjson.JSONEncodeError:
        raise MalformedJson("a lone surrogate") from None
    return value


def dump(value: Any) -> bytes:
    """Return the JSON text of a value, copied: orjson's own bytes take at least 4 kB, and the
    journal keeps responses by the thousand."""
    return memoryview(orjson.dumps(value)).tobytes()


def dump_ascii(value: Any) -> str:
    """Return the JSON text of a value in ASCII, for a header."""
    return json.dumps(value, separators=(",", ":"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedJson("a key stands twice in one object")
    return value


def _integer(digits: str) -> int | float:
    if len(digits) <= MAX_DIGITS and -(2**63) <= (number := int(digits)) < 2**64:
        return number
    return _float(digits)


def _float(digits: str) -> float:
    number = float(digits) if len(digits) <= 400 else math.inf
    if math.isinf(number):
        raise MalformedJson("a number that no double holds")
    return number


def _constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not JSON")


def _openings(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _check_size(text: bytes) -> None:
    """Reject too many levels or values before any is created: a thread keeps the stack that deep
    recursion needed, and the values of a mebibyte of text take twenty to eighty.

    Counts opening brackets and commas, as each value in a list or object follows one. Each value
    has two strings at most, its name and itself.
    """
    limit = 2 * (MAX_VALUES + 1)
    bare, strings = _STRING.subn(b"", text, limit)
    depth = 0
    if strings < limit:
        for bracket in bare.translate(None, _NO_BRACKET)[:limit]:
            depth += 1 if bracket in _OPENING else -1
            if depth > MAX_DEPTH:
                raise MalformedJson(f"nested more than {MAX_DEPTH} levels deep")
    if strings == limit or _openings(bare) + bare.count(b",") > MAX_VALUES:
        raise MalformedJson(f"more than {MAX_VALUES} values")


def _check_characters(value: Any) -> None:
    """Reject NUL characters."""
    if isinstance(value, str):
        if "\0" in value:
            raise MalformedJson("a NUL character")
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_characters(name)
            _check_characters(item)
    elif isinstance(value, list):
        for item in value:
            _check_characters(item)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
