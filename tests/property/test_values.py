"""Properties of what has no state: filters, JSON, YAML, times; and of the indexes of a store."""

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mockserver.core import clock, json_text
from mockserver.core.clock import DAY, HOUR, MINUTE, SECOND
from mockserver.core.config import resource
from mockserver.core.errors import ApiError
from mockserver.core.json_text import MalformedJson
from mockserver.fixtures import yaml_document
from mockserver.fixtures.load import load_fixtures
from mockserver.fixtures.validate import KEYS
from mockserver.fixtures.yaml_document import FixtureError
from mockserver.operations.carts import GRAMMAR
from mockserver.operations.lists import filters
from mockserver.store import state as store_state
from mockserver.store.entities import ACCOUNT, CUSTOMER, Cart, Owner
from mockserver.store.state import StoreState, apply
from mockserver.store.transaction import Transaction
from tests.support.contract import CONTRACT
from tests.support.examples import examples

PROPERTY = settings(
    max_examples=examples(300),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def soup(*tokens: str) -> st.SearchStrategy[str]:
    """Texts that look nearly right: the tokens of a language in any order, and noise."""
    return st.lists(st.sampled_from(tokens) | st.text(max_size=2), max_size=25).map("".join)


# --- filters ---------------------------------------------------------------------------------

LETTERS = 'aAbB*"\\,():| \n.é'
SPACES = st.sampled_from(["", "", " ", "\t", "\n "])
Term = tuple[str, str]
"""An operator and its value."""


@st.composite
def terms(draw: st.DrawFn) -> tuple[Term, str]:
    """Return a term and one of the ways to write it."""
    value = draw(st.text(LETTERS, max_size=6))
    operator, field = draw(st.sampled_from([("contains", "account_ids"), ("ilike", "name")]))
    if value.strip() and not set('",():|') & set(value) and draw(st.booleans()):
        value, written = value.strip(), value
    else:
        written = '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
    parts = [operator, "(", field, ",", written, ")"]
    text = "".join(draw(SPACES) + part for part in parts) + draw(SPACES)
    return (operator, value), text


@st.composite
def expressions(draw: st.DrawFn) -> tuple[list[list[Term]], str]:
    """Return a filter as a list of alternatives, each a list of terms, and its text."""
    either = draw(st.lists(st.lists(terms(), min_size=1, max_size=3), min_size=1, max_size=3))
    text = "|".join(":".join(written for _, written in both) for both in either)
    return [[term for term, _ in both] for both in either], text


def holds(term: Term, cart: Cart) -> bool:
    operator, value = term
    if operator == "contains":
        return value in cart.owner_ids(ACCOUNT)
    return like(value.lower(), cart.name.lower())


def like(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(like(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return text[:1] == pattern[0] and like(pattern[1:], text[1:])


def a_cart(cart_id: str, name: str = "", account_ids: tuple[str, ...] = ()) -> Cart:
    return Cart(cart_id, name, "", 0, 0, 0, 0, owners=owned(account_ids))


def owned(account_ids: Iterable[str]) -> tuple[Owner, ...]:
    return tuple(Owner(ACCOUNT, each) for each in account_ids)


@PROPERTY
@given(
    expressions(),
    st.text(LETTERS, max_size=6),
    st.lists(st.text(LETTERS, max_size=3), max_size=3).map(tuple),
)
def test_a_filter_means_what_its_terms_mean(
    expression: tuple[list[list[Term]], str], name: str, account_ids: tuple[str, ...]
) -> None:
    either, text = expression
    cart = a_cart("c", name, account_ids)
    expected = any(all(holds(term, cart) for term in both) for both in either)
    assert filters.parse(text, GRAMMAR)(cart) is expected


@PROPERTY
@given(st.text(LETTERS, max_size=8), st.data())
def test_a_name_is_like_itself_with_some_of_it_starred(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name)))
    end = data.draw(st.integers(start, len(name)))
    wanted = re.sub(r'(["\\])', r"\\\1", name[:start] + "*" + name[end:])
    assert filters.parse(f'ilike(name,"{wanted}")', GRAMMAR)(a_cart("c", name.swapcase()))


@PROPERTY
@given(
    st.text()
    | soup("contains", "ilike", "(", "account_ids", "name", ",", '"', "*", ")", ":", "|", "\\", " ")
)
@example('ilike(name,"' + "*a" * 900 + '")')
@example('"' * 2000)
def test_a_filter_is_refused_in_its_own_way_only(text: str) -> None:
    refused = None
    try:
        matches = filters.parse(text, GRAMMAR)
    except ApiError as error:
        refused = error
    if refused is None:
        assert matches(a_cart("c", "aaa")) in (True, False)
    else:
        assert refused.id == "invalid-filter"
        found = re.match(r"position (\d+): ", refused.fields["reason"])
        assert found
        assert 1 <= int(found[1]) <= len(text) + 1


# --- JSON ------------------------------------------------------------------------------------

NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
).map(json.dumps)
JSON_SOUP = soup(
    *'{}[],:"\\ \n\t-0123456789.eE', "true", "false", "null", "NaN", "Infinity", '"a"', "\\u0000"
)
DEEP = st.integers(60, 70).map(lambda n: "[" * n + "]" * n)


class Twice(ValueError):
    """A key stands twice."""


def no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise Twice
    return dict(pairs)


def integer(digits: str) -> int | float:
    """Return a number as 64 bits hold it, or else a double."""
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(digits)


def parts(value: Any) -> Iterator[Any]:
    """Yield everything inside a value, keys too, and the value."""
    yield value
    if isinstance(value, dict):
        yield from value
    for each in value.values() if isinstance(value, dict) else value if is_list(value) else ():
        yield from parts(each)


def is_list(value: Any) -> bool:
    return isinstance(value, list)


def depth(value: Any) -> int:
    if not isinstance(value, (dict, list)):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


def is_refused(part: Any) -> bool:
    """Whether everyone reads it alike: no NUL, no half a character, no number out of range."""
    if isinstance(part, str):
        return "\0" in part or any("\ud800" <= character <= "\udfff" for character in part)
    return isinstance(part, float) and not math.isfinite(part)


@PROPERTY
@given(st.binary() | (ANY_JSON | JSON_SOUP | DEEP).map(str.encode))
@example(b'{"a":1,"a":1}')
@example(b'{"a":{"b":1,"b":2}}')
@example(b'"\\ud800"')
@example(b"18446744073709551615")
@example(b"18446744073709551616")
@example(b"-9223372036854775808")
@example(b"-9223372036854775809")
@example(b"9" * 300)
@example(b"9" * 310)
@example(b"1e999")
@example(b"[" * 100_000)
@example(b"9" * 5000)
@example("\ufeff{}".encode())
def test_json_is_what_pythons_parser_takes_but_for_what_is_refused(text: bytes) -> None:
    try:
        value = json.loads(text.decode(), object_pairs_hook=no_doubles, parse_int=integer)
        refused = depth(value) > 64 or any(map(is_refused, parts(value)))
    except (ValueError, RecursionError):
        refused = True
    if refused:
        with pytest.raises(MalformedJson, match=r"\w"):
            json_text.parse(text)
    else:
        assert json_text.parse(text) == value


@pytest.mark.stress
@PROPERTY
@given(VALUES)
def test_json_comes_back_as_it_went(value: Any) -> None:
    assert json_text.parse(json_text.dump(value)) == value
    assert json_text.parse(json_text.dump_ascii(value).encode("ascii")) == value


TOO_DEEP = "nested more than 64 levels deep"
TOO_MANY = "more than 20000 values"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[" * 65, TOO_DEEP),
        (b"[" * 100_000, TOO_DEEP),
        (b'{"a":' * 65, TOO_DEEP),
        (b'[{"\\"]":' * 33, TOO_DEEP),
        (b"[" * 65 + b"]" * 65, TOO_DEEP),
        (b"[]" * 500_000, TOO_MANY),
        (b"]" * 50_000 + b"[" * 50_000, TOO_MANY),
        (b'{"' * 300_000, TOO_MANY),
        (b'["' + b'","' * 25_000, TOO_MANY),
    ],
)
def test_nobody_goes_down_into_json_that_is_too_deep_or_makes_too_many_values(
    monkeypatch: pytest.MonkeyPatch, text: bytes, message: str
) -> None:
    monkeypatch.setattr(json_text, "_DECODER", None)
    with pytest.raises(MalformedJson, match=message):
        json_text.parse(text)


