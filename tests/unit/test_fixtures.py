"""Fixtures: what they may hold, how errors in them are reported, and the built-in data
(contract.md §7).
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from mockserver.app import create_app
from mockserver.cli.main import main
from mockserver.core.config import Config, resource
from mockserver.fixtures.load import load_fixtures
from mockserver.fixtures.validate import KEYS
from mockserver.fixtures.yaml_document import FixtureError
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_3,
    ADMIN,
    CUSTOMER_1,
    CUSTOMER_2,
    MEMBER_ADA,
    MEMBER_GRACE,
    MEMBER_HEDY,
    MUG,
    NEW_YEAR,
    PROFILE,
    SHOPPER,
    acting_as,
    as_customer,
)
from tests.support.contract import CONTRACT
from tests.support.openapi_doc import error_entries
from tests.support.sample_requests import SIGN_IN, TOKENS

ERROR_IDS = {entry.id for entry in error_entries()}
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that writes a file and returns its name, as diagnostics give it."""
    monkeypatch.chdir(tmp_path)

    def write_file(text: str | bytes, name: str = "own.yaml") -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return write_file


def diagnostics_of(*paths: str) -> list[str]:
    """Return the diagnostics of fixtures that can't be used."""
    with pytest.raises(FixtureError) as raised:
        load_fixtures(paths, CONTRACT)
    assert str(raised.value).splitlines() == [
        str(diagnostic) for diagnostic in raised.value.diagnostics
    ]
    return str(raised.value).splitlines()


def start_client(*paths: str) -> FlaskClient:
    return create_app(Config(fixtures=paths, frozen_at=NEW_YEAR), CONTRACT).test_client()


def cart_ids(client: FlaskClient, headers: dict[str, str] = ADMIN) -> list[str]:
    listed = client.get("/v2/carts?page[limit]=100", headers=headers).get_json()["data"]
    return [cart["id"] for cart in listed]


# --- single errors

ACCOUNT = f"accounts: [{{ id: {ACCOUNT_1}, name: Ada }}]\n"
MEMBER = f"""\
{ACCOUNT}members:
  - id: {MEMBER_ADA}
    name: Ada
    email: ada@example.com
    username: ada
    account_ids: [{ACCOUNT_1}]
"""
PRODUCT = (
    f"products:\n  - {{ id: {MUG}, sku: mug, name: Mug, prices: {{ USD: {{ amount: 1500 }} }} }}\n"
)


SHIPPING = (
    "{ id: e1000000-0000-4000-8000-000000000002, "
    "type: custom_item, name: A, quantity: 1, price: { amount: 1 } }"
)


def cart_with(item: str, field: str = "description: A") -> str:
    """Return a cart with one item and one more field."""
    return f"carts:\n  - id: mine\n    {field}\n    items:\n    - {item}\n    name: A\n"


