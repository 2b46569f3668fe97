"""The operations' paths as Flask's rules. A path that is written out comes before one with a
parameter, with all methods: those that it does not have are none of the other's."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NoReturn

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter

from mockserver.contract import Contract, Operation

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"))

OTHERS = "other methods of"


def allowed(adapter: MapAdapter) -> Iterator[str]:
    """Yield the methods that the operations at a request's path have."""
    for method in sorted(METHODS):
        try:
            endpoint, _ = adapter.match(method=method)
        except HTTPException:
            continue
        if not endpoint.startswith(OTHERS):
            yield method


def add(
    app: Flask, contract: Contract, view: Callable[[Operation], Callable[..., Response]]
) -> None:
    """Add a rule for each operation, answered by its `view`."""
    own: dict[str, set[str]] = {}
    for operation in contract.operations:
        app.add_url_rule(
            operation.rule,
            operation.id,
            view(operation),
            methods=[operation.method],
            provide_automatic_options=False,
        )
        implied = {"HEAD"} if operation.method == "GET" else set()
        own.setdefault(operation.rule, set()).update({operation.method}, implied)
    for rule in _written_out(own):
        app.add_url_rule(
            rule,
            f"{OTHERS} {rule}",
            partial(_refuse, sorted(own[rule])),
            methods=METHODS - own[rule],
            provide_automatic_options=False,
        )


def _written_out(rules: dict[str, set[str]]) -> Iterator[str]:
    """Yield each rule that another one means too, by a parameter."""
    parts = {rule: rule.split("/") for rule in rules}
    for rule, own in parts.items():
        if any(
            len(own) == len(other) and own != other and all(map(_is_meant, own, other))
            for other in parts.values()
        ):
            yield rule


def _is_meant(part: str, by: str) -> bool:
    return part == by or (by.startswith("<") and not part.startswith("<"))


def _refuse(allowed: list[str], **_: str) -> NoReturn:
    raise MethodNotAllowed(allowed)
