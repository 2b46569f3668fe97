"""JSON in and out. What comes in is hostile: everything that a client could not have meant, or that
another JSON parser would read in another way, is refused.
"""

import json
import math
import re
from typing import Any, NoReturn

import orjson

MOST_DEPTH = 64
MOST_DIGITS = len(str(2**64))
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.S)  # one that never ends as well
_OPENING = b"[{"
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))


class MalformedJson(ValueError):
    """A text that is not JSON, or not JSON that everyone reads alike. The message tells why."""


def parse(text: bytes) -> Any:
    """Return the value of a JSON text.

    An integer beyond 64 bits becomes a double, as other languages read it. Raises MalformedJson for
    invalid UTF-8 or syntax, a key given twice, a lone surrogate, a NUL, a number that no double
    holds, and for more than 64 levels.
    """
    if text.count(b"{") + text.count(b"[") > MOST_DEPTH:
        _check_depth(text)
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
    if len(digits) <= MOST_DIGITS and -(2**63) <= (number := int(digits)) < 2**64:
        return number
    return _float(digits)


def _float(digits: str) -> float:
    number = float(digits) if len(digits) <= 400 else math.inf
    if math.isinf(number):
        raise MalformedJson("a number that no double holds")
    return number


def _constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not JSON")


def _check_depth(text: bytes) -> None:
    """Refuse more levels than there may be, before anybody goes down into them: each thread that
    did would keep the stack that it needed."""
    depth = 0
    for bracket in _STRING.sub(b"", text).translate(None, _NO_BRACKET):
        depth += 1 if bracket in _OPENING else -1
        if depth > MOST_DEPTH:
            raise MalformedJson(f"nested more than {MOST_DEPTH} levels deep")


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
