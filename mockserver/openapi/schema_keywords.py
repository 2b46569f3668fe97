"""jsonschema's validator, with the keywords that the API reports differently.

A module of its own, as jsonschema is loaded only when a value is invalid.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

MAX_CHECKED = 100
"""How many parts of an oversized array or object are validated."""


def _required(_: Any, names: list[str], instance: Any, __: Any) -> Iterator[ValidationError]:
    """Report each missing property at its own place."""
    if isinstance(instance, dict):
        for name in names:
            if name not in instance:
                yield ValidationError("required", validator_value=names, path=[name])


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """Match like ECMAScript, where `$` does not match before a final line break."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError("pattern", validator_value=pattern)


def _no_additional(
    _: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Report each unknown property at its own place; else validate like jsonschema."""
    if allowed is not False:
        if isinstance(instance, dict):
            instance = _checked_part(instance, schema.get("maxProperties"))
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
    """Validate elements like jsonschema, but only the first ones of an oversized array."""
    if isinstance(instance, list):
        instance = _checked_part(instance, schema.get("maxItems"))
    yield from Draft202012Validator.VALIDATORS["items"](validator, items, instance, schema)


def _checked_part(instance: Any, limit: int | None) -> Any:
    """Return the parts of an array or object to validate. More than `limit` is a violation already,
    and to validate each of ten thousand parts would take too long."""
    if limit is None or len(instance) <= limit:
        return instance
    parts = instance.items() if isinstance(instance, dict) else instance
    return type(instance)(islice(parts, max(limit, MAX_CHECKED)))


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
    """Return jsonschema's validator of a schema, which validates only these formats."""
    checker = FormatChecker(formats=())
    for name, check in formats.items():
        checker.checks(name)(check)
    return _Validator(schema, format_checker=checker)