@pytest.mark.parametrize(
    "made",
    [
        lambda values: [1] * values,
        lambda values: ["a,[{b"] * values,
        lambda values: {f"{n},[": "]}," for n in range(values)},
        lambda values: [{"a": '"'}] * (values // 2),
        lambda values: [[]] * (values // 2),
    ],
)
def test_as_many_values_are_read_as_there_may_be(
    monkeypatch: pytest.MonkeyPatch, made: Callable[[int], Any]
) -> None:
    value = made(20_000)
    assert json_text.parse(json_text.dump(value)) == value
    monkeypatch.setattr(json_text, "_DECODER", None)
    with pytest.raises(MalformedJson, match=TOO_MANY):
        json_text.parse(json_text.dump(made(20_002)))


@pytest.mark.parametrize(
    "value",
    ["[" * 100, "," * 200_000, '"' + "{" * 100, "\\" + "[" * 100, ["["] * 100, [[], {}] * 100],
)
def test_brackets_in_texts_and_side_by_side_are_no_levels(value: Any) -> None:
    assert json_text.parse(json_text.dump({value if isinstance(value, str) else "a": value}))


# --- fixtures --------------------------------------------------------------------------------

SECTIONS = [*KEYS, "store", "settings"]
FIELDS = [
    *("id", "name", "username", "password", "email", "account_ids", "account_id", "member_id"),
    *("token", "client_id", "grant", "contact", "idle", "error", "mechanism", "code", "parent_id"),
    *("snapshot_date", "custom_attributes", "cart", "account_authentication"),
    *("customer_id", "customer_ids", "age"),
]
IDS = st.sampled_from(
    [
        "a0000000-0000-4000-8000-000000000001",
        "c0000000-0000-4000-8000-000000000001",
        *("one", "", "implicit", "password", "P1D", "PT", "last-cart", "2027-01-01T00:00:00Z"),
    ]
)
NEARLY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | IDS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
    ),
    max_leaves=15,
)
WORLDS = st.dictionaries(st.sampled_from(SECTIONS), NEARLY | st.lists(NEARLY, max_size=3))
YAML_SOUP = soup(
    *("carts:", "accounts:", "\n", "  ", "- ", "id: ", "x", "{", "}", "[", "]", "&a ", "*a"),
    *(
        "<<: ",
        "!!",
        "!!python/name:os",
        "!!int ",
        "!!bool ",
        "!!float ",
        "!!null ",
        "? ",
        ": ",
        "|",
        ">",
        "'",
        '"',
        "#",
        "---",
        "~",
    ),
    *("!!binary x", "2026-01-01", "1e", "0x", "\t", "%YAML 1.1", "..."),
)


