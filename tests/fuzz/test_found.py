"""What fuzzing found, each rule by its name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.fixtures import yaml_document
from mockserver.fixtures.load import load_fixtures
from mockserver.fixtures.yaml_document import FixtureError
from mockserver.openapi.contract import Contract
from tests.control import admin
from tests.seeds import ADMIN

Mistakes = Callable[[str | bytes], list[str]]
MEMBER = "c0000000-0000-4000-8000-000000000001"
ORDER = "01000000-0000-4000-8000-000000000001"
ACCOUNT = "a0000000-0000-4000-8000-000000000001"


@pytest.fixture
def mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contract: Contract) -> Mistakes:
    """What is told about a fixture file."""
    monkeypatch.chdir(tmp_path)

    def told(text: str | bytes) -> list[str]:
        Path("own.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(FixtureError) as caught:
            load_fixtures(["own.yaml"], contract)
        return str(caught.value).split("\n")

    return told


# --- requests


@pytest.mark.parametrize("key", ["²", "٣", "9" * 5000, "1"])
def test_key_of_digits_is_a_key_like_any_other(client: FlaskClient, key: str) -> None:
    body = {"data": {"name": "A", "custom_attributes": {key: 1}}}
    answer = client.post("/v2/carts", headers=ADMIN, json=body)
    assert answer.status_code == 400
    assert key[:100] in answer.json["errors"][0]["source"]


@pytest.mark.parametrize("host", ["[1]", "[:]", "[::1", "[...]", "[fe80::1%25x]", "[v1.x]"])
def test_host_whose_brackets_hold_no_address_stands_in_no_link(
    client: FlaskClient, host: str
) -> None:
    answer = client.get("/v2/carts?page[limit]=1", headers={**ADMIN, "Host": host})
    assert answer.status_code == 200
    assert answer.json["links"]["next"].startswith("http://localhost/v2/carts?")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json"])
@pytest.mark.parametrize("start", ["\ufeff", "x=", "=&", "("])
def test_json_that_is_read_as_a_form_tells_no_secret(
    client: FlaskClient, kind: str, start: str
) -> None:
    body = start + '{"grant_type":"client_credentials","client_id":"a","client_secret":"s3cr3t"}'
    client.post("/oauth/access_token", data=body.encode(), content_type=kind)
    assert "s3cr3t" not in client.get("/__admin/coverage").text
    [entry] = admin.get(client, "/requests")["requests"]
    assert start == "x=" or "s3cr3t" not in str(entry)


# --- the dashboard's forms


@pytest.mark.parametrize(
    "back", ["/\t/evil.example", "/\n/evil.example", "/\\evil.example", "//evil.example", "x", ""]
)
def test_form_that_would_lead_away_does_nothing(app: Flask, back: str) -> None:
    client = app.test_client()
    state = app.extensions["sandbox"].store
    answer = client.post("/ui/actions/reset", data={"back": back})
    assert answer.status_code == 400
    assert app.extensions["sandbox"].store is state


# --- downloads


@pytest.mark.parametrize(
    "change",
    [
        {"action": "freeze", "instant": "1971-01-01T00:00:00Z"},
        {"action": "freeze", "instant": "8999-12-31T00:00:00Z"},
        {"action": "advance", "duration": "P3651D"},
    ],
    ids=["to the first year", "to the last year", "on by ten years"],
)
def test_state_can_be_started_from_wherever_the_clock_was_moved(
    client: FlaskClient, contract: Contract, tmp_path: Path, change: dict[str, str]
) -> None:
    admin.put(client, "/clock", change)
    file = tmp_path / "state.yaml"
    file.write_bytes(client.get("/__admin/fixture").data)
    assert load_fixtures([str(file)], contract).accounts


# --- fixtures


@pytest.mark.parametrize("key", ["²", "٣", "9" * 1000, "1"])
def test_key_of_digits_in_a_fixture_is_told_where_it_stands(mistakes: Mistakes, key: str) -> None:
    (told,) = mistakes(f"carts:\n  - {{id: a, name: A}}\n  - {{id: b, name: B, '{key}': 1}}\n")
    assert told.startswith(f"own.yaml:3:{26 + len(key)}: carts[1].{key}: is not a known field")


def test_merges_cannot_explode(mistakes: Mistakes) -> None:
    levels = ["- &m0 {k: 1}"] + [
        f"- &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}], k{n}: 1}}" for n in range(1, 15)
    ]
    hidden = "?\n  " + "\n  ".join(levels) + "\n: 1\ncarts: [*m14]\n"
    first, *others = mistakes(hidden)
    assert first == "own.yaml:2:3: a key must be plain text"
    assert len([each for each in others if "is not a known field" in each]) == 15


@pytest.mark.parametrize("what", ["*a", "[*a]", "{<<: *a}", "[{<<: [*a]}]"])
def test_mapping_merged_into_itself_is_told(mistakes: Mistakes, what: str) -> None:
    told = mistakes(f"carts: [&a {{id: a, name: A, <<: {what}}}]")
    assert len(told) == 1
    assert "can't be merged: it is merged into itself, or too deep" in told[0]


@pytest.mark.parametrize("what", ["1", "[1]", "x", "~", "[[]]", "!x {}"])
def test_only_mappings_are_merged(mistakes: Mistakes, what: str) -> None:
    told = mistakes(f"carts: [{{<<: {what}}}]")
    assert "own.yaml:1:10: carts[0]: can't be merged: only mappings can" in told


def test_merge_takes_the_first_and_leaves_what_is_there(tmp_path: Path, contract: Contract) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("carts: [{id: a, <<: [{name: B}, {name: C, description: D, id: c}]}]")
    cart = load_fixtures([str(file)], contract).carts["a"]
    assert (cart.name, cart.description) == ("B", "D")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("0x1" + "0" * 16, "int"),
        ("0b1" + "0" * 64, "int"),
        ("-9223372036854775809", "int"),
        ("9" * 5000, "int"),
        ("0x" + "f" * 5000, "int"),
        ("1" + ":1" * 100_000, "int"),
        (".inf", "float"),
        ("-.INF", "float"),
        (".nan", "float"),
        ("1.0e+999", "float"),
        ("1" + ":1" * 1000 + ".5", "float"),
    ],
    ids=lambda each: each[:12],
)
def test_number_that_json_does_not_have_is_told(mistakes: Mistakes, number: str, kind: str) -> None:
    first, *_ = mistakes(f"carts:\n  - {{id: a, name: A, custom_attributes: {{n: {number}}}}}\n")
    path = "carts[0].custom_attributes.n"
    assert first == f"own.yaml:2:45: {path}: not a valid {kind}; put it in quotes"


@pytest.mark.parametrize("field", ["paid", "authorized"])
def test_part_of_an_order_may_be_what_a_payment_may_be(mistakes: Mistakes, field: str) -> None:
    address = "{first_name: A, last_name: B, line_1: C, postcode: D, county: E, country: GB}"
    order = f"id: {ORDER}, {field}: 9007199254740992, billing_address: {address}"
    item = "{type: custom_item, name: A, quantity: 1, price: {amount: 1}}"
    (told,) = mistakes(f"orders: [{{{order}, items: [{item}]}}]")
    assert told.endswith(f"orders[0].{field}: must be at most 9007199254740991")


@pytest.mark.parametrize("tag", ["!x:map {}", "!x:seq []", "!x:str x", "!x:int 1", "!!set {}"])
def test_tag_that_looks_like_a_plain_one_is_told(mistakes: Mistakes, tag: str) -> None:
    first, *_ = mistakes(f"carts: {tag}")
    assert "is not allowed here; remove it" in first


def test_names_in_mistakes_do_nothing_to_a_terminal(mistakes: Mistakes) -> None:
    text = 'carts: [{id: a, name: A, account_ids: ["no\\nbody\\e[31m\\u2028"]}]\n"\\x9b\\n": 1'
    unknown, key = mistakes(text)
    assert (
        unknown == 'own.yaml:1:40: carts[0].account_ids[0]: no account "no�body�[31m�"; known: none'
    )
    assert key.startswith("own.yaml:2:11: ��: is not a known field")


def test_line_of_a_mistake_has_an_end(mistakes: Mistakes) -> None:
    told, *_ = mistakes("carts: !" + "x" * 100_000 + " []")
    assert len(told) == len("own.yaml:1:8: ") + yaml_document.MAX_LINE + 1
    assert told.endswith("x…")


def test_of_very_many_mistakes_the_first_are_told(mistakes: Mistakes) -> None:
    told = mistakes("carts: [&a {id: a b, name: A}, " + ", ".join(["*a"] * 1500) + "]")
    assert len(told) == yaml_document.MAX_DIAGNOSTICS + 1
    assert told[-1] == "own.yaml:1:17: and more from here on; correct the ones before first"


def test_huge_file_is_told_and_not_read(
    mistakes: Mistakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_document, "MAX_BYTES", 2 * 1024 * 1024)
    assert mistakes("#" * (2 * 1024 * 1024 + 1)) == [
        "own.yaml:1:1: can't be read: it has more than 2 MiB; make it smaller"
    ]


def test_file_of_too_many_values_is_told(
    mistakes: Mistakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_document, "MAX_VALUES", 1000)
    (told,) = mistakes("carts: [" + "a," * 2000 + "]")
    assert told.startswith("own.yaml:1:20")
    assert told.endswith(": can't be read: more than 1000 values")


@pytest.mark.parametrize(
    ("text", "place"),
    [(b"carts: []\n# caf\xe9 \n", "2:7"), (b"carts: []\n\naccounts: \0", "3:11")],
    ids=["no UTF-8", "NUL"],
)
def test_byte_that_is_no_text_is_told_where_it_stands(
    mistakes: Mistakes, text: bytes, place: str
) -> None:
    (told,) = mistakes(text)
    assert told.startswith(f"own.yaml:{place}: can't be read: ")


@pytest.mark.parametrize("given", [5, True, "x", {"a": 1}, [[1]], [{}], None], ids=repr)
def test_token_of_a_broken_member_is_told(mistakes: Mistakes, given: Any) -> None:
    text = f"""\
accounts: [{{id: {ACCOUNT}, name: A}}]
members: [{{id: {MEMBER}, account_ids: {given!r}}}]
memberships: [{{id: {MEMBER}, account_id: [1], member_id: {MEMBER}}}]
account_tokens: [{{token: t, account_id: {ACCOUNT}, member_id: {MEMBER}}}]
"""
    told = mistakes(text)
    assert told[-1].endswith("account_id: not an account of this member, who has none")


def test_long_line_of_parents_is_walked_once(mistakes: Mistakes) -> None:
    names = [f"a0000000-0000-4000-8000-{number:012d}" for number in range(4000)]
    lines = [
        f"- {{id: {own}, name: A, parent_id: {parent}}}"
        for own, parent in zip(names, [*names[1:], names[-3]], strict=True)
    ]
    told = mistakes("accounts:\n" + "\n".join(lines))
    assert [each.split(" ")[0] for each in told] == [
        f"own.yaml:{line}:66:" for line in (3999, 4000, 4001)
    ]
