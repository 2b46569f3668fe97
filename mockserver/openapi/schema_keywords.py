"""jsonschema's validator with the keywords that the API reports in its own way."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

MAX_CHECKED = 100
"""How many parts of an instance that has too many are held against the schema."""


def _required(_: Any, names: list[str], instance: Any, __: Any) -> Iterator[ValidationError]:
    """Report each missing property at the place where it belongs."""
    if isinstance(instance, dict):
        for name in names:
            if name not in instance:
                yield ValidationError("required", validator_value=names, path=[name])


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """Match as ECMAScript does, where `$` is the very end and not also before a line break."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError("pattern", validator_value=pattern)


def _no_additional(
    _: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Report each unknown property at its own place; else check it as jsonschema does."""
    if allowed is not False:
        if isinstance(instance, dict):
            instance = _looked_at(instance, schema.get("maxProperties"))
        yield from Draft202012Validator.VALIDATORS["additionalProperties"](
            _, allowed, instance, schema
        )
    elif isinstance(instance, dict):
        known = schema.get("properties", {})
        for name in instance:
            if name not in known:
                yield ValidationError(
                    "additionalProperties", validator_value=sorted(known), path=[name]
                )


def _items(validator: Any, items: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Check elements as jsonschema does, but not those of ten thousand."""
    if isinstance(instance, list):
        instance = _looked_at(instance, schema.get("maxItems"))
    yield from Draft202012Validator.VALIDATORS["items"](validator, items, instance, schema)


def _looked_at(instance: Any, most: int | None) -> Any:
    """Return the parts of an array or an object to look at. To have more than `most` is wrong
    already, and a body has room for ten thousand, each of which would take its time."""
    if most is None or len(instance) <= most:
        return instance
    parts = instance.items() if isinstance(instance, dict) else instance
    return type(instance)(islice(parts, max(most, MAX_CHECKED)))


_Validator: Any = extend(  # type: ignore[no-untyped-call]  # the stubs leave it untyped
    Draft202012Validator,
    {
        "required": _required,
        "pattern": _pattern,
        "additionalProperties": _no_additional,
        "items": _items,
    },
)


def validator_of(schema: Mapping[str, Any], formats: Mapping[str, Callable[[object], bool]]) -> Any:
    """Return jsonschema's validator of a schema, which checks these formats and no others."""
    checker = FormatChecker(formats=())
    for name, check in formats.items():
        checker.checks(name)(check)
    return _Validator(schema, format_checker=checker)
