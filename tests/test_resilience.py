"""Resilience: errors in the code, and the memory of dropped store states."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.core.config import resource
from mockserver.store.disposal import MIN_CHANGES, free_in_background
from mockserver.store.state import StoreState
from tests.seeds import ADMIN, SHOPPER


def test_exception_in_an_operation_gets_the_500_of_the_api(
    app: Flask,
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(app.extensions["sandbox"], "run", broken)
    response = client.get("/v2/carts/free-cart", headers=SHOPPER)
    assert response.status_code == 500
    [error] = response.json["errors"]
    assert error["title"] == "Internal Server Error"
    assert error["request_id"] == response.headers["X-Moltin-Request-Id"]
    assert "secret detail" not in response.text
    assert "secret detail" in caplog.text


def test_exception_outside_any_operation_gets_a_500(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(client.application.view_functions, "openapi_json", lambda: 1 / 0)
    assert client.get("/openapi.json").json["errors"][0]["status"] == 500


def test_large_dropped_state_is_freed_and_others_keep_their_records(app: Flask) -> None:
    client = app.test_client()
    for _ in range(MIN_CHANGES):
        client.post("/v2/carts", headers=ADMIN, json={"data": {"name": "x"}})
    sandbox = app.extensions["sandbox"]
    kept: StoreState = sandbox.store
    carts = len(kept.carts)
    sandbox.reset()
    assert len(sandbox.store.carts) < MIN_CHANGES
    assert len(kept.carts) == len(list(kept.carts)) == carts


@pytest.mark.parametrize(("changes", "threads"), [(0, 0), (MIN_CHANGES - 1, 0), (MIN_CHANGES, 1)])
def test_only_a_state_with_many_changes_is_freed_in_the_background(
    app: Flask, monkeypatch: pytest.MonkeyPatch, changes: int, threads: int
) -> None:
    started: list[object] = []
    monkeypatch.setattr(
        "mockserver.store.disposal.start_new_thread", lambda *given: started.append(given)
    )
    seed: StoreState = app.extensions["sandbox"].store
    free_in_background(seed.evolve(counters=seed.counters.insert("revision", changes)), seed)
    assert len(started) == threads
    assert len(seed.carts) == 11


def test_freed_state_leaves_other_states_complete(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "mockserver.store.disposal.start_new_thread", lambda run, given: run(*given)
    )  # so that it has ended when we look
    sandbox = app.extensions["sandbox"]
    client = app.test_client()
    seed: StoreState = sandbox.store
    for number in range(300):
        client.post("/v2/carts", headers=ADMIN, json={"data": {"name": f"cart {number % 3}"}})
    named = {"filter": 'ilike(name,"cart 1")'}
    before = client.get("/v2/carts", headers=ADMIN, query_string=named).json
    kept: StoreState = sandbox.store
    free_in_background(kept.evolve(counters=kept.counters.insert("revision", MIN_CHANGES)), seed)
    assert client.get("/v2/carts", headers=ADMIN, query_string=named).json == before
    assert before["meta"]["results"] == {"total": 100}
    assert len(kept.carts) == len(list(kept.carts)) == 300 + len(seed.carts)


def test_a_missing_file_of_the_package_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no-such.yaml is missing"):
        resource("no-such.yaml")
