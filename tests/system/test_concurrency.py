"""Many threads at one server: nothing is lost, nothing is done twice, no id is given twice."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from threading import Barrier
from typing import Any, TypeVar

import httpx
import pytest

from tests.conftest import RunningServer, running_server
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_3,
    ADMIN,
    SHOPPER,
    acting_as,
    naming,
)

THREADS = 16
ROUNDS = 20
ACCOUNTS = (ACCOUNT_1, ACCOUNT_2, ACCOUNT_3)

Result = TypeVar("Result")


@pytest.fixture(scope="module")
def own_server() -> Iterator[RunningServer]:
    """A server of these tests' own; each test starts from the fixtures."""
    with running_server() as running:
        yield running


@pytest.fixture
def url(own_server: RunningServer) -> str:
    httpx.post(f"{own_server.url}/__admin/reset").raise_for_status()
    return own_server.url


def at_once(url: str, act: Callable[[httpx.Client, int], Result]) -> list[Result]:
    """Run an action in all threads, each with its number and a client; they start together."""
    barrier = Barrier(THREADS)

    def run(number: int) -> Result:
        with httpx.Client(base_url=url, headers=ADMIN, timeout=60) as client:
            client.get("/__admin/health").raise_for_status()  # the connection is open
            barrier.wait(timeout=60)
            return act(client, number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def create(client: httpx.Client, headers: dict[str, str] = ADMIN, **cart: Any) -> httpx.Response:
    return client.post("/v2/carts", headers=headers, json={"data": {"name": "Cart", **cart}})


def associate(client: httpx.Client, cart_id: str, account_id: str) -> httpx.Response:
    return client.post(f"/v2/carts/{cart_id}/relationships/accounts", json=naming(account_id))


def disassociate(client: httpx.Client, cart_id: str, account_id: str) -> httpx.Response:
    path = f"/v2/carts/{cart_id}/relationships/accounts"
    return client.request("DELETE", path, json=naming(account_id))


def rename(client: httpx.Client, cart_id: str, name: str) -> httpx.Response:
    return client.put(f"/v2/carts/{cart_id}", json={"data": {"name": name}})


def the_cart(url: str, cart_id: str) -> Any:
    return httpx.get(f"{url}/v2/carts/{cart_id}", headers=ADMIN).raise_for_status().json()["data"]


def accounts_of(cart: Any) -> list[str]:
    return [owner["id"] for owner in cart["relationships"]["accounts"].get("data", ())]


def listed(url: str, headers: dict[str, str] = ADMIN) -> list[str]:
    """The ids of every cart that a caller may list, page after page."""
    ids: list[str] = []
    page: str | None = f"{url}/v2/carts?page[limit]=100"
    while page:
        body = httpx.get(page, headers=headers).raise_for_status().json()
        ids += [cart["id"] for cart in body["data"]]
        page = body["links"]["next"]
    assert len(ids) == body["meta"]["results"]["total"]
    return ids


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


# --- many carts


def test_every_cart_that_is_created_is_listed_once(url: str) -> None:
    before = listed(url, acting_as(1))

    def act(client: httpx.Client, _: int) -> list[httpx.Response]:
        return [create(client, acting_as(1)) for _ in range(ROUNDS)]

    answers = list(chain(*at_once(url, act)))
    assert statuses(answers) == {201: THREADS * ROUNDS}
    made = [answer.json()["data"]["id"] for answer in answers]
    assert len(set(made)) == len(made)
    assert Counter(listed(url, acting_as(1))) == Counter([*before, *made])


def test_a_list_has_each_callers_carts_in_the_order_of_their_creation(url: str) -> None:
    def act(client: httpx.Client, number: int) -> list[str]:
        ids = [f"cart-{number}-{turn}" for turn in range(ROUNDS)]
        for cart_id in ids:
            create(client, id=cart_id).raise_for_status()
        return ids

    made = at_once(url, act)
    newest_first = listed(url)
    for ids in made:
        assert [cart_id for cart_id in newest_first if cart_id in set(ids)] == ids[::-1]


def test_threads_with_carts_of_their_own_do_not_disturb_each_other(url: str) -> None:
    def act(client: httpx.Client, number: int) -> None:
        account_id = ACCOUNTS[number % 3]
        for turn in range(ROUNDS):
            cart_id = f"own-{number}-{turn}"
            assert create(client, id=cart_id).status_code == 201
            assert associate(client, cart_id, account_id).status_code == 200
            assert rename(client, cart_id, f"Cart of {number}").status_code == 200
            cart = client.get(f"/v2/carts/{cart_id}").json()["data"]
            assert (cart["name"], accounts_of(cart)) == (f"Cart of {number}", [account_id])
            if turn % 2:
                assert disassociate(client, cart_id, account_id).status_code == 204
            if turn % 4 == 1:
                assert client.delete(f"/v2/carts/{cart_id}").status_code == 204

    before = listed(url)
    at_once(url, act)
    kept = [(n, turn) for n in range(THREADS) for turn in range(ROUNDS) if turn % 4 != 1]
    assert Counter(listed(url)) == Counter([*before, *(f"own-{n}-{turn}" for n, turn in kept)])
    for number, account_id in enumerate(ACCOUNTS, start=1):
        own = [f"own-{n}-{t}" for n, t in kept if ACCOUNTS[n % 3] == account_id and t % 2 == 0]
        listed_ids = [
            cart_id for cart_id in listed(url, acting_as(number)) if cart_id.startswith("own-")
        ]
        assert Counter(listed_ids) == Counter(own)


def test_of_an_accounts_carts_one_is_left_whoever_deletes_them(url: str) -> None:
    """Sixteen carts, each deleted by a thread of its own: the last one can't be."""
    ids = ["hedy-only-cart", *(f"hedy-{number}" for number in range(1, THREADS))]
    with httpx.Client(base_url=url) as client:
        for cart_id in ids[1:]:
            create(client, acting_as(3), id=cart_id).raise_for_status()
    answers = at_once(url, lambda client, number: client.delete(f"/v2/carts/{ids[number]}"))
    assert statuses(answers) == {204: THREADS - 1, 400: 1}
    refused = next(n for n, answer in enumerate(answers) if answer.status_code == 400)
    assert listed(url, acting_as(3)) == [ids[refused]]


# --- one cart


def test_one_of_many_associations_makes_it(url: str) -> None:
    cart_ids = [f"wanted-{turn}" for turn in range(ROUNDS)]
    with httpx.Client(base_url=url) as client:
        for cart_id in cart_ids:
            create(client, id=cart_id).raise_for_status()

    def act(client: httpx.Client, _: int) -> list[httpx.Response]:
        return [associate(client, cart_id, ACCOUNT_1) for cart_id in cart_ids]

    for answers in zip(*at_once(url, act), strict=True):
        assert statuses(list(answers)) == {200: 1, 204: THREADS - 1}
    for cart_id in cart_ids:
        assert accounts_of(the_cart(url, cart_id)) == [ACCOUNT_1]
    seed = ["ada-cart", "ada-second-cart", "shared-cart"]
    assert Counter(listed(url, acting_as(1))) == Counter([*seed, *cart_ids])


def test_one_of_many_creations_of_an_id_makes_it(url: str) -> None:
    def act(client: httpx.Client, number: int) -> list[httpx.Response]:
        return [create(client, id=f"id-{turn}", name=f"{number}") for turn in range(ROUNDS)]

    for answers in zip(*at_once(url, act), strict=True):
        assert statuses(list(answers)) == {201: 1, 409: THREADS - 1}
        made = next(answer.json()["data"] for answer in answers if answer.status_code == 201)
        assert the_cart(url, made["id"])["name"] == made["name"]


def test_one_of_many_deletions_deletes(url: str) -> None:
    with httpx.Client(base_url=url) as client:
        for turn in range(ROUNDS):
            create(client, id=f"id-{turn}").raise_for_status()

    def act(client: httpx.Client, _: int) -> list[httpx.Response]:
        return [client.delete(f"/v2/carts/id-{turn}") for turn in range(ROUNDS)]

    for answers in zip(*at_once(url, act), strict=True):
        assert statuses(list(answers)) == {204: 1, 404: THREADS - 1}
    assert not [cart_id for cart_id in listed(url) if cart_id.startswith("id-")]


def test_of_many_looks_at_an_unknown_cart_one_makes_it(url: str) -> None:
    before = listed(url)
    unknown = [f"unknown-{turn}" for turn in range(ROUNDS)]

    def act(client: httpx.Client, _: int) -> list[httpx.Response]:
        return [client.get(f"/v2/carts/{cart_id}") for cart_id in unknown]

    for answers in zip(*at_once(url, act), strict=True):
        assert statuses(list(answers)) == {200: THREADS}
        assert len({answer.text for answer in answers}) == 1
    assert Counter(listed(url)) == Counter([*unknown, *before])


def test_no_change_of_a_cart_undoes_another(url: str) -> None:
    """A third of the threads associate, a third rename, a third describe the same carts."""
    carts = [f"busy-{turn}" for turn in range(ROUNDS)]
    with httpx.Client(base_url=url) as client:
        for cart_id in carts:
            create(client, id=cart_id).raise_for_status()

    def act(client: httpx.Client, number: int) -> list[httpx.Response]:
        what, which = number % 3, number // 3
        if what == 0:
            return [associate(client, cart_id, ACCOUNTS[which % 3]) for cart_id in carts]
        if what == 1:
            return [rename(client, cart_id, f"name {which}") for cart_id in carts]
        changes = {"data": {"description": f"description {which}"}}
        return [client.put(f"/v2/carts/{cart_id}", json=changes) for cart_id in carts]

    answers = list(chain(*at_once(url, act)))
    assert set(statuses(answers)) == {200, 204}
    for cart_id in carts:
        cart = the_cart(url, cart_id)
        assert sorted(accounts_of(cart)) == list(ACCOUNTS)
        assert cart["name"].startswith("name ")
        assert cart["description"].startswith("description ")


def test_an_account_lists_a_cart_exactly_when_the_cart_names_it(url: str) -> None:
    """Half of the threads associate, half of them disassociate the same cart."""

    def act(client: httpx.Client, number: int) -> list[httpx.Response]:
        account_id = ACCOUNTS[number % 3]
        change = associate if number < THREADS // 2 else disassociate
        answers = []
        for _ in range(ROUNDS):
            answers.append(change(client, "free-cart", account_id))
            seen = accounts_of(client.get("/v2/carts/free-cart").json()["data"])
            assert len(seen) == len(set(seen))
        return answers

    answers = list(chain(*at_once(url, act)))
    assert set(statuses(answers)) <= {200, 204}
    now = accounts_of(the_cart(url, "free-cart"))
    for number, account_id in enumerate(ACCOUNTS, start=1):
        assert listed(url, acting_as(number)).count("free-cart") == now.count(account_id) <= 1


# --- what the server gives out


def test_no_id_and_no_token_is_given_twice(url: str) -> None:
    credentials = {"grant_type": "implicit", "client_id": "storefront"}

    def act(client: httpx.Client, _: int) -> list[httpx.Response]:
        return [client.post("/oauth/access_token", data=credentials) for _ in range(ROUNDS)]

    answers = list(chain(*at_once(url, act)))
    assert statuses(answers) == {200: THREADS * ROUNDS}
    tokens = {answer.json()["access_token"] for answer in answers}
    requests = {answer.headers["X-Moltin-Request-Id"] for answer in answers}
    assert len(tokens) == len(requests) == THREADS * ROUNDS


def test_a_reset_amid_requests_leaves_the_fixtures_and_whole_answers(url: str) -> None:
    seed = listed(url)

    def act(client: httpx.Client, number: int) -> list[int]:
        if number == 0:
            return [client.post("/__admin/reset").status_code for _ in range(ROUNDS)]
        return [create(client, SHOPPER, id=f"{number}-{n}").status_code for n in range(ROUNDS)]

    resets, *created = at_once(url, act)
    assert set(resets) == {204}
    assert set(chain(*created)) == {201}
    httpx.post(f"{url}/__admin/reset").raise_for_status()
    assert listed(url) == seed
