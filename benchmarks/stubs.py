"""The stubs of mocks that read no contract: the responses of ours, with conditions.

WireMock validates the body against the JSON Schema. Mockoon could, too, but would compile the
schema for each request; so it gets rules on the body's fields, which are faster.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from benchmarks.install import FOLDER
from benchmarks.work import ASSOCIATION_SCHEMA, REFUSED, Request, association, cart
from mockserver.app import create_app

STUBS = FOLDER / "stubs"
CART = STUBS / "cart.json"
WIREMOCK = STUBS / "wiremock"
MOCKOON = STUBS / "mockoon.json"
CONTENT_TYPE = "application/json"


def write() -> None:
    """Write the files that WireMock, Mockoon and the bare Flask application read."""
    bodies = {
        "cart": _ours(cart("free-cart")),
        "associated": _ours(association("free-cart")),
        "refused": _ours(association("free-cart", body=REFUSED)),
    }
    mappings = WIREMOCK / "mappings"
    mappings.mkdir(parents=True, exist_ok=True)
    CART.write_text(bodies["cart"], "utf-8")
    (mappings / "carts.json").write_text(json.dumps({"mappings": _wiremock(bodies)}), "utf-8")
    MOCKOON.write_text(json.dumps(_mockoon(bodies)), "utf-8")


def _ours(request: Request) -> str:
    """Return the response body of a new server of ours."""
    client = create_app().test_client()
    response = client.open(
        request.path, method=request.method, data=request.body or None, headers={**request.headers}
    )
    return response.get_data(as_text=True)


def _wiremock(bodies: dict[str, str]) -> list[dict[str, Any]]:
    """Return the stubs: of those that match a request, the one of the lowest priority is used."""
    schema = {"matchesJsonSchema": json.dumps(ASSOCIATION_SCHEMA), "schemaVersion": "V202012"}
    association = {"method": "ANY", "urlPathPattern": "/v2/carts/[^/]+/relationships/accounts"}
    return [
        {
            "priority": priority,
            "request": request,
            "response": {
                "status": status,
                "headers": {"Content-Type": CONTENT_TYPE},
                "body": bodies[body],
            },
        }
        for priority, request, status, body in (
            (1, {"method": "GET", "urlPathPattern": "/v2/carts/[^/]+"}, 200, "cart"),
            (1, {**association, "bodyPatterns": [schema]}, 200, "associated"),
            (2, association, 400, "refused"),
        )
    ]


def _mockoon(bodies: dict[str, str]) -> dict[str, Any]:
    """Return the environment: of a route's responses, the first one whose rules match is used."""
    valid = [
        {"target": "body", "modifier": "data.0.type", "operator": "equals", "value": "account"},
        {"target": "body", "modifier": "data.0.id", "operator": "regex", "value": "^[a-z].+"},
    ]
    association = "v2/carts/:cart/relationships/accounts"
    associations = ((200, bodies["associated"], valid), (400, bodies["refused"], []))
    return {
        "uuid": _uuid("environment"),
        "lastMigration": 33,
        "name": "carts",
        "endpointPrefix": "",
        "latency": 0,
        "port": 3000,
        "hostname": "",
        "routes": (
            routes := [
                _route("get", "v2/carts/:cart", [(200, bodies["cart"], [])]),
                _route("post", association, associations),
                _route("delete", association, associations),
            ]
        ),
        "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in routes],
        "folders": [],
        "proxyMode": False,
        "proxyHost": "",
        "proxyRemovePrefix": False,
        "tlsOptions": {
            "enabled": False,
            "type": "CERT",
            **dict.fromkeys(("pfxPath", "certPath", "keyPath", "caPath", "passphrase"), ""),
        },
        "cors": True,
        "headers": [{"key": "Content-Type", "value": CONTENT_TYPE}],
        "proxyReqHeaders": [],
        "proxyResHeaders": [],
        "data": [],
        "callbacks": [],
    }


def _route(method: str, endpoint: str, responses: Any) -> dict[str, Any]:
    return {
        "uuid": _uuid(method, endpoint),
        "type": "http",
        "documentation": "",
        "method": method,
        "endpoint": endpoint,
        "responseMode": None,
        "streamingMode": None,
        "streamingInterval": 0,
        "responses": [
            {
                "uuid": _uuid(method, endpoint, str(status)),
                "body": body,
                "latency": 0,
                "statusCode": status,
                "label": "",
                "headers": [],
                "bodyType": "INLINE",
                "filePath": "",
                "databucketID": "",
                "sendFileAsBody": False,
                "rules": [{**rule, "invert": False} for rule in rules],
                "rulesOperator": "AND",
                "disableTemplating": True,
                "fallbackTo404": False,
                "default": not rules,
                "crudKey": "id",
                "callbacks": [],
            }
            for status, body, rules in responses
        ],
    }


def _uuid(*name: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(name)))