SECTIONS = ", ".join(sorted(json.loads(resource("fixtures/schema.json").read_text())["properties"]))
CUSTOMER = f"customers: [{{ id: {CUSTOMER_1}, name: A, email: alan@example.com }}]\n"
SINGLE_ERRORS = {
    # found by the schema
    "unknown section": (
        "cartz: []\n",
        f"own.yaml:1:8: cartz: is not a known field; known: {SECTIONS}",
    ),
    "unknown field": (
        "password_profiles:\n  - id: b0000000-0000-4000-8000-000000000001\n    nam: x\n",
        "own.yaml:3:10: password_profiles[0].nam: is not a known field; known: id, name",
    ),
    "missing field": ("carts:\n  - id: mine\n", "own.yaml:2:5: carts[0].name: is required"),
    "another type": ("carts: all of them\n", "own.yaml:1:8: carts: must be of type array"),
    "no record": ("carts: [mine]\n", "own.yaml:1:9: carts[0]: must be of type object"),
    "number as text": (
        "carts:\n  - { id: mine, name: 12 }\n",
        "own.yaml:2:23: carts[0].name: must be of type string",
    ),
    "unsafe id": (
        "carts:\n  - { id: a b, name: A }\n",
        "own.yaml:2:11: carts[0].id: must match ^[A-Za-z0-9_-]+$",
    ),
    "blank name": (
        "carts:\n  - { id: mine, name: ' ' }\n",
        "own.yaml:2:23: carts[0].name: must match \\S",
    ),
    "no UUID": (
        "accounts:\n  - { id: ada, name: Ada }\n",
        "own.yaml:2:11: accounts[0].id: must be a valid uuid",
    ),
    "UUID in capitals": (
        f"accounts:\n  - {{ id: {ACCOUNT_1.upper()}, name: Ada }}\n",
        "own.yaml:2:11: accounts[0].id: must match ^[0-9a-f-]+$",
    ),
    "no e-mail": (
        "carts:\n  - { id: mine, name: A, contact: { email: ada } }\n",
        "own.yaml:2:44: carts[0].contact.email: must be a valid email",
    ),
    "no duration": (
        "carts:\n  - { id: mine, name: A, idle: a day }\n",
        "own.yaml:2:32: carts[0].idle: must be a valid duration, such as PT1H30M",
    ),
    "unknown value": (
        "applications:\n  - { client_id: shop, grant: password }\n",
        "own.yaml:2:31: applications[0].grant: must be one of implicit, client_credentials",
    ),
    "secret of client credentials": (
        "applications:\n  - { client_id: shop, grant: client_credentials }\n",
        "own.yaml:2:5: applications[0].client_secret: is required",
    ),
    "token of two words": (
        "bearer_tokens:\n  - { token: two words, client_id: shop }\n",
        "own.yaml:2:14: bearer_tokens[0].token: must match ^[!-~]+$",
    ),
    "too large": (
        "settings:\n  cart:\n    cart_expiry_days: 366\n",
        "own.yaml:3:23: settings.cart.cart_expiry_days: must be at most 365",
    ),
    # not found by the schema
    "unknown account": (
        ACCOUNT + "carts:\n  - { id: mine, name: A, account_ids: [ada] }\n",
        'own.yaml:3:40: carts[0].account_ids[0]: no account "ada"; known: ' + ACCOUNT_1,
    ),
    "unknown application": (
        "bearer_tokens: [{ token: mine, client_id: shop }]\n",
        'own.yaml:1:43: bearer_tokens[0].client_id: no application "shop"; known: none',
    ),
    "unknown member": (
        "sign_in_codes:\n  - { mechanism: oidc, code: x, member_id: ada }\n",
        'own.yaml:2:44: sign_in_codes[0].member_id: no member "ada"; known: none',
    ),
    "id twice": (
        "carts:\n  - { id: mine, name: A }\n  - { id: mine, name: B }\n",
        'own.yaml:3:11: carts[1].id: "mine" is defined already at own.yaml:2; '
        "write another one, or remove one of them",
    ),
    "user name twice": (
        MEMBER
        + MEMBER.split("members:\n")[1]
        .replace(MEMBER_ADA, MEMBER_ADA[:-1] + "9")
        .replace("username: ada", "username: ADA"),
        'own.yaml:11:15: members[1].username: "ada" is defined already at own.yaml:3; '
        "write another one, or remove one of them",
    ),
    "account of another member": (
        MEMBER.replace(f"account_ids: [{ACCOUNT_1}]", "account_ids: []")
        + "account_tokens:\n"
        + f"  - token: mine\n    account_id: {ACCOUNT_1}\n    member_id: {MEMBER_ADA}\n",
        "own.yaml:10:17: account_tokens[0].account_id: not an account of this member, who has none",
    ),
    "contact and account": (
        ACCOUNT + "carts:\n  - id: mine\n    name: A\n    contact: { email: a@example.com }\n"
        f"    account_ids: [{ACCOUNT_1}]\n",
        "own.yaml:5:14: carts[0].contact: a cart has either account_ids or a contact e-mail; "
        "remove one of them",
    ),
    "contact and customer": (
        CUSTOMER + "carts:\n  - id: mine\n    name: A\n    contact: { email: a@example.com }\n"
        f"    customer_ids: [{CUSTOMER_1}]\n",
        "own.yaml:5:14: carts[0].contact: a cart has either customer_ids or a contact e-mail; "
        "remove one of them",
    ),
    "unknown customer": (
        CUSTOMER + "customer_tokens: [{ token: mine, customer_id: alan }]\n",
        f'own.yaml:2:47: customer_tokens[0].customer_id: no customer "alan"; known: {CUSTOMER_1}',
    ),
    "e-mail of two customers": (
        CUSTOMER.replace("]", "")
        + f"  , {{ id: {CUSTOMER_2}, name: B, email: ALAN@example.com }}]\n",
        'own.yaml:2:65: customers[1].email: "alan@example.com" is defined already at own.yaml:1; '
        "write another one, or remove one of them",
    ),
    "membership of nobody": (
        ACCOUNT
        + f"memberships: [{{ id: {MEMBER_GRACE}, account_id: {ACCOUNT_1}, member_id: x }}]\n",
        'own.yaml:2:120: memberships[0].member_id: no member "x"; known: none',
    ),
    "membership twice": (
        MEMBER
        + "memberships:\n"
        + "".join(
            f"  - {{ id: {membership_id}, account_id: {ACCOUNT_1}, member_id: {MEMBER_ADA} }}\n"
            for membership_id in (MEMBER_GRACE, MEMBER_HEDY)
        ),
        f'own.yaml:10:61: memberships[1].account_id: "{ACCOUNT_1} of {MEMBER_ADA}" is defined '
        "already at own.yaml:9; write another one, or remove one of them",
    ),
    "account that is its own ancestor": (
        f"accounts:\n  - {{ id: {ACCOUNT_1}, name: A, parent_id: {ACCOUNT_1} }}\n",
        "own.yaml:2:69: accounts[0].parent_id: the account is its own ancestor; break the ring",
    ),
    "idle too long": (
        "carts:\n  - { id: mine, name: A, idle: P3651D }\n",
        "own.yaml:2:32: carts[0].idle: write at most P3650D",
    ),
    # the catalog, and items of carts
    "product without a price": (
        f"products:\n  - {{ id: {MUG}, sku: mug, name: Mug }}\n",
        "own.yaml:2:5: products[0].prices: is required",
    ),
    "part of a cent": (
        PRODUCT.replace("1500", "1.5"),
        "own.yaml:2:95: products[0].prices.USD.amount: must be of type integer",
    ),
    "price in no currency": (
        PRODUCT.replace("USD", "EUR"),
        'own.yaml:2:85: products[0].prices.EUR: no currency "EUR"; known: USD',
    ),
    "SKU twice": (
        PRODUCT + PRODUCT.split("products:\n")[1].replace(MUG, MUG[:-1] + "9"),
        'own.yaml:3:54: products[1].sku: "mug" is defined already at own.yaml:2; '
        "write another one, or remove one of them",
    ),
    "promotion of nothing": (
        "promotions:\n  - { code: NOTHING }\n",
        "own.yaml:2:5: promotions[0].percent: is required",
    ),
    "promotion of two things": (
        "promotions:\n  - { code: BOTH, percent: 5, amounts: { USD: 5 } }\n",
        "own.yaml:2:40: promotions[0].amounts: "
        "a promotion has either percent or amounts; remove one of them",
    ),
    "unknown product": (
        cart_with("{ type: cart_item, product_id: mug, quantity: 1 }"),
        'own.yaml:5:38: carts[0].items[0].product_id: no product "mug"; known: none',
    ),
    "unknown promotion": (
        cart_with("{ type: promotion_item, code: X }"),
        'own.yaml:5:37: carts[0].items[0].code: no promotion "X"; known: none',
    ),
    "promotion of a custom item": (
        cart_with("{ type: custom_item, name: A, quantity: 1, price: { amount: 1 }, code: X }"),
        "own.yaml:5:78: carts[0].items[0].code: a custom_item has none",
    ),
    "item without a quantity": (
        cart_with("{ type: custom_item, name: A, price: { amount: 1 } }"),
        "own.yaml:5:7: carts[0].items[0].quantity: is required",
    ),
    "no price in the cart's currency": (
        PRODUCT
        + "currencies: [{ code: USD }, { code: GBP }]\n"
        + cart_with(f"{{ type: cart_item, product_id: {MUG}, quantity: 1 }}", "currency: GBP"),
        "own.yaml:8:38: carts[0].items[0].product_id: "
        "the product has no price in GBP, the currency of the cart",
    ),
    "cart in no currency": (
        cart_with(
            "{ type: custom_item, name: A, quantity: 1, price: { amount: 1 } }", "currency: X"
        ),
        'own.yaml:3:15: carts[0].currency: no currency "X"; known: USD',
    ),
    "unknown shipping group": (
        cart_with(
            "{ type: custom_item, name: A, quantity: 1, price: { amount: 1 }, "
            "shipping_group_id: mine }"
        ),
        'own.yaml:5:91: carts[0].items[0].shipping_group_id: no shipping group "mine"; known: none',
    ),
    "item id twice": (
        cart_with(f"{SHIPPING}\n    - {SHIPPING}"),
        "own.yaml:6:13: carts[0].items[1].id: another item of the cart has this id",
    ),
    "item of old": (
        cart_with(
            "{ type: custom_item, name: A, quantity: 1, price: { amount: 1 }, idle: P3651D }"
        ),
        "own.yaml:5:78: carts[0].items[0].idle: write at most P3650D",
    ),
    # invalid YAML, or YAML beyond the plain one
    "not YAML": ("carts: [\n", "own.yaml:2:1: can't be read: did not find expected node content"),
    "bad indent": (
        "carts:\n  - id: mine\n name: A\n",
        "own.yaml:3:2: can't be read: did not find expected key",
    ),
    "two documents": ("{}\n---\n{}\n", "own.yaml:2:1: can't be read: but found another document"),
    "unknown alias": ("carts: *mine\n", "own.yaml:1:8: can't be read: found undefined alias"),
    "a list": (
        "- carts\n",
        "own.yaml:1:1: write a mapping of sections, such as carts: and accounts:",
    ),
    "a text": (
        "carts\n",
        "own.yaml:1:1: write a mapping of sections, such as carts: and accounts:",
    ),
    "key twice": (
        "carts: []\ncarts: []\n",
        "own.yaml:2:1: carts: this key stands twice; remove one",
    ),
    "key of a record twice": (
        "carts:\n  - id: mine\n    name: A\n    name: B\n",
        "own.yaml:4:5: carts[0].name: this key stands twice; remove one",
    ),
    "key of a list": ("? [a]\n: 1\n", "own.yaml:1:3: a key must be plain text"),
    "recursion": (
        "carts: &all [*all]\n",
        "own.yaml:1:1: nested more than 50 levels deep at carts[0][0]…",
    ),
    "depth": (
        "carts: " + "[" * 60 + "]" * 60 + "\n",
        "own.yaml:1:57: can't be read: nested more than 50 levels deep",
    ),
    "no UTF-8": (
        b"carts: caf\xe9 \n",
        "own.yaml:1:12: can't be read: unacceptable character #x0020: "
        'invalid continuation byte in "<byte string>", position 11',
    ),
}


