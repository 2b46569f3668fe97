"""Fixtures: what they may say, how each mistake in them is told, and the seed world itself."""

import json
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
from mockserver.fixtures.yaml_document import FixtureError
from tests.contract import CONTRACT
from tests.documented import error_entries
from tests.requests import SIGN_IN, TOKENS
from tests.seeds import (
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

ERROR_IDS = {each.id for each in error_entries()}
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file beside the test, and return its name; mistakes name it without its folder."""
    monkeypatch.chdir(tmp_path)

    def put(text: str | bytes, name: str = "own.yaml") -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return put


def mistakes(*paths: str) -> list[str]:
    """Return what is told about fixtures that can't be used."""
    with pytest.raises(FixtureError) as raised:
        load_fixtures(paths, CONTRACT)
    assert str(raised.value).splitlines() == [str(each) for each in raised.value.diagnostics]
    return str(raised.value).splitlines()


def serving(*paths: str) -> FlaskClient:
    return create_app(Config(fixtures=paths, frozen_at=NEW_YEAR), CONTRACT).test_client()


def cart_ids(client: FlaskClient, headers: dict[str, str] = ADMIN) -> list[str]:
    listed = client.get("/v2/carts?page[limit]=100", headers=headers).get_json()["data"]
    return [cart["id"] for cart in listed]


# --- one mistake each

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


def holding(item: str, field: str = "description: A") -> str:
    """A cart with one item, and with one more field."""
    return f"carts:\n  - id: mine\n    {field}\n    items:\n    - {item}\n    name: A\n"


SECTIONS = (
    "account_tokens, accounts, applications, bearer_tokens, carts, currencies, customer_tokens, "
    "customers, hierarchies, magic_ids, members, memberships, orders, password_profiles, products, "
    "promotions, rules, settings, sign_in_codes, store"
)
CUSTOMER = f"customers: [{{ id: {CUSTOMER_1}, name: A, email: alan@example.com }}]\n"
ONE_MISTAKE = {
    # what the schema sees
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
    # what it can't see
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
            f"  - {{ id: {each}, account_id: {ACCOUNT_1}, member_id: {MEMBER_ADA} }}\n"
            for each in (MEMBER_GRACE, MEMBER_HEDY)
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
    # the catalog, and what carts hold of it
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
        holding("{ type: cart_item, product_id: mug, quantity: 1 }"),
        'own.yaml:5:38: carts[0].items[0].product_id: no product "mug"; known: none',
    ),
    "unknown promotion": (
        holding("{ type: promotion_item, code: X }"),
        'own.yaml:5:37: carts[0].items[0].code: no promotion "X"; known: none',
    ),
    "promotion of a custom item": (
        holding("{ type: custom_item, name: A, quantity: 1, price: { amount: 1 }, code: X }"),
        "own.yaml:5:78: carts[0].items[0].code: a custom_item has none",
    ),
    "item without a quantity": (
        holding("{ type: custom_item, name: A, price: { amount: 1 } }"),
        "own.yaml:5:7: carts[0].items[0].quantity: is required",
    ),
    "no price in the cart's currency": (
        PRODUCT
        + "currencies: [{ code: USD }, { code: GBP }]\n"
        + holding(f"{{ type: cart_item, product_id: {MUG}, quantity: 1 }}", "currency: GBP"),
        "own.yaml:8:38: carts[0].items[0].product_id: "
        "the product has no price in GBP, the currency of the cart",
    ),
    "cart in no currency": (
        holding("{ type: custom_item, name: A, quantity: 1, price: { amount: 1 } }", "currency: X"),
        'own.yaml:3:15: carts[0].currency: no currency "X"; known: USD',
    ),
    "unknown shipping group": (
        holding(
            "{ type: custom_item, name: A, quantity: 1, price: { amount: 1 }, "
            "shipping_group_id: mine }"
        ),
        'own.yaml:5:91: carts[0].items[0].shipping_group_id: no shipping group "mine"; known: none',
    ),
    "item id twice": (
        holding(f"{SHIPPING}\n    - {SHIPPING}"),
        "own.yaml:6:13: carts[0].items[1].id: another item of the cart has this id",
    ),
    "item of old": (
        holding("{ type: custom_item, name: A, quantity: 1, price: { amount: 1 }, idle: P3651D }"),
        "own.yaml:5:78: carts[0].items[0].idle: write at most P3650D",
    ),
    # what is no YAML, or not the plain one
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


@pytest.mark.parametrize(("text", "expected"), ONE_MISTAKE.values(), ids=ONE_MISTAKE)
def test_mistake_is_told_with_its_place(write: Write, text: str | bytes, expected: str) -> None:
    told = mistakes(write(text))
    if isinstance(text, bytes):  # the decoder's own words differ from release to release
        told, expected = [each[:28] for each in told], expected[:28]
    assert told == [expected]


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_absurd_depth_is_told_too(write: Write, depth: int) -> None:
    assert len(mistakes(write("carts: " + "[" * depth + "]" * depth))) == 1


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!!python/name:os.system", "!x"]
)
@pytest.mark.parametrize("value", ["[touch ran]", "{a: b}", "text"])
def test_tags_are_refused_and_nothing_is_run(
    write: Write, tmp_path: Path, tag: str, value: str
) -> None:
    first, *_ = mistakes(write(f"carts: {tag} {value}\n"))
    full = tag.replace("!!", "tag:yaml.org,2002:")
    assert first == f"own.yaml:1:8: carts: the tag {full} is not allowed here; remove it"
    assert not (tmp_path / "ran").exists()


