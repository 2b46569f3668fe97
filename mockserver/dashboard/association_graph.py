"""The associations between owners and carts, rendered as an SVG graph."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

ROW, WIDTH, LEFT, RIGHT, TOP = 28, 640, 220, 420, 24
MAX_NODES = 40
MAX_LABEL_LENGTH = 26


def render_graph(state: dict[str, Any]) -> Markup:
    """Return an SVG of the carts in a response of /__admin/state, and of their owners."""
    carts = state["carts"]["shown"][:MAX_NODES]
    known_owners = (*state["accounts"]["shown"], *state["customers"]["shown"])
    names = {owner["id"]: owner["name"] for owner in known_owners}
    associated = [owner_id for cart in carts for owner_id in _owner_ids(cart)]
    owner_ids = list(dict.fromkeys([*associated, *names]))[:MAX_NODES]
    height = TOP + ROW * max(len(carts), len(owner_ids), 1)
    left_y = {owner_id: TOP + ROW * row for row, owner_id in enumerate(owner_ids)}
    right_y = {cart["id"]: TOP + ROW * row for row, cart in enumerate(carts)}
    middle = (LEFT + RIGHT) // 2
    edges = [
        Markup('<path d="M{} {} C{} {} {} {} {} {}"/>').format(
            *(LEFT + 8, left_y[owner_id], middle, left_y[owner_id]),
            *(middle, right_y[cart["id"]], RIGHT - 8, right_y[cart["id"]]),
        )
        for cart in carts
        for owner_id in _owner_ids(cart)
        if owner_id in left_y
    ]
    nodes = [
        *(_node(LEFT, y, names.get(id_, id_), id_, "end") for id_, y in left_y.items()),
        *(_node(RIGHT, right_y[cart["id"]], cart["name"], cart["id"], "start") for cart in carts),
    ]
    label = f"{len(owner_ids)} owners, {len(carts)} carts, {len(edges)} associations"
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
        WIDTH, height, label, Markup("").join(edges), Markup("").join(nodes)
    )


def _owner_ids(cart: dict[str, Any]) -> list[str]:
    return [*cart["account_ids"], *cart["customer_ids"]]


def _node(x: int, y: int, name: str, title: str, anchor: str) -> Markup:
    label = name if len(name) <= MAX_LABEL_LENGTH else f"{name[: MAX_LABEL_LENGTH - 1]}…"
    return Markup(
        '<g><title>{}</title><circle cx="{}" cy="{}" r="5"/>'
        '<text x="{}" y="{}" text-anchor="{}">{}</text></g>'
    ).format(title, x, y, x - 12 if anchor == "end" else x + 12, y + 5, anchor, label)