@pytest.mark.parametrize(("text", "expected"), SINGLE_ERRORS.values(), ids=SINGLE_ERRORS)
def test_error_is_reported_with_its_place(write: Write, text: str | bytes, expected: str) -> None:
    messages = diagnostics_of(write(text))
    if isinstance(text, bytes):  # the decoder's wording differs between releases
        messages, expected = [message[:28] for message in messages], expected[:28]
    assert messages == [expected]


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_extreme_depth_is_reported_too(write: Write, depth: int) -> None:
    assert len(diagnostics_of(write("carts: " + "[" * depth + "]" * depth))) == 1


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!!python/name:os.system", "!x"]
)
@pytest.mark.parametrize("value", ["[touch ran]", "{a: b}", "text"])
def test_tags_are_rejected_and_nothing_is_executed(
    write: Write, tmp_path: Path, tag: str, value: str
) -> None:
    first, *_ = diagnostics_of(write(f"carts: {tag} {value}\n"))
    full = tag.replace("!!", "tag:yaml.org,2002:")
    assert first == f"own.yaml:1:8: carts: the tag {full} is not allowed here; remove it"
    assert not (tmp_path / "ran").exists()


def test_aliases_cannot_explode(write: Write) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [
        f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 10)
    ]
    text = "\n".join(levels)
    max_values = len(text) + 100_000
    assert diagnostics_of(write(text)) == [
        f"own.yaml:1:1: more than {max_values} values once the aliases are written out"
    ]


