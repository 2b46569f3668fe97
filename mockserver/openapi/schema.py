"""Validation against JSON Schemas, with API-style messages.

Messages never repeat the invalid value, so that no password gets into a response or a log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from mockserver.core.clock import parse_duration, parse_instant
from mockserver.core.errors import Violation
from mockserver.core.pointer import to_pointer, to_source

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)

MAX_VIOLATIONS = 100
MAX_NAME_CHARACTERS = 100
"""Limits for requests: a body has room for twenty thousand violations, or for a name of a million
characters, and the journal keeps them."""

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
FORMAT_EXAMPLES = {"duration": "PT1H30M", "date-time": "2026-01-31T12:00:00Z"}
"""Examples of formats whose names are not clear enough."""


def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or _matches(_UUID, value)


def _is_email(value: object) -> bool:
    return not isinstance(value, str) or _matches(_EMAIL, value)


def _matches(pattern: re.Pattern[str], value: str) -> bool:
    return len(value) <= 320 and pattern.fullmatch(value) is not None


def _parsable_by(parse: Callable[[str], object]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        try:
            return not isinstance(value, str) or parse(value) is not None
        except ValueError:
            return False

    return check


FORMATS = {
    "uuid": _is_uuid,
    "email": _is_email,
    "date-time": _parsable_by(parse_instant),
    "duration": _parsable_by(parse_duration),
}
"""The formats that are validated."""


class Validator:
    """Validates values against a schema without references.

    Nearly every value is valid, and jsonschema-rs finds that in a hundredth of the time. jsonschema
    decides about the others and explains their violations; it is loaded with the first of them.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    @cached_property
    def _fast(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            self._schema, formats=FORMATS, validate_formats=True
        )

    @cached_property
    def _explaining(self) -> Any:
        from mockserver.openapi.schema_keywords import validator_of

        return validator_of(self._schema, FORMATS)

    def _is_certainly_valid(self, instance: Any) -> bool:
        try:
            return self._fast.is_valid(instance)
        except ValueError:  # a value that JSON does not have, such as a date in YAML
            return False

    def violations(
        self,
        instance: Any,
        where: str,
        name: str = "",
        spec: str = "#",
        bounded: bool = False,
    ) -> list[Violation]:
        """Return all violations of an instance, in the order of the schema.

        `where` is body, path, query or header; `name` the name of a parameter; `spec` points to the
        schema. With `bounded`, for requests, only the first violations are returned, and long names
        are cut.
        """
        if self._is_certainly_valid(instance):
            return []
        errors = self._explaining.iter_errors(instance)
        if bounded:
            errors = islice(errors, MAX_VIOLATIONS)
        violations = (_violation(error, where, name, spec, bounded) for error in errors)
        return list(dict.fromkeys(violations))


def _violation(
    error: ValidationError, where: str, name: str, spec: str, bounded: bool
) -> Violation:
    path = list(error.absolute_path)
    if bounded:
        path = [_short(part) for part in path]
    full_path = [name, *path] if name else path
    source = to_source(full_path)
    keyword = str(error.validator)
    keyword_and_name = f"{keyword}/{path[-1]}" if path else keyword
    mapped: Mapping[str, str] = (
        error.schema.get("x-error-by-keyword", {}) if isinstance(error.schema, dict) else {}
    )
    return Violation(
        where=where,
        pointer=to_pointer(full_path),
        keyword=keyword,
        message=_message(keyword, error.validator_value, source),
        source=source or "request",
        error=mapped.get(keyword_and_name)
        or mapped.get(keyword)
        or mapped.get("*")
        or "schema-violation",
        spec=spec + to_pointer(error.absolute_schema_path),
    )


def _short(part: str | int) -> str | int:
    if isinstance(part, int) or len(part) <= MAX_NAME_CHARACTERS:
        return part
    return f"{part[:MAX_NAME_CHARACTERS]}…"


def _message(keyword: str, value: Any, source: str) -> str:
    if keyword == "format" and value in FORMAT_EXAMPLES:
        value = f"{value}, such as {FORMAT_EXAMPLES[value]}"
    if isinstance(value, list):
        separator = " or " if keyword == "type" else ", "
        value = separator.join(map(str, value))
    template = MESSAGES.get(keyword, "{name} breaks the rule {keyword}")
    return template.format(
        name=source or "the request body",
        value=value,
        keyword=keyword,
        s="" if value == 1 else "s",
    )
