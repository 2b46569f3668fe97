"""The two validators agree: what the quick one lets through, jsonschema finds no fault with.

The other way round nothing is lost: what the quick one refuses, jsonschema looks at again.
"""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.core.config import resource
from mockserver.fixtures.load import fixture_schema
from mockserver.openapi.schema import FORMATS, Validator
from mockserver.openapi.schema_keywords import validator_of
from tests.support.contract import CONTRACT
from tests.support.examples import examples

FIXTURE = yaml.safe_load(resource("fixtures/default.yaml").read_text("utf-8"))
PROPERTY = settings(
    max_examples=examples(30),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TEXTS = (
    "",
    "\n",
    "a\n",
    "٣",  # a digit, but not an ASCII one
    "a b",
    "é",
    "a0000000-0000-4000-8000-000000000001",
    "ada@example.com",
    "ada@example.com\n",
    "2026-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "PT1H",
    "x" * 256,
    "😀" * 255,
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from((0, 1, -1, 1.0, 1.5, 2**63, -(2**63), 2**64, 1e308, 100, 101, 10_000)),
    st.sampled_from(TEXTS),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def cases() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield each schema that requests and fixtures are held against, with a good value."""
    for operation in CONTRACT.operations:
        for media_type, body in operation.bodies.items():
            yield f"{operation.id} {media_type}", body.schema, body.example
        for parameter in operation.parameters:
            yield f"{operation.id} {parameter.name}", parameter.schema, parameter.example
    yield "fixture", fixture_schema(), FIXTURE


CASES = {name: (schema, good) for name, schema, good in cases()}


@cache
def validators(name: str) -> tuple[Validator, Any]:
    schema, _ = CASES[name]
    return Validator(schema), validator_of(schema, FORMATS)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of a value and of everything in it."""
    yield path
    if isinstance(value, (dict, list)):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy of a value with something else at a path."""
    if not path:
        return new
    copied = deepcopy(value)
    holder = copied
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    return copied


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@PROPERTY
def test_what_the_fast_validator_lets_through_is_right(name: str, data: st.DataObject) -> None:
    quick, thorough = validators(name)
    value = CASES[name][1]
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.sampled_from(list(places(value))))
        value = changed(value, at, data.draw(VALUES))
    found = list(thorough.iter_errors(value))
    assert bool(quick.violations(value, "body")) == bool(found)