def test_binary_file_is_reported_without_its_content(write: Write) -> None:
    (message,) = diagnostics_of(write(bytes(range(256))))
    assert message.startswith("own.yaml:1:1: can't be read: ")


def test_missing_file_is_reported() -> None:
    assert diagnostics_of("no-such.yaml") == [
        "no-such.yaml: no such file or folder; write a path, or default for the built-in fixtures"
    ]


def test_folder_without_fixtures_is_reported(write: Write) -> None:
    write("carts: []", "folder/carts.txt")
    assert diagnostics_of("folder") == ["folder: the folder has no *.yaml file"]


def test_unknown_error_of_a_magic_id_is_reported_with_the_known_ones(write: Write) -> None:
    (message,) = diagnostics_of(write("magic_ids:\n  - { id: mine, error: no-such }\n"))
    assert message.startswith('own.yaml:2:24: magic_ids[0].error: no error "no-such"; known: ')
    assert "account-lacks-permissions, account-member-not-found" in message
    assert message.endswith(f" and {len(ERROR_IDS) - 10} more")


# --- all errors at once


def test_all_errors_are_reported_at_once_in_the_order_of_the_file(write: Write) -> None:
    text = """\
carts:
  - { id: a b, name: 1 }
  - { id: mine, name: Mine, account_ids: [nobody] }
colour: red
settings: { cart: { show_all_carts: perhaps } }
carts: []
"""
    messages = diagnostics_of(write(text.replace("carts: []\n", "")))
    assert [message.split(": ")[:2] for message in messages] == [
        ["own.yaml:2:11", "carts[0].id"],
        ["own.yaml:2:22", "carts[0].name"],
        ["own.yaml:3:43", "carts[1].account_ids[0]"],
        ["own.yaml:4:9", "colour"],
        ["own.yaml:5:37", "settings.cart.show_all_carts"],
    ]


