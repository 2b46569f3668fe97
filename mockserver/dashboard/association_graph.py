"""Who sees which cart, as a picture: owners on one side, carts on the other, lines between."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

ROW, WIDTH, LEFT, RIGHT, TOP = 28, 640, 220, 420, 24
MOST = 40
LONGEST = 26


def picture(state: dict[str, Any]) -> Markup:
    """Return an SVG of the carts that a state shows and of whom they belong to."""
    carts = state["carts"]["shown"][:MOST]
    known = (*state["accounts"]["shown"], *state["customers"]["shown"])
    names = {owner["id"]: owner["name"] for owner in known}
    associated = [owner for cart in carts for owner in _owners(cart)]
    owners = list(dict.fromkeys([*associated, *names]))[:MOST]
    height = TOP + ROW * max(len(carts), len(owners), 1)
    at_left = {owner: TOP + ROW * number for number, owner in enumerate(owners)}
    at_right = {cart["id"]: TOP + ROW * number for number, cart in enumerate(carts)}
    lines = [
        Markup('<path d="M{} {} C{} {} {} {} {} {}"/>').format(
            *(LEFT + 8, at_left[owner], (LEFT + RIGHT) // 2, at_left[owner]),
            *((LEFT + RIGHT) // 2, at_right[cart["id"]], RIGHT - 8, at_right[cart["id"]]),
        )
        for cart in carts
        for owner in _owners(cart)
        if owner in at_left
    ]
    left = [_node(LEFT, y, names.get(owner, owner), owner, "end") for owner, y in at_left.items()]
    right = [
        _node(RIGHT, at_right[cart["id"]], cart["name"], cart["id"], "start") for cart in carts
    ]
    told = f"{len(owners)} owners, {len(carts)} carts, {len(lines)} associations"
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>').format(
        WIDTH, height, told, Markup("").join(lines), Markup("").join(left), Markup("").join(right)
    )


def _owners(cart: dict[str, Any]) -> list[str]:
    return [*cart["account_ids"], *cart["customer_ids"]]


def _node(x: int, y: int, name: str, identity: str, anchor: str) -> Markup:
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return Markup(
        '<g><title>{}</title><circle cx="{}" cy="{}" r="5"/>'
        '<text x="{}" y="{}" text-anchor="{}">{}</text></g>'
    ).format(identity, x, y, x - 12 if anchor == "end" else x + 12, y + 5, anchor, short)
