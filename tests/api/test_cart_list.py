"""The list of carts: order, pages, filters (contract.md §4)."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.core.clock import DAY, SECOND
from tests.support.built_in_data import ACCOUNT_1, ACCOUNT_2, ADMIN, SHOPPER, acting_as, naming

SEED_ORDER = [
    "free-cart",
    "ada-cart",
    "ada-second-cart",
    "shared-cart",
    "grace-cart",
    "hedy-only-cart",
    "contact-cart",
    "alan-cart",
    "alan-other-cart",
    "barbara-only-cart",
    "expiring-cart",
]
ASSOCIATED = [*SEED_ORDER[1:6], *SEED_ORDER[7:10]]
BASE = "http://localhost/v2/carts"


def listing(client: FlaskClient, headers: dict[str, str] = ADMIN, **query: Any) -> dict[str, Any]:
    """A page of carts; `limit` and `offset` are those of the page."""
    names = {"limit": "page[limit]", "offset": "page[offset]"}
    query = {names.get(name, name): value for name, value in query.items()}
    answer = client.get("/v2/carts", headers=headers, query_string=query)
    assert answer.status_code == 200, answer.data
    body: dict[str, Any] = answer.get_json()
    return body


def ids(page: dict[str, Any]) -> list[str]:
    return [cart["id"] for cart in page["data"]]


def make(client: FlaskClient, cart_id: str, name: str = "New") -> None:
    body = {"data": {"id": cart_id, "name": name}}
    assert client.post("/v2/carts", headers=SHOPPER, json=body).status_code == 201


def rename(client: FlaskClient, cart_id: str, name: str = "Renamed") -> None:
    path = f"/v2/carts/{cart_id}"
    assert client.put(path, headers=SHOPPER, json={"data": {"name": name}}).status_code == 200


def follow(client: FlaskClient, page: dict[str, Any], link: str) -> Iterator[dict[str, Any]]:
    """The page and those behind it, as long as it has the link."""
    yield page
    while target := page["links"][link]:
        answer = client.get(target, headers=ADMIN)
        assert answer.status_code == 200
        page = answer.get_json()
        yield page


# --- order


def test_built_in_data_is_listed_in_the_order_of_the_fixtures(client: FlaskClient) -> None:
    assert ids(listing(client)) == SEED_ORDER


def test_last_updated_cart_comes_first(app: Flask, client: FlaskClient) -> None:
    clock = app.extensions["sandbox"].clock
    clock.advance(SECOND)
    rename(client, "grace-cart")
    clock.advance(SECOND)
    make(client, "newest")
    assert ids(listing(client))[:3] == ["newest", "grace-cart", "free-cart"]


def test_carts_of_one_instant_are_ordered_by_their_updates(client: FlaskClient) -> None:
    for cart_id in ("shared-cart", "ada-cart", "shared-cart"):
        rename(client, cart_id)
    make(client, "newest")
    assert ids(listing(client))[:4] == ["newest", "shared-cart", "ada-cart", "free-cart"]


def test_association_is_an_update(client: FlaskClient) -> None:
    rename(client, "free-cart")
    path = "/v2/carts/grace-cart/relationships/accounts"
    assert client.post(path, headers=ADMIN, json=naming(ACCOUNT_1)).status_code == 200
    assert ids(listing(client))[:2] == ["grace-cart", "free-cart"]


def test_reading_changes_no_order(client: FlaskClient) -> None:
    client.get("/v2/carts/grace-cart", headers=SHOPPER)
    assert ids(listing(client)) == SEED_ORDER


def test_account_lists_its_carts_in_the_same_order(client: FlaskClient) -> None:
    rename(client, "ada-second-cart")
    expected = ["ada-second-cart", "ada-cart", "shared-cart"]
    assert ids(listing(client, acting_as(1))) == expected


def test_listed_cart_is_the_cart_that_a_get_shows(client: FlaskClient) -> None:
    for cart in listing(client)["data"]:
        read = client.get(f"/v2/carts/{cart['id']}", headers=SHOPPER).get_json()["data"]
        assert cart == read


# --- pages


@pytest.mark.parametrize(
    ("query", "meta", "links"),
    [
        ({}, (20, 0, 1, 1), (None, None, None)),
        ({"limit": 11}, (11, 0, 1, 1), (None, None, None)),
        ({"limit": 3}, (3, 0, 1, 4), (9, 3, None)),
        ({"limit": 3, "offset": 3}, (3, 3, 2, 4), (9, 6, 0)),
        ({"limit": 3, "offset": 9}, (3, 9, 4, 4), (9, None, 6)),
        ({"limit": 3, "offset": 1}, (3, 1, 1, 4), (9, 4, 0)),
        ({"limit": 1, "offset": 10}, (1, 10, 11, 11), (10, None, 9)),
    ],
    ids=["default", "exact", "first", "middle", "last", "askew", "single"],
)
def test_page_has_its_position_and_links(
    client: FlaskClient,
    query: dict[str, int],
    meta: tuple[int, ...],
    links: tuple[int | None, ...],
) -> None:
    page = listing(client, **query)
    limit, offset, current, total = meta
    last, after, before = links

    def link(to: int | None) -> str | None:
        return None if to is None else f"{BASE}?page[offset]={to}&page[limit]={limit}"

    assert page["meta"] == {
        "page": {"limit": limit, "offset": offset, "current": current, "total": total},
        "results": {"total": len(SEED_ORDER)},
    }
    assert page["links"] == {
        "current": link(offset),
        "first": link(0),
        "last": link(last),
        "next": link(after),
        "prev": link(before),
    }
    assert ids(page) == SEED_ORDER[offset : offset + limit]


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 11, 12])
def test_pages_lead_to_the_end_and_back(client: FlaskClient, limit: int) -> None:
    there = list(follow(client, listing(client, limit=limit), "next"))
    assert [cart_id for page in there for cart_id in ids(page)] == SEED_ORDER
    back = list(follow(client, there[-1], "prev"))
    assert back == there[::-1]
    assert len(there) == there[0]["meta"]["page"]["total"]


def test_first_and_last_lead_there(client: FlaskClient) -> None:
    middle = listing(client, limit=3, offset=3)
    first, last = (client.get(middle["links"][name], headers=ADMIN) for name in ("first", "last"))
    assert ids(first.get_json()) == SEED_ORDER[:3]
    assert ids(last.get_json()) == SEED_ORDER[9:]


def test_links_keep_the_filter(client: FlaskClient) -> None:
    expression = 'ilike(name,"*cart*"):ilike(name,"*&*")|contains(account_ids,"a+b %")'
    rename(client, "free-cart", "Cart & 1")
    rename(client, "ada-cart", "Cart & 2")
    there = list(follow(client, listing(client, limit=1, filter=expression), "next"))
    assert [ids(page) for page in there] == [["ada-cart"], ["free-cart"]]
    assert there[0]["meta"]["results"] == {"total": 2}


def test_page_beyond_the_end_is_empty(client: FlaskClient) -> None:
    page = listing(client, offset=10_000)
    assert page["data"] == []
    assert page["meta"]["results"] == {"total": len(SEED_ORDER)}
    assert page["links"]["next"] is None


def test_empty_list_is_a_page_too(client: FlaskClient) -> None:
    page = listing(client, filter='ilike(name,"nothing")')
    assert page["data"] == []
    assert page["meta"] == {
        "page": {"limit": 20, "offset": 0, "current": 1, "total": 0},
        "results": {"total": 0},
    }
    assert {page["links"][name] for name in ("last", "next", "prev")} == {None}


@pytest.mark.parametrize(("limit", "offset"), [(1, 0), (100, 0), (20, 10_000)])
def test_page_takes_the_limits_themselves(client: FlaskClient, limit: int, offset: int) -> None:
    page = listing(client, limit=limit, offset=offset)["meta"]["page"]
    assert (page["limit"], page["offset"]) == (limit, offset)


def test_default_page_has_20_and_the_largest_100(client: FlaskClient) -> None:
    for number in range(100):
        make(client, f"cart-{number}")
    newest = [f"cart-{number}" for number in reversed(range(100))]
    assert ids(listing(client)) == newest[:20]
    assert ids(listing(client, limit=100)) == newest
    assert listing(client)["meta"]["results"] == {"total": 100 + len(SEED_ORDER)}


@pytest.mark.parametrize(
    ("name", "value", "keyword"),
    [
        ("page[limit]", "0", "minimum"),
        ("page[limit]", "-1", "minimum"),
        ("page[limit]", "101", "maximum"),
        ("page[limit]", "9" * 30, "type"),
        ("page[limit]", "ten", "type"),
        ("page[limit]", "1.5", "type"),
        ("page[limit]", "", "type"),
        ("page[limit]", "١", "type"),
        ("page[offset]", "-1", "minimum"),
        ("page[offset]", "10001", "maximum"),
        ("page[offset]", "x", "type"),
    ],
)
def test_other_limits_are_rejected(
    client: FlaskClient, name: str, value: str, keyword: str
) -> None:
    answer = client.get("/v2/carts", headers=ADMIN, query_string={name: value})
    assert answer.status_code == 400
    (error,) = answer.get_json()["errors"]
    assert (error["title"], error["source"]) == (keyword, name)


def test_pages_are_stable_as_long_as_nothing_changes(client: FlaskClient) -> None:
    assert [listing(client, limit=3, offset=3) for _ in range(3)] == [
        listing(client, limit=3, offset=3)
    ] * 3


def test_update_moves_one_cart_and_leaves_the_others_in_order(client: FlaskClient) -> None:
    rename(client, "grace-cart")
    others = [cart_id for cart_id in SEED_ORDER if cart_id != "grace-cart"]
    pages = follow(client, listing(client, limit=3), "next")
    assert [cart_id for page in pages for cart_id in ids(page)] == ["grace-cart", *others]


# --- whose carts


def test_administrator_sees_associated_carts_only_when_the_store_says_so(
    client: FlaskClient,
) -> None:
    for show, expected in ((False, ASSOCIATED), (True, SEED_ORDER)):
        settings = {"data": {"show_all_carts": show}}
        assert client.put("/v2/settings/cart", headers=ADMIN, json=settings).status_code == 200
        page = listing(client)
        assert ids(page) == expected
        assert page["meta"]["results"] == {"total": len(expected)}


def test_hidden_carts_are_not_found_by_a_filter(client: FlaskClient) -> None:
    client.put("/v2/settings/cart", headers=ADMIN, json={"data": {"show_all_carts": False}})
    assert ids(listing(client, filter='ilike(name,"free*")')) == []


def test_filter_of_an_account_finds_its_own_carts_only(client: FlaskClient) -> None:
    everything = 'ilike(name,"*")'
    assert ids(listing(client, acting_as(2), filter=everything)) == ["shared-cart", "grace-cart"]
    of_ada = f'contains(account_ids,"{ACCOUNT_1}")'
    assert ids(listing(client, acting_as(2), filter=of_ada)) == ["shared-cart"]


def test_expired_carts_are_not_listed(app: Flask, client: FlaskClient) -> None:
    clock = app.extensions["sandbox"].clock
    clock.advance(DAY)
    assert ids(listing(client)) == SEED_ORDER[:-1]
    rename(client, "free-cart")
    clock.advance(6 * DAY)
    assert ids(listing(client)) == ["free-cart"]


# --- filters

OF_1, OF_2 = (f'contains(account_ids,"{account_id}")' for account_id in (ACCOUNT_1, ACCOUNT_2))


def named(pattern: str) -> str:
    return f'ilike(name,"{pattern}")'


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (OF_1, ["ada-cart", "ada-second-cart", "shared-cart"]),
        (f"contains(account_ids,{ACCOUNT_1})", ["ada-cart", "ada-second-cart", "shared-cart"]),
        ('contains(account_ids,"nobody")', []),
        (f'contains(account_ids,"{ACCOUNT_1[:-1]}")', []),
        (named("Free cart"), ["free-cart"]),
        (named("fReE CaRt"), ["free-cart"]),
        ("ilike(name,Free cart)", ["free-cart"]),
        (" ilike ( name , Free cart ) ", ["free-cart"]),
        (named("Free"), []),
        (named("free*"), ["free-cart"]),
        (named("*second*"), ["ada-second-cart"]),
        (named("*GRACE*"), ["shared-cart", "grace-cart"]),
        (named("ad*a*cart"), ["ada-cart", "ada-second-cart", "shared-cart"]),
        (named("ada**cart"), ["ada-cart", "ada-second-cart", "shared-cart"]),
        (named("*"), SEED_ORDER),
        (named("*x*y*z*"), []),
        (named(""), []),
        (named("Fr.e cart"), []),
        (named("Free cart?"), []),
        (named("[F]ree cart"), []),
    ],
)
def test_filter_finds(client: FlaskClient, expression: str, expected: list[str]) -> None:
    assert ids(listing(client, filter=expression)) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"{OF_1}:{OF_2}", ["shared-cart"]),
        (f"{OF_1}|{OF_2}", ["ada-cart", "ada-second-cart", "shared-cart", "grace-cart"]),
        (f"{named('free*')}|{OF_1}:{OF_2}", ["free-cart", "shared-cart"]),
        (f"{OF_1}:{OF_2}|{named('free*')}", ["free-cart", "shared-cart"]),
        (f"{OF_1}:{named('*second*')}|{OF_2}:{named('grace*')}", ["ada-second-cart", "grace-cart"]),
        (f"{OF_1}:{OF_2}:{named('free*')}", []),
        (f"{OF_1} : {OF_2} | {named('free*')}", ["free-cart", "shared-cart"]),
    ],
    ids=["and", "or", "or and", "and or", "and or and", "and and", "spaces"],
)
def test_and_binds_tighter_than_or(
    client: FlaskClient, expression: str, expected: list[str]
) -> None:
    assert ids(listing(client, filter=expression)) == expected


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ('Bob\'s "big" cart', r"Bob's \"big\" cart"),
        ("back\\slash", r"back\\slash"),
        ("a,b", "a,b"),
        ("a:b|c", "a:b|c"),
        ("(a)", "(a)"),
        ("a+b & c=d%", "a+b & c=d%"),
        ("購物車 🛒", "購物車*"),
        ("two\nlines", "two*lines"),
        ("ÜBER", "über"),
    ],
)
def test_quoted_value_may_be_any_text(client: FlaskClient, name: str, pattern: str) -> None:
    make(client, "mine", name)
    assert ids(listing(client, filter=named(pattern))) == ["mine"]


@pytest.mark.parametrize(
    ("expression", "detail"),
    [
        ("cart", "position 1: expected contains(…) or ilike(…)"),
        ('eq(name,"x")', "position 1: expected contains(…) or ilike(…)"),
        ('ILIKE(name,"x")', "position 1: expected contains(…) or ilike(…)"),
        (
            'contains(name,"x")',
            "position 10: expected account_ids, the field that contains takes",
        ),
        ('ilike(account_ids,"x")', "position 7: expected name, the field that ilike takes"),
        ('ilike(name,"x")x', "position 16: expected : (and), | (or) or the end"),
        ('ilike(name,"x"),ilike(name,"y")', "position 16: expected : (and), | (or) or the end"),
        ('ilike(name,"x"):', "position 17: expected contains(…) or ilike(…)"),
        ('ilike(name,"x")||ilike(name,"y")', "position 17: expected contains(…) or ilike(…)"),
        ('|ilike(name,"x")', "position 1: expected contains(…) or ilike(…)"),
        ("ilike(name)", "position 11: expected ,"),
        ('ilike name,"x")', "position 7: expected ("),
        ('ilike("x")', "position 7: expected a field"),
        ('ilike(name,"x', 'position 12: expected a value, such as "*cart*"'),
        ('ilike(name,"x\\")', 'position 12: expected a value, such as "*cart*"'),
        ('ilike(name,"x"y")', "position 15: expected )"),
        ("ilike(name,x", "position 13: expected )"),
        ("ilike(name,)", 'position 12: expected a value, such as "*cart*"'),
        ("  eq(name,x)", "position 3: expected contains(…) or ilike(…)"),
        (
            ":".join(['ilike(name,"x")'] * 51),
            "position 801: at most 50 conditions",
        ),
    ],
)
def test_error_in_a_filter_is_reported_with_its_position(
    client: FlaskClient, expression: str, detail: str
) -> None:
    answer = client.get("/v2/carts", headers=ADMIN, query_string={"filter": expression})
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == [
        {
            "status": 400,
            "title": "Bad Request",
            "detail": f"The filter can't be read: {detail}",
            "source": "filter",
        }
    ]


def test_filter_takes_50_conditions(client: FlaskClient) -> None:
    assert ids(listing(client, filter="|".join([named("free*")] * 50))) == ["free-cart"]


def test_filter_of_more_than_2000_characters_is_rejected(client: FlaskClient) -> None:
    expression = named("x" * 2000)
    answer: TestResponse = client.get(
        "/v2/carts", headers=ADMIN, query_string={"filter": expression}
    )
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["title"] == "maxLength"


def test_empty_filter_is_none(client: FlaskClient) -> None:
    assert ids(listing(client, filter="")) == SEED_ORDER


@pytest.mark.parametrize("end", ["b", "b*"])
def test_many_stars_take_no_time(client: FlaskClient, end: str) -> None:
    make(client, "mine", "a" * 255)
    assert ids(listing(client, filter=named("*a" * 200 + "*" + end))) == []