def spoilt(text: str, at: int, noise: str) -> str:
    at %= len(text)
    return text[:at] + noise + text[at + len(noise) :]


BUILT_IN = resource("fixtures/default.yaml").read_text("utf-8")
SPOILT = st.builds(
    spoilt,
    st.just(BUILT_IN),
    st.integers(0, len(BUILT_IN)),
    st.text(min_size=1, max_size=5) | st.sampled_from(["\n", "  ", "- ", ": ", "[", "{", "&a *a"]),
)


@pytest.mark.stress
@settings(PROPERTY, max_examples=examples(400))
@given(
    st.binary()
    | (YAML_SOUP | WORLDS.map(lambda value: yaml.safe_dump(value, allow_unicode=True))).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    )
)
@example(b'carts: !!int ""')
@example(b"carts: !!bool perhaps")
@example(b'carts: !!float ""')
@example(b"a: &a [*a]")
@example(b"&a {<<: *a}")
@example(b"carts: " + b"[" * 5000)
@example(b"carts: [{id: one, name: x, idle: P400D}]")
def test_fixtures_are_used_or_refused_with_every_mistake(text: bytes) -> None:
    assert_used_or_rejected(text)


@settings(PROPERTY, max_examples=examples(40))
@given(SPOILT)
def test_spoilt_fixtures_are_used_or_refused_with_every_mistake(text: str) -> None:
    assert_used_or_rejected(text.encode("utf-8", "surrogatepass"))


