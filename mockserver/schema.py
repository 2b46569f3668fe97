"""JSON Schema as the API speaks it: jsonschema's validators, their violations in the API's words.

Messages never repeat the offending value, so that no password ends up in an answer or a log.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from mockserver.clock import parse_duration, parse_instant
from mockserver.errors import Violation
from mockserver.pointer import to_pointer, to_source

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)

MESSAGES = {
    "required": "{name} is required",
    "type": "{name} must be of type {value}",
    "enum": "{name} must be one of {value}",
    "const": "{name} must be {value}",
    "format": "{name} must be a valid {value}",
    "pattern": "{name} must match {value}",
    "minLength": "{name} must have at least {value} character{s}",
    "maxLength": "{name} may have at most {value} character{s}",
    "minimum": "{name} must be at least {value}",
    "maximum": "{name} must be at most {value}",
    "minItems": "{name} must have at least {value} element{s}",
    "maxItems": "{name} may have at most {value} element{s}",
    "maxProperties": "{name} may have at most {value} entries",
    "additionalProperties": "{name} is not a known field; known: {value}",
}
SUCH_AS = {"duration": "PT1H30M", "date-time": "2026-01-31T12:00:00Z"}
"""What to write for formats that do not speak for themselves."""


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


def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    checker.checks("uuid")(lambda value: not isinstance(value, str) or _full(_UUID, value))
    checker.checks("email")(lambda value: not isinstance(value, str) or _full(_EMAIL, value))
    checker.checks("date-time", raises=ValueError)(
        lambda value: not isinstance(value, str) or parse_instant(value) is not None
    )
    checker.checks("duration", raises=ValueError)(
        lambda value: not isinstance(value, str) or parse_duration(value) is not None
    )
    return checker


def _full(pattern: re.Pattern[str], value: str) -> bool:
    return len(value) <= 320 and pattern.fullmatch(value) is not None


def validator(schema: Mapping[str, Any]) -> Any:
    """Return a compiled validator of a schema whose references are resolved already."""
    return _Validator(schema, format_checker=_format_checker())


def violations(
    compiled: Any, instance: Any, where: str, name: str = "", spec: str = "#"
) -> list[Violation]:
    """Return everything that is wrong with an instance, in the order of the schema.

    `name` is the parameter's name, for an instance that is not a body; `spec` points to the schema.
    """
    found = (_violation(error, where, name, spec) for error in compiled.iter_errors(instance))
    return list(dict.fromkeys(found))


def _violation(error: ValidationError, where: str, name: str, spec: str) -> Violation:
    path = list(error.absolute_path)
    full = [name, *path] if name else path
    source = to_source(full)
    keyword = str(error.validator)
    named = f"{keyword}/{path[-1]}" if path else keyword
    mapped: Mapping[str, str] = (
        error.schema.get("x-violations", {}) if isinstance(error.schema, dict) else {}
    )
    return Violation(
        where=where,
        pointer=to_pointer(full),
        keyword=keyword,
        message=_message(keyword, error.validator_value, source),
        source=source or "request",
        error=mapped.get(named) or mapped.get(keyword) or mapped.get("*") or "schema-violation",
        spec=spec + to_pointer(error.absolute_schema_path),
    )


def _message(keyword: str, value: Any, source: str) -> str:
    if keyword == "format" and value in SUCH_AS:
        value = f"{value}, such as {SUCH_AS[value]}"
    if isinstance(value, list):
        separator = " or " if keyword == "type" else ", "
        value = separator.join(str(each) for each in value)
    template = MESSAGES.get(keyword, "{name} breaks the rule {keyword}")
    return template.format(
        name=source or "the request body",
        value=value,
        keyword=keyword,
        s="" if value == 1 else "s",
    )
