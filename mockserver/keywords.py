"""jsonschema's validator with the keywords that the API reports in its own way."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend


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


_Validator: Any = extend(  # type: ignore[no-untyped-call]  # the stubs leave it untyped
    Draft202012Validator,
    {"required": _required, "pattern": _pattern, "additionalProperties": _no_additional},
)


def validator_of(schema: Mapping[str, Any], formats: Mapping[str, Callable[[object], bool]]) -> Any:
    """Return jsonschema's validator of a schema, which checks these formats and no others."""
    checker = FormatChecker(formats=())
    for name, check in formats.items():
        checker.checks(name)(check)
    return _Validator(schema, format_checker=checker)
