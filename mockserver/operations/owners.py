"""The two types of owners that a cart may have: what differs between them is data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mockserver.core.errors import ApiError, ErrorId
from mockserver.operations.base import OperationContext
from mockserver.store.entities import ACCOUNT, CUSTOMER, Account, Cart, Customer, Owner
from mockserver.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class OwnerType:
    """A type of owner: how to find one, and the ids of its errors."""

    name: str
    find: Callable[[Transaction, str], Account | Customer | None]
    not_found: ErrorId
    lacks_permissions: ErrorId
    contact_email: ErrorId
    last_cart: ErrorId


OWNER_TYPES: Mapping[str, OwnerType] = {
    ACCOUNT: OwnerType(
        ACCOUNT,
        lambda tx, account_id: tx.accounts.get(account_id),
        "account-not-found",
        "account-lacks-permissions",
        "cart-has-contact-email",
        "last-cart",
    ),
    CUSTOMER: OwnerType(
        CUSTOMER,
        lambda tx, customer_id: tx.customers.get(customer_id),
        "customer-not-found",
        "customer-lacks-permissions",
        "customer-cart-has-contact-email",
        "customer-last-cart",
    ),
}


def check_contact_email(owners: Sequence[Owner], contact_email: str | None) -> None:
    """Reject a cart that has both an owner and a contact e-mail."""
    if contact_email and owners:
        raise ApiError(OWNER_TYPES[owners[0].type].contact_email)


def check_last_cart(ctx: OperationContext, cart: Cart) -> None:
    for owner in cart.owners:
        if all(owned.id == cart.id for owned in ctx.tx.carts.list(owner)):
            raise ApiError(OWNER_TYPES[owner.type].last_cart)
