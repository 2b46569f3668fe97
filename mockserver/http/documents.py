"""The contract itself, as YAML and as JSON."""

from flask import Flask, Response

from mockserver.http.response import answer
from mockserver.openapi.contract import Contract


def add_routes(app: Flask, contract: Contract) -> None:
    """Add the routes of the documents."""

    @app.get("/openapi.yaml")
    def openapi_yaml() -> Response:
        return Response(contract.text, content_type="application/yaml")

    @app.get("/openapi.json")
    def openapi_json() -> Response:
        return answer(200, contract.document)