def test_errors_of_several_files_are_reported_at_once(write: Write) -> None:
    names = [write("carts: 1\n", "b.yaml"), write("[\n", "c.yaml"), write("x: 1\n", "a.yaml")]
    assert [message.split(":")[0] for message in diagnostics_of(*names)] == [
        "a.yaml",
        "b.yaml",
        "c.yaml",
    ]


def test_all_missing_files_are_reported_at_once() -> None:
    assert [message.split(":")[0] for message in diagnostics_of("a.yaml", "b.yaml")] == [
        "a.yaml",
        "b.yaml",
    ]


def test_id_of_another_file_cannot_be_used_again(write: Write) -> None:
    first = write("# one\ncarts: [{ id: mine, name: A }]\n", "first.yaml")
    second = write("carts: [{ id: mine, name: B }]\n", "second.yaml")
    assert diagnostics_of(first, second) == [
        'second.yaml:1:15: carts[0].id: "mine" is defined already at first.yaml:2; '
        "write another one, or remove one of them"
    ]


def test_id_of_the_built_in_data_cannot_be_used_again(write: Write) -> None:
    (message,) = diagnostics_of("default", write("carts: [{ id: free-cart, name: B }]\n"))
    assert message.startswith('own.yaml:1:15: carts[0].id: "free-cart" is defined already at ')
    assert "default.yaml:" in message


def test_same_file_twice_is_an_error(write: Write) -> None:
    name = write("carts: [{ id: mine, name: A }]\n")
    assert len(diagnostics_of(name, name)) == 1


# --- the output of the command


@pytest.mark.parametrize("command", [["validate"], ["--port", "0", "--fixtures"]])
def test_command_ends_with_the_diagnostics_and_no_traceback(
    write: Write,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = write("carts:\n  - id: a b\n")
    monkeypatch.setattr("sys.argv", ["mockserver", *command, name])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "own.yaml:2:5: carts[0].name: is required",
        "own.yaml:2:9: carts[0].id: must match ^[A-Za-z0-9_-]+$",
    ]


# --- valid fixtures


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "---\n", "~\n", "\ufeffcarts: []"])
def test_empty_file_adds_nothing(write: Write, text: str) -> None:
    name = write(text)
    assert cart_ids(start_client("default", name)) == cart_ids(start_client("default"))
    assert start_client(name).get("/v2/carts", headers=ADMIN).status_code == 401


