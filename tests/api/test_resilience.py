"""Resilience: errors in the code, and the memory of dropped store states."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.core.config import resource
from tests.support.built_in_data import SHOPPER


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


def test_a_missing_file_of_the_package_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no-such.yaml is missing"):
        resource("no-such.yaml")
