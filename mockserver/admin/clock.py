"""The sandbox's clock: read, stop, move on, let run."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response

from mockserver.admin.bodies import bad_request, body, data
from mockserver.core.clock import EARLIEST, LATEST, Clock, parse_duration, parse_instant
from mockserver.core.clock import to_milliseconds_text as shown
from mockserver.http.context import current


def _freeze(clock: Clock, given: Mapping[str, Any]) -> None:
    clock.freeze(parse_instant(given["instant"]) if "instant" in given else None)


def _advance(clock: Clock, given: Mapping[str, Any]) -> None:
    clock.advance(parse_duration(given["duration"]))


ACTIONS: Mapping[str, Callable[[Clock, Mapping[str, Any]], None]] = {
    "freeze": _freeze,
    "advance": _advance,
    "resume": lambda clock, _: clock.resume(),
    "reset": lambda clock, _: clock.reset(),
}


def add_routes(admin: Blueprint) -> None:
    """Add the routes of this noun."""

    @admin.get("/clock")
    def get_clock() -> Response:
        return data(_show(current().sandbox.clock))

    @admin.put("/clock")
    def put_clock() -> Response:
        given = body("changeClock")

        def change(clock: Clock) -> None:
            trial = clock.copy()
            ACTIONS[given["action"]](trial, given)
            if not EARLIEST <= trial.now() < LATEST:
                raise bad_request("The clock would leave the years 1971 to 8999; stay inside.")
            ACTIONS[given["action"]](clock, given)

        return data(_show(current().sandbox.move_clock(change)))


def _show(clock: Clock) -> dict[str, Any]:
    return {"now": shown(clock.now()), "frozen": clock.is_frozen}