def test_own_file_adds_to_the_built_in_data(write: Write) -> None:
    name = write(f"carts:\n  - {{ id: mine, name: Mine, account_ids: [{ACCOUNT_1}] }}\n")
    client = start_client("default", name)
    assert set(cart_ids(client)) - set(cart_ids(start_client("default"))) == {"mine"}
    assert cart_ids(client, acting_as(1)) == ["ada-cart", "ada-second-cart", "shared-cart", "mine"]


def test_own_file_can_be_used_without_the_built_in_data(write: Write) -> None:
    name = write(
        "applications: [{ client_id: shop, grant: client_credentials, client_secret: s }]\n"
        "bearer_tokens: [{ token: mine, client_id: shop }]\n"
        "carts: [{ id: only, name: Only }]\n"
    )
    client = start_client(name)
    assert cart_ids(client, {"Authorization": "Bearer mine"}) == ["only"]
    assert client.get("/v2/carts", headers=ADMIN).status_code == 401


def test_folder_is_read_in_the_order_of_its_names(write: Write) -> None:
    write("carts: [{ id: second, name: B }]", "folder/b.yaml")
    write("carts: [{ id: third, name: C }]", "folder/c.yml")
    write("carts: [{ id: first, name: A }]", "folder/a.yaml")
    write("not: fixtures", "folder/notes.txt")
    added = [
        cart_id for cart_id in cart_ids(start_client("default", "folder")) if "-" not in cart_id
    ]
    assert added == ["first", "second", "third"]


def test_files_may_refer_to_records_of_other_files(write: Write) -> None:
    account_id = "a0000000-0000-4000-8000-000000000009"
    cart = write(f"carts: [{{ id: mine, name: M, account_ids: [{account_id}] }}]", "cart.yaml")
    account = write(f"accounts: [{{ id: {account_id}, name: New }}]", "account.yaml")
    for order in ((cart, account), (account, cart)):
        client = start_client("default", *order)
        assert client.get(f"/v2/accounts/{account_id}", headers=ADMIN).status_code == 200


def test_later_settings_win_and_keep_the_others(write: Write) -> None:
    first = write("settings: { cart: { cart_expiry_days: 3, show_all_carts: false } }", "a.yaml")
    second = write("settings: { cart: { cart_expiry_days: 5 } }", "b.yaml")
    client = start_client("default", first, second)
    data = client.get("/v2/settings/cart", headers=ADMIN).get_json()["data"]
    assert (data["cart_expiry_days"], data["show_all_carts"]) == (5, False)
    assert data["inventories"] == {"defer_inventory_check": False}


def test_anchors_and_merges_are_plain_yaml(write: Write) -> None:
    name = write(
        f"""\
carts:
  - &mine {{ id: one, name: One, account_ids: [{ACCOUNT_2}] }}
  - {{ <<: *mine, id: two }}
"""
    )
    client = start_client("default", name)
    two = client.get("/v2/carts/two", headers=SHOPPER).get_json()["data"]
    assert (two["name"], two["relationships"]["accounts"]["data"][0]["id"]) == ("One", ACCOUNT_2)


def test_dates_stay_text(write: Write) -> None:
    name = write("carts: [{ id: mine, name: 2026-01-01, snapshot_date: 2027-01-01T00:00:00Z }]")
    cart = start_client("default", name).get("/v2/carts/mine", headers=SHOPPER).get_json()["data"]
    assert (cart["name"], cart["snapshot_date"]) == ("2026-01-01", "2027-01-01T00:00:00Z")


def test_idle_cart_expires_earlier(write: Write) -> None:
    name = write("carts: [{ id: mine, name: Mine, idle: P1DT2H3M4S }]")
    cart = start_client("default", name).get("/v2/carts/mine", headers=SHOPPER).get_json()["data"]
    assert cart["meta"]["timestamps"] == {
        "created_at": "2025-12-30T21:56:56Z",
        "updated_at": "2025-12-30T21:56:56Z",
        "expires_at": "2026-01-06T21:56:56Z",
    }


