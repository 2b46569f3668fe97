"""Who sees which cart, as a picture: accounts on one side, carts on the other, lines between."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

ROW, WIDTH, LEFT, RIGHT, TOP = 28, 640, 220, 420, 24
MOST = 40
LONGEST = 26


def picture(world: dict[str, Any]) -> Markup:
    """Return an SVG of the carts that a world shows and of the accounts that they belong to."""
    carts = world["carts"]["shown"][:MOST]
    names = {account["id"]: account["name"] for account in world["accounts"]["shown"]}
    associated = [account for cart in carts for account in cart["account_ids"]]
    accounts = list(dict.fromkeys([*associated, *names]))[:MOST]
    height = TOP + ROW * max(len(carts), len(accounts), 1)
    at_left = {account: TOP + ROW * number for number, account in enumerate(accounts)}
    at_right = {cart["id"]: TOP + ROW * number for number, cart in enumerate(carts)}
    lines = [
        Markup('<path d="M{} {} C{} {} {} {} {} {}"/>').format(
            *(LEFT + 8, at_left[account], (LEFT + RIGHT) // 2, at_left[account]),
            *((LEFT + RIGHT) // 2, at_right[cart["id"]], RIGHT - 8, at_right[cart["id"]]),
        )
        for cart in carts
        for account in cart["account_ids"]
        if account in at_left
    ]
    left = [
        _node(LEFT, y, names.get(account, account), account, "end")
        for account, y in at_left.items()
    ]
    right = [
        _node(RIGHT, at_right[cart["id"]], cart["name"], cart["id"], "start") for cart in carts
    ]
    told = f"{len(accounts)} accounts, {len(carts)} carts, {len(lines)} associations"
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>').format(
        WIDTH, height, told, Markup("").join(lines), Markup("").join(left), Markup("").join(right)
    )


def _node(x: int, y: int, name: str, identity: str, anchor: str) -> Markup:
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return Markup(
        '<g><title>{}</title><circle cx="{}" cy="{}" r="5"/>'
        '<text x="{}" y="{}" text-anchor="{}">{}</text></g>'
    ).format(identity, x, y, x - 12 if anchor == "end" else x + 12, y + 5, anchor, short)
