"""Associations of carts with accounts and customers (contract.md §5)."""

from mockserver.core.errors import ApiError
from mockserver.operations.auth import ADMINISTRATOR
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.owners import OWNER_TYPES, OwnerType, check_contact_email
from mockserver.store.entities import Cart, Owner


def associate(owner_type: str, ctx: OperationContext) -> OperationResult:
    """Associate a cart with an owner of a type.

    200 with the body's data echoed; 204 when the association existed already.
    """
    cart, owner = _get_permitted(OWNER_TYPES[owner_type], ctx)
    if owner in cart.owners:
        return OperationResult(204)
    owners = (*cart.owners, owner)
    check_contact_email(owners, cart.contact_email)
    ctx.tx.carts.save(cart, owners=owners)
    return OperationResult(200, {"data": [{"type": owner.type, "id": owner.id}]})


def disassociate(owner_type: str, ctx: OperationContext) -> OperationResult:
    """Dissociate a cart from an owner of a type: 204 whether or not the association existed."""
    cart, owner = _get_permitted(OWNER_TYPES[owner_type], ctx)
    if owner in cart.owners:
        ctx.tx.carts.save(cart, owners=tuple(o for o in cart.owners if o != owner))
    return OperationResult(204)


def _get_permitted(owner_type: OwnerType, ctx: OperationContext) -> tuple[Cart, Owner]:
    """Return the cart and the owner, when the caller may associate or dissociate them.

    An administrator may do so with any of them; an account or a customer with itself and a cart
    that is free or its own; nobody else.
    """
    owner = Owner(owner_type.name, ctx.body["data"][0]["id"])
    cart = ctx.tx.carts.get(ctx.params["cartID"])
    if ctx.caller.kind != ADMINISTRATOR:
        is_anothers = cart is not None and cart.owners and owner not in cart.owners
        if owner != ctx.caller.owner or is_anothers:
            raise ApiError(owner_type.lacks_permissions)
    if cart is None:
        raise ApiError("cart-not-found")
    if owner_type.find(ctx.tx, owner.id) is None:
        raise ApiError(owner_type.not_found)
    return cart, owner