def test_membership_may_have_an_id_and_an_age(write: Write) -> None:
    membership = f"id: {CUSTOMER_1}, account_id: {ACCOUNT_1}, member_id: {MEMBER_HEDY}, age: P2D"
    client = start_client("default", write(f"memberships: [{{ {membership}, idle: P1D }}]"))
    path = f"/v2/accounts/{ACCOUNT_1}/account-memberships/{CUSTOMER_1}"
    assert client.get(path, headers=ADMIN).get_json()["data"]["meta"]["timestamps"] == {
        "created_at": "2025-12-30T00:00:00.000Z",
        "updated_at": "2025-12-31T00:00:00.000Z",
    }
    credentials = {**SIGN_IN, "username": "hedy@example.com", "password": "hedy-password"}
    response = client.post(TOKENS, headers=SHOPPER, json={"data": credentials})
    accounts = [token["account_id"] for token in response.get_json()["data"]]
    assert accounts == [ACCOUNT_3, ACCOUNT_1]  # account_ids first


def test_membership_without_an_id_always_has_the_same_one(write: Write) -> None:
    name = write(MEMBER)
    path = f"/v2/accounts/{ACCOUNT_1}/account-memberships"
    bearer = "applications: [{ client_id: a, grant: client_credentials, client_secret: b }]\n"
    tokens = "bearer_tokens: [{ token: admin, client_id: a }]\n"
    office = write(bearer + tokens, "office.yaml")
    ids = {
        start_client(name, office).get(path, headers=ADMIN).get_json()["data"][0]["id"]
        for _ in range(2)
    }
    assert len(ids) == 1


# --- the built-in data


def test_built_in_carts_are_the_documented_ones(client: FlaskClient) -> None:
    listed = client.get("/v2/carts", headers=ADMIN).get_json()["data"]
    owners = {
        cart["id"]: [
            owner["id"]
            for kind in ("accounts", "customers")
            for owner in cart["relationships"][kind].get("data", [])
        ]
        for cart in listed
    }
    assert owners == {
        "free-cart": [],
        "ada-cart": [ACCOUNT_1],
        "ada-second-cart": [ACCOUNT_1],
        "shared-cart": [ACCOUNT_1, ACCOUNT_2],
        "grace-cart": [ACCOUNT_2],
        "hedy-only-cart": [ACCOUNT_3],
        "contact-cart": [],
        "alan-cart": [CUSTOMER_1],
        "alan-other-cart": [CUSTOMER_1],
        "barbara-only-cart": [CUSTOMER_2],
        "expiring-cart": [],
    }
    assert [cart["id"] for cart in listed if "contact" in cart] == ["contact-cart"]


def test_built_in_accounts_are_the_documented_ones(client: FlaskClient) -> None:
    listed = client.get("/v2/accounts", headers=ADMIN).get_json()["data"]
    assert {account["id"]: account["name"] for account in listed} == {
        "a0000000-0000-4000-8000-000000000001": "Ada's Engines",
        "a0000000-0000-4000-8000-000000000002": "Grace's Compilers",
        "a0000000-0000-4000-8000-000000000003": "Hedy's Radios",
    }


@pytest.mark.parametrize(
    ("name", "accounts"),
    [("ada", [ACCOUNT_1]), ("grace", [ACCOUNT_2, ACCOUNT_3]), ("hedy", [ACCOUNT_3])],
)
def test_built_in_members_sign_in_as_documented(
    client: FlaskClient, name: str, accounts: list[str]
) -> None:
    assert PROFILE == "b0000000-0000-4000-8000-000000000001"
    credentials = {**SIGN_IN, "username": f"{name}@example.com", "password": f"{name}-password"}
    response = client.post(TOKENS, headers=SHOPPER, json={"data": credentials})
    assert [token["account_id"] for token in response.get_json()["data"]] == accounts


@pytest.mark.parametrize("number", [1, 2, 3])
def test_built_in_account_tokens_act_for_their_accounts(client: FlaskClient, number: int) -> None:
    cart = client.post("/v2/carts", headers=acting_as(number), json={"data": {"name": "New"}})
    (account,) = cart.get_json()["data"]["relationships"]["accounts"]["data"]
    assert account["id"] == f"a0000000-0000-4000-8000-00000000000{number}"


@pytest.mark.parametrize(("number", "name"), [(1, "alan"), (2, "barbara")])
def test_built_in_customers_sign_in_as_documented(
    client: FlaskClient, number: int, name: str
) -> None:
    credentials = {"type": "token", "email": f"{name}@example.com", "password": f"{name}-password"}
    response = client.post("/v2/customers/tokens", headers=SHOPPER, json={"data": credentials})
    assert (
        response.get_json()["data"]["customer_id"] == f"f0000000-0000-4000-8000-00000000000{number}"
    )
    cart = client.post("/v2/carts", headers=as_customer(number), json={"data": {"name": "New"}})
    (customer,) = cart.get_json()["data"]["relationships"]["customers"]["data"]
    assert customer["id"] == response.get_json()["data"]["customer_id"]


