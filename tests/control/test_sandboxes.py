"""Sandboxes: isolated stores on one server."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from tests.control.conftest import Sandbox
from tests.seeds import ACCOUNT_1, ADMIN, acting_as, naming


def names(box: Sandbox) -> list[str]:
    return [each["name"] for each in box.told("GET", "/sandboxes")]


def test_a_sandbox_named_by_the_header_is_made_on_first_use_from_the_seed(app: Flask) -> None:
    box = Sandbox(app.test_client(), "checkout")
    assert box.call("DELETE", "/v2/carts/free-cart").status_code == 204
    assert box.call("DELETE", "/v2/carts/free-cart").status_code == 404
    assert names(box) == ["default", "checkout"]


def test_what_happens_in_one_sandbox_is_not_seen_in_another(app: Flask) -> None:
    one, other = (Sandbox(app.test_client(), name) for name in ("one", "other"))
    one.call("DELETE", "/v2/carts/free-cart")
    one.told("PUT", "/clock", {"action": "advance", "duration": "P1D"})
    one.told("POST", "/rules", {"then": {"error": "too-many-requests"}})
    assert other.call("GET", "/v2/carts").json["data"][0]["id"] == "free-cart"
    assert other.told("GET", "/clock")["now"] == "2026-01-01T00:00:00.000Z"
    assert other.told("GET", "/requests")["total"] == 1
    made = [box.call("POST", "/v2/carts", json={"data": {"name": "x"}}) for box in (other, other)]
    assert len({answer.json["data"]["id"] for answer in made}) == 2


def test_a_path_prefix_names_the_sandbox_and_stays_in_every_link(box: Sandbox) -> None:
    base = "/sandboxes/by-path"
    listed = box.client.get(f"{base}/v2/carts?page[limit]=1", headers=ADMIN).json
    assert listed["links"]["next"].startswith(f"http://localhost{base}/v2/carts?")
    assert listed["data"][0]["links"]["self"] == f"http://localhost{base}/v2/carts/free-cart"
    following = box.client.get(listed["links"]["next"], headers=ADMIN).json
    assert following["data"][0]["id"] == "ada-cart"
    assert box.client.get(f"{base}/__admin/requests").json["total"] == 2
    assert box.told("GET", "/requests")["total"] == 0


def test_the_path_counts_where_the_header_names_another_sandbox(app: Flask) -> None:
    client = app.test_client()
    client.delete("/sandboxes/path/v2/carts/free-cart", headers={**ADMIN, "Mock-Sandbox": "header"})
    assert Sandbox(client, "header").told("GET", "/requests")["total"] == 0
    assert Sandbox(client, "path").told("GET", "/requests")["total"] == 1


@pytest.mark.parametrize("name", ["a b", "ä", "x" * 101, "a/b"])
def test_a_name_that_a_path_cannot_hold_is_refused(app: Flask, name: str) -> None:
    answer = app.test_client().get("/v2/carts", headers={**ADMIN, "Mock-Sandbox": name})
    assert answer.status_code == 400
    assert "1 to 100 of the characters" in answer.json["errors"][0]["detail"]


def test_a_server_may_require_a_sandbox(make_app: Callable[..., Flask]) -> None:
    client = make_app(require_sandbox=True).test_client()
    refused = client.get("/v2/carts", headers=ADMIN)
    assert refused.status_code == 400
    assert "Mock-Sandbox" in refused.json["errors"][0]["detail"]
    assert client.get("/sandboxes/a/v2/carts", headers=ADMIN).status_code == 200
    assert client.get("/__admin/health").status_code == 200


def test_a_fork_goes_on_by_itself_from_the_same_state(app: Flask) -> None:
    box = Sandbox(app.test_client())
    box.call("DELETE", "/v2/carts/free-cart")
    box.told("POST", "/sandboxes/fork", {"fork_of": "default"})
    fork = Sandbox(app.test_client(), "fork")
    assert fork.call("DELETE", "/v2/carts/free-cart").status_code == 404
    fork.call("DELETE", "/v2/carts/ada-cart")
    assert box.call("DELETE", "/v2/carts/ada-cart").status_code == 204
    create: dict[str, Any] = {"json": {"data": {"name": "x"}}}
    ids = [each.call("POST", "/v2/carts", **create).json["data"]["id"] for each in (box, fork)]
    assert ids[0] == ids[1]


def test_a_sandbox_is_forked_from_a_snapshot(app: Flask) -> None:
    box = Sandbox(app.test_client())
    box.told("PUT", "/snapshots/before")
    box.call("DELETE", "/v2/carts/free-cart")
    box.told("POST", "/sandboxes/again", {"fork_of": "default", "snapshot": "before"})
    assert (
        Sandbox(app.test_client(), "again").call("DELETE", "/v2/carts/free-cart").status_code == 204
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/sandboxes/default", {}, 409),
        ("POST", "/sandboxes/x", {"fork_of": "nobody"}, 404),
        ("POST", "/sandboxes/x", {"fork_of": "default", "snapshot": "none"}, 404),
        ("POST", "/sandboxes/x", {"snapshot": "none"}, 400),
        ("POST", "/sandboxes/x", {"fork": "default"}, 400),
        ("GET", "/sandboxes/nobody", None, 404),
        ("DELETE", "/sandboxes/nobody", None, 404),
    ],
)
def test_a_wish_that_cannot_be_fulfilled_is_refused(
    box: Sandbox, method: str, path: str, body: Any, status: int
) -> None:
    answer = box.admin(method, path, body)
    assert answer.status_code == status
    assert answer.json["errors"][0]["detail"]
    assert names(box) == ["default"]


def test_a_deleted_sandbox_starts_anew(app: Flask) -> None:
    box = Sandbox(app.test_client(), "short")
    box.call("DELETE", "/v2/carts/free-cart")
    Sandbox(app.test_client()).told("DELETE", "/sandboxes/short")
    assert box.call("DELETE", "/v2/carts/free-cart").status_code == 204


def test_the_least_recently_used_sandbox_makes_room(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "mockserver")
    app = make_app(max_sandboxes=2)
    for name in ("a", "b", "a", "c"):
        Sandbox(app.test_client(), name).call("GET", "/v2/carts")
    assert names(Sandbox(app.test_client())) == ["default", "a", "c"]
    assert 'sandbox "b" thrown away' in caplog.text


RELATED = "/v2/carts/{}/relationships/accounts"


def script(number: int, steps: int) -> list[tuple[str, str, dict[str, str], Any]]:
    """Return mixed requests: the same ones for the same number."""
    chance = random.Random(number)
    carts = ["free-cart", "ada-cart", "shared-cart", "mine", "yours"]
    kinds: list[Callable[[str], tuple[str, str, dict[str, str], Any]]] = [
        lambda cart: ("GET", f"/v2/carts/{cart}", ADMIN, None),
        lambda cart: ("PUT", f"/v2/carts/{cart}", ADMIN, {"data": {"name": f"n{number}"}}),
        lambda cart: ("DELETE", f"/v2/carts/{cart}", ADMIN, None),
        lambda cart: ("POST", "/v2/carts", acting_as(1), {"data": {"name": cart}}),
        lambda cart: (
            "POST",
            f"/v2/carts/{cart}/relationships/accounts",
            acting_as(1),
            naming(ACCOUNT_1),
        ),
        lambda cart: (
            "DELETE",
            f"/v2/carts/{cart}/relationships/accounts",
            acting_as(1),
            naming(ACCOUNT_1),
        ),
        lambda _: ("GET", "/v2/carts?page[limit]=3", acting_as(1), None),
        lambda _: ("PUT", "/__admin/clock", {}, {"action": "advance", "duration": "PT7H"}),
    ]
    return [chance.choice(kinds)(chance.choice(carts)) for _ in range(steps)]


def transcript(app: Flask, name: str, number: int, steps: int) -> list[tuple[int, bytes, str]]:
    client, told = app.test_client(), []
    for method, path, headers, body in script(number, steps):
        given = {**headers, "Mock-Sandbox": name}
        answer = client.open(path, method=method, headers=given, **({"json": body} if body else {}))
        told.append((answer.status_code, answer.data, answer.headers["Mock-Request-Id"]))
    return told


def test_fifty_sandboxes_by_sixteen_threads_answer_as_each_would_alone(
    make_app: Callable[..., Flask],
) -> None:
    together = make_app()
    with ThreadPoolExecutor(16) as pool:
        runs = [pool.submit(transcript, together, f"s{n}", n, 200) for n in range(50)]
        crowded = [run.result() for run in runs]
    for number, told in enumerate(crowded):
        assert told == transcript(make_app(), f"s{number}", number, 200), number