def test_aliases_cannot_explode(write: Write) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [
        f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 10)
    ]
    text = "\n".join(levels)
    most = len(text) + 100_000
    assert mistakes(write(text)) == [
        f"own.yaml:1:1: more than {most} values once the aliases are written out"
    ]


def test_binary_file_is_told_and_not_shown(write: Write) -> None:
    (told,) = mistakes(write(bytes(range(256))))
    assert told.startswith("own.yaml:1:1: can't be read: ")


def test_missing_file_is_told() -> None:
    assert mistakes("no-such.yaml") == [
        "no-such.yaml: no such file or folder; write a path, or default for the built-in fixtures"
    ]


def test_folder_without_fixtures_is_told(write: Write) -> None:
    write("carts: []", "folder/carts.txt")
    assert mistakes("folder") == ["folder: the folder has no *.yaml file"]


def test_unknown_error_of_a_magic_id_is_told_with_those_there_are(write: Write) -> None:
    (told,) = mistakes(write("magic_ids:\n  - { id: mine, error: no-such }\n"))
    assert told.startswith('own.yaml:2:24: magic_ids[0].error: no error "no-such"; known: ')
    assert "account-lacks-permissions, account-member-not-found" in told
    assert told.endswith(f" and {len(ERROR_IDS) - 10} more")


# --- all mistakes


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(write: Write) -> None:
    text = """\
carts:
  - { id: a b, name: 1 }
  - { id: mine, name: Mine, account_ids: [nobody] }
colour: red
settings: { cart: { show_all_carts: perhaps } }
carts: []
"""
    told = mistakes(write(text.replace("carts: []\n", "")))
    assert [each.split(": ")[:2] for each in told] == [
        ["own.yaml:2:11", "carts[0].id"],
        ["own.yaml:2:22", "carts[0].name"],
        ["own.yaml:3:43", "carts[1].account_ids[0]"],
        ["own.yaml:4:9", "colour"],
        ["own.yaml:5:37", "settings.cart.show_all_carts"],
    ]


def test_mistakes_of_several_files_are_told_at_once(write: Write) -> None:
    names = [write("carts: 1\n", "b.yaml"), write("[\n", "c.yaml"), write("x: 1\n", "a.yaml")]
    assert [each.split(":")[0] for each in mistakes(*names)] == ["a.yaml", "b.yaml", "c.yaml"]


def test_every_missing_file_is_told_at_once() -> None:
    assert [each.split(":")[0] for each in mistakes("a.yaml", "b.yaml")] == ["a.yaml", "b.yaml"]


def test_id_of_another_file_cannot_be_used_again(write: Write) -> None:
    first = write("# one\ncarts: [{ id: mine, name: A }]\n", "first.yaml")
    second = write("carts: [{ id: mine, name: B }]\n", "second.yaml")
    assert mistakes(first, second) == [
        'second.yaml:1:15: carts[0].id: "mine" is defined already at first.yaml:2; '
        "write another one, or remove one of them"
    ]


def test_id_of_the_seed_world_cannot_be_used_again(write: Write) -> None:
    (told,) = mistakes("default", write("carts: [{ id: free-cart, name: B }]\n"))
    assert told.startswith('own.yaml:1:15: carts[0].id: "free-cart" is defined already at ')
    assert "default.yaml:" in told


def test_same_file_twice_is_a_mistake(write: Write) -> None:
    name = write("carts: [{ id: mine, name: A }]\n")
    assert len(mistakes(name, name)) == 1


# --- what is told by the command


@pytest.mark.parametrize("command", [["validate"], ["--port", "0", "--fixtures"]])
def test_command_ends_with_the_mistakes_and_no_traceback(
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


# --- what can be used


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "---\n", "~\n", "\ufeffcarts: []"])
def test_empty_file_is_an_empty_world(write: Write, text: str) -> None:
    name = write(text)
    assert cart_ids(serving("default", name)) == cart_ids(serving("default"))
    assert serving(name).get("/v2/carts", headers=ADMIN).status_code == 401


