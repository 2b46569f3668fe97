"""Which carts belong to which account (contract.md §5)."""

from dataclasses import replace

from mockserver.access import ACCOUNT, ADMINISTRATOR
from mockserver.errors import ApiError
from mockserver.operations.call import Call, Reply
from mockserver.world import Cart


def associate(call: Call) -> Reply:
    """Associate a cart with an account.

    200 with the body's data echoed; 204 when the association stood already.
    """
    cart, account_id = _permitted(call)
    if cart.contact_email:
        raise ApiError("cart-has-contact-email")
    if account_id in cart.account_ids:
        return Reply(204)
    call.tx.save_cart(replace(cart, account_ids=(*cart.account_ids, account_id)))
    return Reply(200, {"data": [{"type": "account", "id": account_id}]})


def disassociate(call: Call) -> Reply:
    """Dissociate a cart from an account: 204 whether or not the association stood."""
    cart, account_id = _permitted(call)
    if account_id in cart.account_ids:
        remaining = tuple(each for each in cart.account_ids if each != account_id)
        call.tx.save_cart(replace(cart, account_ids=remaining))
    return Reply(204)


def _permitted(call: Call) -> tuple[Cart, str]:
    """Return the cart and the account's id, when the caller may bring them together or part them.

    An administrator may do so with any of them; an account with itself and a cart that is free or
    its own; nobody else.
    """
    account_id: str = call.body["data"][0]["id"]
    cart = call.tx.cart(call.params["cartID"])
    if call.caller.kind == ACCOUNT:
        anothers = cart is not None and cart.account_ids and account_id not in cart.account_ids
        if account_id != call.caller.account_id or anothers:
            raise ApiError("account-lacks-permissions")
    elif call.caller.kind != ADMINISTRATOR:
        raise ApiError("account-lacks-permissions")
    if cart is None:
        raise ApiError("cart-not-found")
    if call.tx.account(account_id) is None:
        raise ApiError("account-not-found")
    return cart, account_id
