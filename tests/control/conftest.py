"""A client of one sandbox's API and of its admin API."""

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
from tests.contract import BUILT_IN_STATE
from tests.seeds import ADMIN, NEW_YEAR


@dataclass(frozen=True)
class Sandbox:
    """One sandbox of an application, called by the header."""

    client: FlaskClient
    name: str = "default"

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        """OperationContext the API, as the administrator unless the headers say otherwise."""
        given = {"Mock-Sandbox": self.name, **(ADMIN if headers is None else headers)}
        return self.client.open(path, method=method, headers=given, **more)

    def admin(self, method: str, path: str, body: Any = None) -> TestResponse:
        """OperationContext the admin API."""
        return self.call(
            method, f"/__admin{path}", {}, **({"json": body} if body is not None else {})
        )

    def told(self, method: str, path: str, body: Any = None) -> Any:
        """OperationContext the admin API and return what it says; it must succeed."""
        answer = self.admin(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json if answer.content_length else None


@pytest.fixture
def make_app(contract: Contract) -> Callable[..., Flask]:
    """Make applications whose clocks stand still: `make_app(require_sandbox=True)`."""

    def make(**settings: Any) -> Flask:
        world = None if "fixtures" in settings else BUILT_IN_STATE
        return create_app(Config(**{"frozen_at": NEW_YEAR, **settings}), contract, world)

    return make


@pytest.fixture
def box(app: Flask) -> Sandbox:
    """The default sandbox of a fresh application."""
    return Sandbox(app.test_client())