def test_own_file_adds_to_the_seed_world(write: Write) -> None:
    name = write(f"carts:\n  - {{ id: mine, name: Mine, account_ids: [{ACCOUNT_1}] }}\n")
    client = serving("default", name)
    assert set(cart_ids(client)) - set(cart_ids(serving("default"))) == {"mine"}
    assert cart_ids(client, acting_as(1)) == ["ada-cart", "ada-second-cart", "shared-cart", "mine"]


def test_own_file_stands_alone_without_the_seed_world(write: Write) -> None:
    name = write(
        "applications: [{ client_id: shop, grant: client_credentials, client_secret: s }]\n"
        "bearer_tokens: [{ token: mine, client_id: shop }]\n"
        "carts: [{ id: only, name: Only }]\n"
    )
    client = serving(name)
    assert cart_ids(client, {"Authorization": "Bearer mine"}) == ["only"]
    assert client.get("/v2/carts", headers=ADMIN).status_code == 401


def test_folder_is_read_in_the_order_of_its_names(write: Write) -> None:
    write("carts: [{ id: second, name: B }]", "folder/b.yaml")
    write("carts: [{ id: third, name: C }]", "folder/c.yml")
    write("carts: [{ id: first, name: A }]", "folder/a.yaml")
    write("not: fixtures", "folder/notes.txt")
    added = [each for each in cart_ids(serving("default", "folder")) if "-" not in each]
    assert added == ["first", "second", "third"]


def test_files_may_name_what_stands_in_another(write: Write) -> None:
    account_id = "a0000000-0000-4000-8000-000000000009"
    cart = write(f"carts: [{{ id: mine, name: M, account_ids: [{account_id}] }}]", "cart.yaml")
    account = write(f"accounts: [{{ id: {account_id}, name: New }}]", "account.yaml")
    for order in ((cart, account), (account, cart)):
        client = serving("default", *order)
        assert client.get(f"/v2/accounts/{account_id}", headers=ADMIN).status_code == 200


def test_later_settings_win_and_leave_the_others(write: Write) -> None:
    first = write("settings: { cart: { cart_expiry_days: 3, show_all_carts: false } }", "a.yaml")
    second = write("settings: { cart: { cart_expiry_days: 5 } }", "b.yaml")
    client = serving("default", first, second)
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
    client = serving("default", name)
    two = client.get("/v2/carts/two", headers=SHOPPER).get_json()["data"]
    assert (two["name"], two["relationships"]["accounts"]["data"][0]["id"]) == ("One", ACCOUNT_2)


def test_dates_stay_the_text_that_they_are(write: Write) -> None:
    name = write("carts: [{ id: mine, name: 2026-01-01, snapshot_date: 2027-01-01T00:00:00Z }]")
    cart = serving("default", name).get("/v2/carts/mine", headers=SHOPPER).get_json()["data"]
    assert (cart["name"], cart["snapshot_date"]) == ("2026-01-01", "2027-01-01T00:00:00Z")


def test_idle_cart_expires_earlier(write: Write) -> None:
    name = write("carts: [{ id: mine, name: Mine, idle: P1DT2H3M4S }]")
    cart = serving("default", name).get("/v2/carts/mine", headers=SHOPPER).get_json()["data"]
    assert cart["meta"]["timestamps"] == {
        "created_at": "2025-12-30T21:56:56Z",
        "updated_at": "2025-12-30T21:56:56Z",
        "expires_at": "2026-01-06T21:56:56Z",
    }


def test_membership_may_have_an_id_and_an_age(write: Write) -> None:
    known = f"id: {CUSTOMER_1}, account_id: {ACCOUNT_1}, member_id: {MEMBER_HEDY}, age: P2D"
    client = serving("default", write(f"memberships: [{{ {known}, idle: P1D }}]"))
    path = f"/v2/accounts/{ACCOUNT_1}/account-memberships/{CUSTOMER_1}"
    assert client.get(path, headers=ADMIN).get_json()["data"]["meta"]["timestamps"] == {
        "created_at": "2025-12-30T00:00:00.000Z",
        "updated_at": "2025-12-31T00:00:00.000Z",
    }
    given = {**SIGN_IN, "username": "hedy@example.com", "password": "hedy-password"}
    answer = client.post(TOKENS, headers=SHOPPER, json={"data": given})
    accounts = [each["account_id"] for each in answer.get_json()["data"]]
    assert accounts == [ACCOUNT_3, ACCOUNT_1]  # account_ids first


