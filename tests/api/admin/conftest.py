"""Fixtures: a client of one sandbox's API and of its admin API, and applications."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.core.config import Config
from mockserver.openapi.contract import Contract
from tests.support.built_in_data import ADMIN, NEW_YEAR
from tests.support.contract import BUILT_IN_STATE


@dataclass(frozen=True)
class Sandbox:
    """One sandbox of an application, selected by the header."""

    client: FlaskClient
    name: str = "default"

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        """Call the API, by default as the administrator."""
        own = {"Mock-Sandbox": self.name}
        headers = {**own, **(ADMIN if headers is None else headers)}
        return self.client.open(path, method=method, headers=headers, **more)

    def admin(self, method: str, path: str, body: Any = None) -> TestResponse:
        """Call the admin API."""
        return self.call(
            method, f"/__admin{path}", {}, **({"json": body} if body is not None else {})
        )

    def admin_json(self, method: str, path: str, body: Any = None) -> Any:
        """Call the admin API and return its JSON; the call must succeed."""
        answer = self.admin(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json if answer.content_length else None


@pytest.fixture
def make_app(contract: Contract) -> Callable[..., Flask]:
    """Create applications with frozen clocks: `make_app(require_sandbox=True)`."""

    def make(**settings: Any) -> Flask:
        initial_state = None if "fixtures" in settings else BUILT_IN_STATE
        return create_app(Config(**{"frozen_at": NEW_YEAR, **settings}), contract, initial_state)

    return make


@pytest.fixture
def box(app: Flask) -> Sandbox:
    """The default sandbox of a fresh application."""
    return Sandbox(app.test_client())
