"""Records that several resources look up or make, with the errors for those that do not exist."""

from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext
from mockserver.store.entities import ACCOUNT, Account, Cart, Member, Membership, Order

DEFAULT_CART_NAME = "Cart"


def get_cart_or_404(ctx: OperationContext) -> Cart:
    cart = ctx.tx.carts.get(ctx.params["cartID"])
    if cart is None:
        raise ApiError("cart-not-found")
    return cart


def get_or_create_cart(ctx: OperationContext) -> Cart:
    """Return the cart of the path; an unknown id creates an empty one, as the real service does."""
    cart_id = ctx.params["cartID"]
    return ctx.tx.carts.get(cart_id) or ctx.tx.carts.save(empty_cart(ctx, cart_id))


def empty_cart(ctx: OperationContext, cart_id: str) -> Cart:
    """Return an empty cart that is not saved yet."""
    now = ctx.tx.now
    return Cart(cart_id, DEFAULT_CART_NAME, "", now, now, now, 0)


def get_order_or_404(ctx: OperationContext, order_id: str) -> Order:
    """Return an order; an account or a customer can read only its own ones."""
    order = ctx.tx.orders.get(order_id.lower())
    if order is None or ctx.caller.owner not in (None, order.owner):
        raise ApiError("order-not-found")
    return order


def get_visible_account(ctx: OperationContext) -> Account:
    """Return the account of the path, if the caller may read it: 403 or 404 otherwise."""
    account_id = ctx.params["accountID"].lower()
    if not is_account_visible(ctx, account_id):
        raise ApiError("forbidden")
    account = ctx.tx.accounts.get(account_id)
    if account is None:
        raise ApiError("account-not-found")
    return account


def is_account_visible(ctx: OperationContext, account_id: str) -> bool:
    """Whether the caller may read an account: an account member only its own ones."""
    if ctx.caller.member_id is None:
        return True
    member = ctx.tx.members.get(ctx.caller.member_id)
    return member is not None and account_id in member.account_ids


def get_member_or_404(ctx: OperationContext, member_id: str) -> Member:
    """Return a member, if the caller may read it: an account member only itself, 403 otherwise."""
    member_id = member_id.lower()
    if ctx.caller.member_id not in (None, member_id):
        raise ApiError("forbidden")
    member = ctx.tx.members.get(member_id)
    if member is None:
        raise ApiError("account-member-not-found")
    return member


def create_account(ctx: OperationContext, data: dict[str, Any]) -> Account:
    """Store a new account with the fields of a request's `data`."""
    fields = {name: data.get(name) for name in ("legal_name", "registration_id", "external_ref")}
    parent_id = data.get("parent_id")
    account = Account(
        id=ctx.ids.uuid("account"),
        name=data["name"],
        parent_id=parent_id and parent_id.lower(),
        created_at=ctx.tx.now,
        updated_at=ctx.tx.now,
        **fields,
    )
    return ctx.tx.accounts.save(account)


def new_membership(ctx: OperationContext, account_id: str, member_id: str) -> Membership:
    """Return a membership that begins now and is not saved yet."""
    now = ctx.tx.now
    return Membership(ctx.ids.uuid("membership"), account_id, member_id, now, now)


def check_self_management(ctx: OperationContext) -> None:
    """Reject a member's change of its own records, unless the store's settings allow it."""
    setting = ctx.tx.setting("account_authentication", "account_member_self_management")
    if ctx.caller.kind == ACCOUNT and setting != "update_only":
        raise ApiError("forbidden")
