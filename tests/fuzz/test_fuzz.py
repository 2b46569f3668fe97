"""Random inputs for every target, the same ones in every run: mutated files of the corpus, the
words of a language in any order, and bodies that are nearly valid."""

import ast
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import targets
from tests.fuzz.__main__ import CORPUS, MAX_BYTES, WORDS
from tests.support import admin
from tests.support.sample_requests import GOOD

FUZZ_SETTINGS = settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TEXTS = st.text(max_size=5) | st.sampled_from(
    ["", "²", "free-cart", "one", "P1D", "s3cr3t", "\x9b"]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-2, 70_000)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def words(name: str) -> list[bytes]:
    """Return the words of a target's language, which atheris uses as well."""
    lines = (WORDS / name).read_text("ascii").splitlines()
    return [ast.literal_eval(f"b{line}") for line in lines]


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """Return a file of the corpus with some places of it changed."""
    files = sorted((CORPUS / name).iterdir())
    data = draw(st.sampled_from(files)).read_bytes()
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.sampled_from([0, 0, 1, 2, 10]))
        data = (
            data[:start] + draw(st.sampled_from(words(name)) | st.binary(max_size=3)) + data[end:]
        )
    return data[:MAX_BYTES]


def shuffled_words(name: str) -> st.SearchStrategy[bytes]:
    """Return the words of a language in any order, with noise."""
    return st.lists(st.sampled_from(words(name)) | st.binary(max_size=2), max_size=30).map(b"".join)


@st.composite
def nearly_valid(draw: st.DrawFn, value: Any) -> Any:
    """Return a JSON value with some parts replaced, omitted or added."""
    if draw(st.integers(0, 5)) == 0:
        return draw(VALUES)
    if isinstance(value, dict):
        kept = {
            key: draw(nearly_valid(inner))
            for key, inner in value.items()
            if draw(st.integers(0, 9))
        }
        return kept | (
            draw(st.dictionaries(TEXTS, VALUES, max_size=1)) if draw(st.booleans()) else {}
        )
    return [draw(nearly_valid(inner)) for inner in value] if isinstance(value, list) else value


BODIES = {name: good.body for name, good in GOOD.items() if good.body is not None}
RULE = {
    "operation": "getACart",
    "method": "GET",
    "path": "*",
    "cart": "free-cart",
    "account": "x",
    "customer": "y",
    "skip": 0,
    "times": 1,
    "probability": 1.0,
    "ttl_s": 60,
    "then": {
        "error": "cart-not-found",
        "delay_ms": 5,
        "delay": {
            "distribution": "lognormal",
            "median_ms": 5,
            "sigma": 1,
            "min_ms": 1,
            "max_ms": 2,
        },
        "slow_body": {"chunks": 2, "duration_ms": 1},
    },
}
ADMIN_BODIES = {
    "armRule": RULE,
    "changeClock": {"action": "freeze", "instant": "2026-01-01T00:00:00Z", "duration": "P1D"},
    "setRateLimit": {"requests_per_second": 1},
    "createSandbox": {"fork_of": "default", "snapshot": "one"},
    "verifyRequests": {"operation": "getCarts", "status": 200, "error": "x", "count": 1},
}


def test_bodies_are_those_of_operations() -> None:
    assert ADMIN_BODIES.keys() <= admin.operations().keys()


@st.composite
def steps(draw: st.DrawFn, bodies: dict[str, Any], arguments: list[str]) -> bytes:
    """Return operations with nearly valid bodies."""
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(bodies)))
        body = json.dumps(draw(nearly_valid(bodies[name])))
        lines.append(f"{name} {draw(st.sampled_from(arguments))}\n{body}".encode())
    return targets.STEP.join(lines)


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_target_holds_for_mutated_inputs(name: str) -> None:
    @FUZZ_SETTINGS
    @given(mutated(name) | shuffled_words(name) | st.binary(max_size=50))
    def holds(data: bytes) -> None:
        targets.run(name, data)

    holds()


@FUZZ_SETTINGS
@given(steps(BODIES, ["admin", "account-1", "customer-1", "shopper"]))
def test_operations_hold_for_nearly_valid_bodies(data: bytes) -> None:
    targets.run("operations", data)


@FUZZ_SETTINGS
@given(steps(ADMIN_BODIES, ["one", "²", "default"]))
def test_admin_api_holds_for_nearly_valid_bodies(data: bytes) -> None:
    targets.run("admin", data)


@FUZZ_SETTINGS
@given(
    nearly_valid(RULE),
    nearly_valid({"carts": [{"id": "a", "name": "A", "custom_attributes": {"a": 1}}]}),
)
def test_fixtures_hold_for_nearly_valid_values(rule: Any, fixture: Any) -> None:
    value = fixture | {"rules": [rule]} if isinstance(fixture, dict) else fixture
    targets.run("fixture", json.dumps(value).encode())
