"""JSON Schema as the API speaks it: values held against schemas, violations in the API's words.

Messages never repeat the offending value, so that no password ends up in an answer or a log.
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
"""How much is told of what comes from the network, and of a name in it: a body has room for
twenty thousand violations, or for a name of a million characters, and the journal remembers it."""

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
"""What to write for formats that do not speak for themselves."""


def _uuid(value: object) -> bool:
    return not isinstance(value, str) or _full(_UUID, value)


def _email(value: object) -> bool:
    return not isinstance(value, str) or _full(_EMAIL, value)


def _full(pattern: re.Pattern[str], value: str) -> bool:
    return len(value) <= 320 and pattern.fullmatch(value) is not None


def _parsed_by(parse: Callable[[str], object]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        try:
            return not isinstance(value, str) or parse(value) is not None
        except ValueError:
            return False

    return check


FORMATS = {
    "uuid": _uuid,
    "email": _email,
    "date-time": _parsed_by(parse_instant),
    "duration": _parsed_by(parse_duration),
}
"""The formats that are checked."""


class Validator:
    """A schema, whose references are resolved already, that values are held against.

    Nearly every value is right, and jsonschema-rs says so in a hundredth of the time. Only what it
    refuses is looked at by jsonschema, which has the last word and tells what is wrong; so that
    library is loaded with the first mistake.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    @cached_property
    def _quick(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            self._schema, formats=FORMATS, validate_formats=True
        )

    @cached_property
    def _thorough(self) -> Any:
        from mockserver.openapi.schema_keywords import validator_of

        return validator_of(self._schema, FORMATS)

    def _is_surely_valid(self, instance: Any) -> bool:
        try:
            return self._quick.is_valid(instance)
        except ValueError:  # what no JSON text can hold, as a date in YAML
            return False

    def violations(
        self,
        instance: Any,
        where: str,
        name: str = "",
        spec: str = "#",
        bounded: bool = False,
    ) -> list[Violation]:
        """Return everything that is wrong with an instance, in the order of the schema.

        `where` is body, path, query or header; `name` the parameter's name, for an instance that is
        not a body; `spec` points to the schema. Of what comes from the network, that is `bounded`,
        the first violations are looked for, and long names are cut.
        """
        if self._is_surely_valid(instance):
            return []
        errors = self._thorough.iter_errors(instance)
        if bounded:
            errors = islice(errors, MAX_VIOLATIONS)
        found = (_violation(error, where, name, spec, bounded) for error in errors)
        return list(dict.fromkeys(found))


def _violation(
    error: ValidationError, where: str, name: str, spec: str, bounded: bool
) -> Violation:
    path = list(error.absolute_path)
    if bounded:
        path = [_short(part) for part in path]
    full = [name, *path] if name else path
    source = to_source(full)
    keyword = str(error.validator)
    named = f"{keyword}/{path[-1]}" if path else keyword
    mapped: Mapping[str, str] = (
        error.schema.get("x-error-by-keyword", {}) if isinstance(error.schema, dict) else {}
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


def _short(part: str | int) -> str | int:
    if isinstance(part, int) or len(part) <= MAX_NAME_CHARACTERS:
        return part
    return f"{part[:MAX_NAME_CHARACTERS]}…"


def _message(keyword: str, value: Any, source: str) -> str:
    if keyword == "format" and value in FORMAT_EXAMPLES:
        value = f"{value}, such as {FORMAT_EXAMPLES[value]}"
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