def assert_used_or_rejected(text: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "world.yaml")
        path.write_bytes(text)
        source = yaml_document.read(path)
        made, refused = None, None
        try:
            made = load_fixtures([str(path)], CONTRACT)
        except FixtureError as error:
            refused = error
    if made is None:
        assert refused is not None
        assert refused.diagnostics
        for mistake in refused.diagnostics:
            assert mistake.message
            assert mistake.line >= 1
            assert mistake.column >= 1
    else:
        assert not source.diagnostics
        assert len(made.carts) == len(source.value.get("carts", ()))
        assert indexed(made) == derived(made)


# --- times -----------------------------------------------------------------------------------

FIRST, LAST = clock.parse_instant("0001-01-01T00:00:00Z"), 253_402_300_799_999
INSTANTS = st.integers(FIRST, LAST)
TIME_SOUP = soup(*"0123456789-:TZtz+. PDHMS", "2026-01-01", "T00:00:00", "Z", "+01:00")


@PROPERTY
@given(INSTANTS)
@example(FIRST)
@example(LAST)
@example(-1)
def test_an_instant_comes_back_as_it_went(instant: int) -> None:
    assert clock.parse_instant(clock.to_milliseconds_text(instant)) == instant
    assert clock.parse_instant(clock.to_seconds_text(instant)) == instant // SECOND * SECOND


@PROPERTY
@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.sampled_from("Tt "),
)
def test_an_instant_is_the_same_in_every_zone(moment: datetime, minutes: int, t: str) -> None:
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    local = (moment + timedelta(minutes=minutes)).isoformat(t, "microseconds")
    since = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    assert clock.parse_instant(local + zone) == since // timedelta(milliseconds=1)


@PROPERTY
@given(
    st.text()
    | TIME_SOUP
    | st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|[+-]23:5[0-9])"
    )
)
def test_a_text_is_an_instant_that_can_be_shown_or_none(text: str) -> None:
    try:
        instant = clock.parse_instant(text)
    except ValueError:
        return
    assert clock.parse_instant(clock.to_milliseconds_text(instant)) == instant


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+01:00",  # a year that no calendar here has
        "9999-12-31T23:59:59-01:00",
        "2026-01-01T24:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00",
        "2026-01-01",
        "٢٠٢٦-01-01T00:00:00Z",
    ],
)
def test_what_looks_like_an_instant_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{text!r} is no date-time")):
        clock.parse_instant(text)


COUNTS = st.none() | st.integers(0, 999_999)


@PROPERTY
@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_duration_is_the_sum_of_its_parts(
    days: int | None, hours: int | None, minutes: int | None, seconds: int | None
) -> None:
    named = [(days, "D", DAY), (hours, "H", HOUR), (minutes, "M", MINUTE), (seconds, "S", SECOND)]
    date, *time = [f"{n}{letter}" if n is not None else "" for n, letter, _ in named]
    text = f"P{date}" + ("T" + "".join(time) if any(time) else "")
    if text == "P":
        with pytest.raises(ValueError, match="no duration"):
            clock.parse_duration(text)
    else:
        assert clock.parse_duration(text) == sum((n or 0) * unit for n, _, unit in named)