def test_built_in_memberships_have_the_documented_ids(client: FlaskClient) -> None:
    for number, member, account in (
        (1, MEMBER_ADA, ACCOUNT_1),
        (2, MEMBER_GRACE, ACCOUNT_2),
        (3, MEMBER_GRACE, ACCOUNT_3),
        (4, MEMBER_HEDY, ACCOUNT_3),
    ):
        path = f"/v2/accounts/{account}/account-memberships"
        response = client.get(f"{path}/ca000000-0000-4000-8000-00000000000{number}", headers=ADMIN)
        related = response.get_json()["data"]["relationships"]["account_member"]
        assert related["data"]["id"] == member


def test_built_in_data_has_a_magic_id_for_every_error(client: FlaskClient) -> None:
    document = yaml.safe_load(resource("fixtures/default.yaml").read_text("utf-8"))
    magic = {entry["id"]: entry["error"] for entry in document["magic_ids"]}
    assert magic == {f"always-{error}": error for error in ERROR_IDS}, (
        "correct magic_ids in fixtures/default.yaml"
    )
    response = client.get("/v2/carts/always-write-conflict", headers=SHOPPER)
    assert response.status_code == 200  # getting a cart can't conflict
    response = client.delete("/v2/carts/always-write-conflict", headers=SHOPPER)
    assert response.status_code == 409


# --- the schema


def schema() -> Any:
    return json.loads(resource("fixtures/schema.json").read_text("utf-8"))


def test_schema_is_valid() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_section_is_validated_built_and_exported(client: FlaskClient) -> None:
    sections = json.loads(resource("fixtures/schema.json").read_text("utf-8"))["properties"]
    assert sections.keys() - KEYS.keys() == {"store", "settings", "rules"}, (
        "add the section to KEYS in mockserver/fixtures/validate.py"
    )
    built_in = yaml.safe_load(resource("fixtures/default.yaml").read_text("utf-8"))
    exported = yaml.safe_load(client.get("/__admin/fixture").data)
    assert built_in.keys() - exported.keys() == set(), (
        "add the section to build.py and export.py in mockserver/fixtures/"
    )


def test_built_in_data_is_valid_under_the_schema() -> None:
    document = yaml.safe_load(resource("fixtures/default.yaml").read_text("utf-8"))
    Draft202012Validator(schema()).validate(document)
    assert set(schema()["properties"]) - {"rules"} == set(document)


def test_built_in_data_names_its_schema_for_editors() -> None:
    first, *_ = resource("fixtures/default.yaml").read_text("utf-8").splitlines()
    marker, _, name = first.partition("=")
    assert marker == "# yaml-language-server: $schema"
    assert (resource("fixtures/default.yaml").parent / name).is_file()


def test_a_folder_may_hold_what_editors_and_systems_leave(tmp_path: Path) -> None:
    (tmp_path / "carts.yaml").write_text("carts: [{id: mine, name: Mine}]\n", "utf-8")
    (tmp_path / "._carts.yaml").write_bytes(b"\0\5\x16\7")
    (tmp_path / ".#carts.yaml").symlink_to("nobody@nowhere.1:2")
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "no-such-file")
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    assert list(load_fixtures([str(tmp_path)], CONTRACT).carts) == ["mine"]


def test_the_files_of_a_mounted_config_map_are_read(tmp_path: Path) -> None:
    """Kubernetes mounts links: carts.yaml → ..data/carts.yaml, ..data → ..2026_12_01."""
    version = tmp_path / "..2026_12_01"
    version.mkdir()
    (version / "carts.yaml").write_text("carts: [{id: mine, name: Mine}]\n", "utf-8")
    (tmp_path / "..data").symlink_to(version.name)
    (tmp_path / "carts.yaml").symlink_to("..data/carts.yaml")
    assert list(load_fixtures([str(tmp_path)], CONTRACT).carts) == ["mine"]
