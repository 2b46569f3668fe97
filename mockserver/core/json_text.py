"""JSON in and out. What comes in is hostile: everything that a client could not have meant, or that
another JSON parser would read in another way, is refused.
"""

import json
import math
import re
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 64
MAX_VALUES = 20_000
MAX_DIGITS = len(str(2**64))
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.S)  # one that never ends as well
_OPENING = b"[{"
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))


class MalformedJson(ValueError):
    """A text that is not JSON, or not JSON that everyone reads alike. The message tells why."""


def parse(text: bytes) -> Any:
    """Return the value of a JSON text.

    An integer beyond 64 bits becomes a double, as other languages read it. Raises MalformedJson for
    invalid UTF-8 or syntax, a key given twice, a lone surrogate, a NUL, a number that no double
    holds, for more than 64 levels, and for more than 20,000 values in lists and objects, of which
    an empty list or object counts as two.
    """
    openings = _openings(text)
    if openings > MAX_DEPTH or openings + text.count(b",") > MAX_VALUES:
        _check_size(text)
    try:
        value = _DECODER.decode(text.decode("utf-8"))
        if b"\\u" in text:
            orjson.dumps(value)  # refuses lone surrogates
            _check_characters(value)  # nothing but an escape could hold a NUL
    except UnicodeDecodeError as error:
        raise MalformedJson(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at character {error.pos + 1}") from None
    except orjson.JSONEncodeError:
        raise MalformedJson("a lone surrogate") from None
    return value


def dump(value: Any) -> bytes:
    """Return the JSON text of a value, in as much memory as it is long: orjson's bytes take 4 kB at
    least, and answers are remembered by the thousand."""
    return memoryview(orjson.dumps(value)).tobytes()


def dump_ascii(value: Any) -> str:
    """Return the JSON text of a value in ASCII, as a header's value needs it."""
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
    """Refuse more levels or values than there may be, before any is made: each thread that went
    down would keep the stack that it needed, and the values of a mebibyte take twenty to eighty.

    A value in a list or object stands behind its opening bracket or a comma, so these are counted,
    and each takes two texts at most, its name and itself.
    """
    most = 2 * (MAX_VALUES + 1)
    bare, texts = _STRING.subn(b"", text, most)
    depth = 0
    if texts < most:
        for bracket in bare.translate(None, _NO_BRACKET)[:most]:
            depth += 1 if bracket in _OPENING else -1
            if depth > MAX_DEPTH:
                raise MalformedJson(f"nested more than {MAX_DEPTH} levels deep")
    if texts == most or _openings(bare) + bare.count(b",") > MAX_VALUES:
        raise MalformedJson(f"more than {MAX_VALUES} values")


def _check_characters(value: Any) -> None:
    """Refuse NUL characters."""
    if isinstance(value, str):
        if "\0" in value:
            raise MalformedJson("a NUL character")
    elif isinstance(value, dict):
        for name, each in value.items():
            _check_characters(name)
            _check_characters(each)
    elif isinstance(value, list):
        for each in value:
            _check_characters(each)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