@PROPERTY
@given(st.text() | TIME_SOUP | st.from_regex(r"P\d{0,9}D?T?\d{0,9}[HMS]?", fullmatch=True))
@example("P")
@example("PT")
@example("P1DT")
@example("P-1D")
@example("P٣D")
def test_a_text_is_a_duration_or_none(text: str) -> None:
    shape = r"P(?=.)([0-9]{1,9}D)?(T(?=.)([0-9]{1,9}H)?([0-9]{1,9}M)?([0-9]{1,9}S)?)?"
    if re.fullmatch(shape, text):
        assert clock.parse_duration(text) >= 0
    else:
        with pytest.raises(ValueError, match="no duration"):
            clock.parse_duration(text)


# --- indexes ---------------------------------------------------------------------------------

Change = tuple[str, Any]
OWNERS = [Owner(kind, owner_id) for kind in (ACCOUNT, CUSTOMER) for owner_id in "xy"]
CHANGES = st.lists(
    st.tuples(
        st.just("save"),
        st.tuples(
            st.sampled_from("abcdefgh"), st.lists(st.sampled_from(OWNERS), unique=True).map(tuple)
        ),
    )
    | st.tuples(st.just("delete"), st.sampled_from("abcdefgh"))
    | st.tuples(st.just("wait"), st.sampled_from([HOUR, DAY, 7 * DAY])),
    max_size=40,
)


def indexed(one: StoreState) -> dict[Owner, set[str]]:
    """What the index says of those who own something, and of some who may not."""
    queries = {owner: one.cart_index.query(owner, -(10**15)) for owner in (*OWNERS, *derived(one))}
    return {owner: {cart.id for cart in query} for owner, query in queries.items() if len(query)}


def derived(one: StoreState) -> dict[Owner, set[str]]:
    """What the index must say: built again from the carts."""
    found: defaultdict[Owner, set[str]] = defaultdict(set)
    for cart in one.carts.values():
        for owner in cart.owners:
            found[owner].add(cart.id)
    return dict(found)


@settings(PROPERTY, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES)
def test_the_index_says_what_the_carts_say(
    monkeypatch: pytest.MonkeyPatch, changes: list[Change]
) -> None:
    monkeypatch.setattr(
        store_state, "MIN_SWEEP_SIZE", 4
    )  # expired carts are swept away now and then
    now = 0
    one = apply(StoreState(), {"settings": {"cart": {"cart_expiry_days": 7}}})
    alive: dict[str, tuple[tuple[Owner, ...], int]] = {}
    for kind, what in changes:
        tx = Transaction(one, now)
        before = one
        if kind == "wait":
            now += what
        elif kind == "save":
            cart_id, owners = what
            tx.carts.save(replace(a_cart(cart_id), owners=owners))
            alive[cart_id] = (owners, now + 7 * DAY)
        elif tx.carts.get(what) is not None:
            tx.carts.delete(what)
            del alive[what]
        assert (indexed(before), derived(before)) == (indexed(one), derived(one))
        one = tx.state
        assert indexed(one) == derived(one)
        alive = {key: (ids, end) for key, (ids, end) in alive.items() if end > now}
        look = Transaction(one, now)
        assert {cart.id: cart.owners for cart in look.carts.list()} == {
            key: owners for key, (owners, _) in alive.items()
        }
        for owner in OWNERS:
            assert {cart.id for cart in look.carts.list(owner)} == {
                key for key, (owners, _) in alive.items() if owner in owners
            }
    assert len(one.carts) <= max(2 * len(alive), 4) + 40
