"""Which carts belong to which account or customer (contract.md §5)."""

from mockserver.core.errors import ApiError
from mockserver.operations.auth import ADMINISTRATOR
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.owners import KINDS, Kind, check_contact_email
from mockserver.store.entities import Cart, Owner


def associate(kind: str, ctx: OperationContext) -> OperationResult:
    """Associate a cart with an owner of a kind.

    200 with the body's data echoed; 204 when the association stood already.
    """
    cart, owner = _permitted(KINDS[kind], ctx)
    if owner in cart.owners:
        return OperationResult(204)
    owners = (*cart.owners, owner)
    check_contact_email(owners, cart.contact_email)
    ctx.tx.carts.save(cart, owners=owners)
    return OperationResult(200, {"data": [{"type": owner.type, "id": owner.id}]})


def disassociate(kind: str, ctx: OperationContext) -> OperationResult:
    """Dissociate a cart from an owner of a kind: 204 whether or not the association stood."""
    cart, owner = _permitted(KINDS[kind], ctx)
    if owner in cart.owners:
        remaining = tuple(each for each in cart.owners if each != owner)
        ctx.tx.carts.save(cart, owners=remaining)
    return OperationResult(204)


def _permitted(kind: Kind, ctx: OperationContext) -> tuple[Cart, Owner]:
    """Return the cart and the owner, when the caller may bring them together or part them.

    An administrator may do so with any of them; an account or a customer with itself and a cart
    that is free or its own; nobody else.
    """
    owner = Owner(kind.name, ctx.body["data"][0]["id"])
    cart = ctx.tx.carts.get(ctx.params["cartID"])
    if ctx.caller.kind != ADMINISTRATOR:
        anothers = cart is not None and cart.owners and owner not in cart.owners
        if owner != ctx.caller.owner or anothers:
            raise ApiError(kind.lacks_permissions)
    if cart is None:
        raise ApiError("cart-not-found")
    if kind.find(ctx.tx, owner.id) is None:
        raise ApiError(kind.not_found)
    return cart, owner