def test_membership_without_an_id_always_has_the_same_one(write: Write) -> None:
    name = write(MEMBER)
    path = f"/v2/accounts/{ACCOUNT_1}/account-memberships"
    bearer = "applications: [{ client_id: a, grant: client_credentials, client_secret: b }]\n"
    tokens = "bearer_tokens: [{ token: admin, client_id: a }]\n"
    office = write(bearer + tokens, "office.yaml")
    ids = {
        serving(name, office).get(path, headers=ADMIN).get_json()["data"][0]["id"] for _ in range(2)
    }
    assert len(ids) == 1


# --- the seed world (contract.md §7)


def test_seed_carts_are_the_documented_ones(client: FlaskClient) -> None:
    listed = client.get("/v2/carts", headers=ADMIN).get_json()["data"]
    owners = {
        cart["id"]: [
            each["id"]
            for kind in ("accounts", "customers")
            for each in cart["relationships"][kind].get("data", [])
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


def test_seed_accounts_are_the_documented_ones(client: FlaskClient) -> None:
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
def test_seed_members_sign_in_as_documented(
    client: FlaskClient, name: str, accounts: list[str]
) -> None:
    assert PROFILE == "b0000000-0000-4000-8000-000000000001"
    given = {**SIGN_IN, "username": f"{name}@example.com", "password": f"{name}-password"}
    answer = client.post(TOKENS, headers=SHOPPER, json={"data": given})
    assert [each["account_id"] for each in answer.get_json()["data"]] == accounts


@pytest.mark.parametrize("number", [1, 2, 3])
def test_seed_account_tokens_stand_for_their_accounts(client: FlaskClient, number: int) -> None:
    cart = client.post("/v2/carts", headers=acting_as(number), json={"data": {"name": "New"}})
    (account,) = cart.get_json()["data"]["relationships"]["accounts"]["data"]
    assert account["id"] == f"a0000000-0000-4000-8000-00000000000{number}"


@pytest.mark.parametrize(("number", "name"), [(1, "alan"), (2, "barbara")])
def test_seed_customers_sign_in_as_documented(client: FlaskClient, number: int, name: str) -> None:
    given = {"type": "token", "email": f"{name}@example.com", "password": f"{name}-password"}
    answer = client.post("/v2/customers/tokens", headers=SHOPPER, json={"data": given})
    assert (
        answer.get_json()["data"]["customer_id"] == f"f0000000-0000-4000-8000-00000000000{number}"
    )
    cart = client.post("/v2/carts", headers=as_customer(number), json={"data": {"name": "New"}})
    (customer,) = cart.get_json()["data"]["relationships"]["customers"]["data"]
    assert customer["id"] == answer.get_json()["data"]["customer_id"]


def test_seed_memberships_have_the_documented_ids(client: FlaskClient) -> None:
    for number, member, account in (
        (1, MEMBER_ADA, ACCOUNT_1),
        (2, MEMBER_GRACE, ACCOUNT_2),
        (3, MEMBER_GRACE, ACCOUNT_3),
        (4, MEMBER_HEDY, ACCOUNT_3),
    ):
        path = f"/v2/accounts/{account}/account-memberships"
        answer = client.get(f"{path}/ca000000-0000-4000-8000-00000000000{number}", headers=ADMIN)
        related = answer.get_json()["data"]["relationships"]["account_member"]
        assert related["data"]["id"] == member


def test_seed_world_has_a_magic_cart_for_every_error(client: FlaskClient) -> None:
    world = yaml.safe_load(resource("fixtures/default.yaml").read_text("utf-8"))
    magic = {each["id"]: each["error"] for each in world["magic_ids"]}
    assert magic == {f"always-{error}": error for error in ERROR_IDS}
    answer = client.get("/v2/carts/always-write-conflict", headers=SHOPPER)
    assert answer.status_code == 200  # getting a cart can't conflict
    answer = client.delete("/v2/carts/always-write-conflict", headers=SHOPPER)
    assert answer.status_code == 409


# --- the schema that editors use


def schema() -> Any:
    return json.loads(resource("fixtures/schema.json").read_text("utf-8"))


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())


def test_seed_world_is_valid_under_the_schema() -> None:
    world = yaml.safe_load(resource("fixtures/default.yaml").read_text("utf-8"))
    Draft202012Validator(schema()).validate(world)
    assert set(schema()["properties"]) - {"rules"} == set(world)


def test_seed_world_tells_editors_its_schema() -> None:
    first, *_ = resource("fixtures/default.yaml").read_text("utf-8").splitlines()
    marker, _, name = first.partition("=")
    assert marker == "# yaml-language-server: $schema"
    assert (resource("fixtures/default.yaml").parent / name).is_file()
