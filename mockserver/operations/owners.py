"""The two kinds of owners that a cart may have: what differs between them is data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mockserver.core.errors import ApiError, ErrorId
from mockserver.operations.base import OperationContext
from mockserver.store.entities import ACCOUNT, CUSTOMER, Account, Cart, Customer, Owner
from mockserver.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of owners: how one is found, and the errors in its own words."""

    name: str
    find: Callable[[Transaction, str], Account | Customer | None]
    not_found: ErrorId
    lacks_permissions: ErrorId
    contact_email: ErrorId
    last_cart: ErrorId


KINDS: Mapping[str, Kind] = {
    ACCOUNT: Kind(
        ACCOUNT,
        lambda tx, account_id: tx.accounts.get(account_id),
        "account-not-found",
        "account-lacks-permissions",
        "cart-has-contact-email",
        "last-cart",
    ),
    CUSTOMER: Kind(
        CUSTOMER,
        lambda tx, customer_id: tx.customers.get(customer_id),
        "customer-not-found",
        "customer-lacks-permissions",
        "customer-cart-has-contact-email",
        "customer-last-cart",
    ),
}


def check_contact_email(owners: Sequence[Owner], contact_email: str | None) -> None:
    """Refuse to let a cart have both an owner and a contact e-mail."""
    if contact_email and owners:
        raise ApiError(KINDS[owners[0][0]].contact_email)


def check_last_cart(ctx: OperationContext, cart: Cart) -> None:
    """Refuse to delete the last cart of an owner."""
    for owner in cart.owners:
        if not any(other.id != cart.id for other in ctx.tx.carts.list(owner)):
            raise ApiError(KINDS[owner[0]].last_cart)
