"""Regression tests of errors that fuzzing has found."""

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
from tests.support import admin
from tests.support.built_in_data import ADMIN

Diagnose = Callable[[str | bytes], list[str]]
MEMBER = "c0000000-0000-4000-8000-000000000001"
ORDER = "01000000-0000-4000-8000-000000000001"
ACCOUNT = "a0000000-0000-4000-8000-000000000001"


@pytest.fixture
def diagnose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contract: Contract) -> Diagnose:
    """Return a function that returns the diagnostics of a fixture file."""
    monkeypatch.chdir(tmp_path)

    def diagnose_text(text: str | bytes) -> list[str]:
        Path("own.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(FixtureError) as raised:
            load_fixtures(["own.yaml"], contract)
        return str(raised.value).split("\n")

    return diagnose_text


# --- requests


@pytest.mark.parametrize("key", ["²", "٣", "9" * 5000, "1"])
def test_key_of_digits_is_a_key_like_any_other(client: FlaskClient, key: str) -> None:
    body = {"data": {"name": "A", "custom_attributes": {key: 1}}}
    response = client.post("/v2/carts", headers=ADMIN, json=body)
    assert response.status_code == 400
    assert key[:100] in response.json["errors"][0]["source"]


@pytest.mark.parametrize("host", ["[1]", "[:]", "[::1", "[...]", "[fe80::1%25x]", "[v1.x]"])
def test_host_with_invalid_brackets_appears_in_no_link(client: FlaskClient, host: str) -> None:
    response = client.get("/v2/carts?page[limit]=1", headers={**ADMIN, "Host": host})
    assert response.status_code == 200
    assert response.json["links"]["next"].startswith("http://localhost/v2/carts?")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json"])
@pytest.mark.parametrize("start", ["\ufeff", "x=", "=&", "("])
def test_json_that_is_parsed_as_a_form_leaks_no_secret(
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
def test_form_that_would_redirect_elsewhere_does_nothing(app: Flask, back: str) -> None:
    client = app.test_client()
    state = app.extensions["sandbox"].store
    response = client.post("/ui/actions/reset", data={"back": back})
    assert response.status_code == 400
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
def test_exported_state_can_be_loaded_wherever_the_clock_was_moved(
    client: FlaskClient, contract: Contract, tmp_path: Path, change: dict[str, str]
) -> None:
    admin.put(client, "/clock", change)
    file = tmp_path / "state.yaml"
    file.write_bytes(client.get("/__admin/fixture").data)
    assert load_fixtures([str(file)], contract).accounts


# --- fixtures


@pytest.mark.parametrize("key", ["²", "٣", "9" * 1000, "1"])
def test_key_of_digits_in_a_fixture_is_reported_with_its_place(
    diagnose: Diagnose, key: str
) -> None:
    (message,) = diagnose(f"carts:\n  - {{id: a, name: A}}\n  - {{id: b, name: B, '{key}': 1}}\n")
    assert message.startswith(f"own.yaml:3:{26 + len(key)}: carts[1].{key}: is not a known field")


def test_merges_cannot_explode(diagnose: Diagnose) -> None:
    levels = ["- &m0 {k: 1}"] + [
        f"- &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}], k{n}: 1}}" for n in range(1, 15)
    ]
    hidden = "?\n  " + "\n  ".join(levels) + "\n: 1\ncarts: [*m14]\n"
    first, *others = diagnose(hidden)
    assert first == "own.yaml:2:3: a key must be plain text"
    assert len([message for message in others if "is not a known field" in message]) == 15


@pytest.mark.parametrize("value", ["*a", "[*a]", "{<<: *a}", "[{<<: [*a]}]"])
def test_mapping_merged_into_itself_is_reported(diagnose: Diagnose, value: str) -> None:
    messages = diagnose(f"carts: [&a {{id: a, name: A, <<: {value}}}]")
    assert len(messages) == 1
    assert "can't be merged: it is merged into itself, or too deep" in messages[0]


@pytest.mark.parametrize("value", ["1", "[1]", "x", "~", "[[]]", "!x {}"])
def test_only_mappings_are_merged(diagnose: Diagnose, value: str) -> None:
    messages = diagnose(f"carts: [{{<<: {value}}}]")
    assert "own.yaml:1:10: carts[0]: can't be merged: only mappings can" in messages


def test_merge_uses_the_first_mapping_and_keeps_own_keys(
    tmp_path: Path, contract: Contract
) -> None:
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
    ids=lambda value: value[:12],
)
def test_number_that_json_does_not_have_is_reported(
    diagnose: Diagnose, number: str, kind: str
) -> None:
    first, *_ = diagnose(f"carts:\n  - {{id: a, name: A, custom_attributes: {{n: {number}}}}}\n")
    path = "carts[0].custom_attributes.n"
    assert first == f"own.yaml:2:45: {path}: not a valid {kind}; put it in quotes"


@pytest.mark.parametrize("field", ["paid", "authorized"])
def test_partial_amount_of_an_order_has_the_limit_of_a_payment(
    diagnose: Diagnose, field: str
) -> None:
    address = "{first_name: A, last_name: B, line_1: C, postcode: D, county: E, country: GB}"
    order = f"id: {ORDER}, {field}: 9007199254740992, billing_address: {address}"
    item = "{type: custom_item, name: A, quantity: 1, price: {amount: 1}}"
    (message,) = diagnose(f"orders: [{{{order}, items: [{item}]}}]")
    assert message.endswith(f"orders[0].{field}: must be at most 9007199254740991")


@pytest.mark.parametrize("tag", ["!x:map {}", "!x:seq []", "!x:str x", "!x:int 1", "!!set {}"])
def test_tag_that_looks_like_a_standard_one_is_reported(diagnose: Diagnose, tag: str) -> None:
    first, *_ = diagnose(f"carts: {tag}")
    assert "is not allowed here; remove it" in first


def test_names_in_diagnostics_cannot_control_a_terminal(diagnose: Diagnose) -> None:
    text = 'carts: [{id: a, name: A, account_ids: ["no\\nbody\\e[31m\\u2028"]}]\n"\\x9b\\n": 1'
    unknown, key = diagnose(text)
    assert (
        unknown == 'own.yaml:1:40: carts[0].account_ids[0]: no account "no�body�[31m�"; known: none'
    )
    assert key.startswith("own.yaml:2:11: ��: is not a known field")


def test_line_of_a_diagnostic_is_limited(diagnose: Diagnose) -> None:
    message, *_ = diagnose("carts: !" + "x" * 100_000 + " []")
    assert len(message) == len("own.yaml:1:8: ") + yaml_document.MAX_LINE + 1
    assert message.endswith("x…")


def test_only_the_first_of_very_many_diagnostics_are_reported(diagnose: Diagnose) -> None:
    messages = diagnose("carts: [&a {id: a b, name: A}, " + ", ".join(["*a"] * 1500) + "]")
    assert len(messages) == yaml_document.MAX_DIAGNOSTICS + 1
    assert messages[-1] == "own.yaml:1:17: and more from here on; correct the ones before first"


def test_huge_file_is_reported_and_not_read(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_document, "MAX_BYTES", 2 * 1024 * 1024)
    assert diagnose("#" * (2 * 1024 * 1024 + 1)) == [
        "own.yaml:1:1: can't be read: it has more than 2 MiB; make it smaller"
    ]


def test_file_of_too_many_values_is_reported(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_document, "MAX_VALUES", 1000)
    (message,) = diagnose("carts: [" + "a," * 2000 + "]")
    assert message.startswith("own.yaml:1:20")
    assert message.endswith(": can't be read: more than 1000 values")


@pytest.mark.parametrize(
    ("text", "place"),
    [(b"carts: []\n# caf\xe9 \n", "2:7"), (b"carts: []\n\naccounts: \0", "3:11")],
    ids=["no UTF-8", "NUL"],
)
def test_invalid_byte_is_reported_with_its_place(
    diagnose: Diagnose, text: bytes, place: str
) -> None:
    (message,) = diagnose(text)
    assert message.startswith(f"own.yaml:{place}: can't be read: ")


@pytest.mark.parametrize("account_ids", [5, True, "x", {"a": 1}, [[1]], [{}], None], ids=repr)
def test_token_of_an_invalid_member_is_reported(diagnose: Diagnose, account_ids: Any) -> None:
    text = f"""\
accounts: [{{id: {ACCOUNT}, name: A}}]
members: [{{id: {MEMBER}, account_ids: {account_ids!r}}}]
memberships: [{{id: {MEMBER}, account_id: [1], member_id: {MEMBER}}}]
account_tokens: [{{token: t, account_id: {ACCOUNT}, member_id: {MEMBER}}}]
"""
    messages = diagnose(text)
    assert messages[-1].endswith("account_id: not an account of this member, who has none")


def test_long_chain_of_parents_is_walked_once(diagnose: Diagnose) -> None:
    names = [f"a0000000-0000-4000-8000-{number:012d}" for number in range(4000)]
    lines = [
        f"- {{id: {own}, name: A, parent_id: {parent}}}"
        for own, parent in zip(names, [*names[1:], names[-3]], strict=True)
    ]
    messages = diagnose("accounts:\n" + "\n".join(lines))
    assert [message.split(" ")[0] for message in messages] == [
        f"own.yaml:{line}:66:" for line in (3999, 4000, 4001)
    ]
