"""Causes of the errors of associations, of accounts and of customers."""

from collections.abc import Iterator
from typing import Any

from tests.support.built_in_data import (
    ACCOUNT_1,
    ADMIN,
    CUSTOMER_1,
    SHOPPER,
    acting_as,
    as_customer,
)
from tests.support.error_causes.common import Cause, Causes, not_json
from tests.support.owners import ACCOUNTS, CUSTOMERS, Owners
from tests.support.sample_requests import (
    GOOD,
    Request,
)

_to_guest = GOOD["createAccountCartAssociation"].evolve(
    path="/v2/carts/contact-cart/relationships/accounts"
)
_customer_to_guest = GOOD["createCustomerCartAssociation"].evolve(
    path="/v2/carts/contact-cart/relationships/customers"
)


def _association_causes(
    operation: str, owners: Owners
) -> Iterator[tuple[str, list[Request | Cause]]]:
    good = GOOD[operation]
    kind = owners.kind
    unknown = good.evolve(path=f"/v2/carts/no-such-cart/relationships/{kind}s")
    anothers = good.evolve(path=f"/v2/carts/{owners.anothers_cart}/relationships/{kind}s")

    def bodies(*contents: Any) -> list[Request | Cause]:
        return [good.evolve(body=body) for body in contents]

    first = {"type": kind, "id": owners.first}
    foreign = ACCOUNT_1 if kind == "customer" else CUSTOMER_1
    yield (
        "invalid-json-payload",
        [
            *not_json(good.evolve(body=None)),
            *bodies(None, {}, {"data": None}, {"data": first}, first, {"data": kind}, kind, 1),
        ],
    )
    yield (
        f"type-not-{kind}",
        bodies(
            {"data": []},
            [],
            {"data": [{"id": owners.first}]},
            {"data": [{**first, "type": owners.other_kind}]},
            [{**first, "type": kind.title()}],
        ),
    )
    yield "schema-violation", bodies({"data": [{"type": kind}]}, [{"type": kind}])
    second = {"type": kind, "id": owners.second}
    yield (
        f"cannot-associate-more-than-one-{kind}",
        bodies({"data": [first, second]}, [first, first]),
    )
    yield (
        f"{kind}-lacks-permissions",
        [
            good.evolve(headers=SHOPPER),
            good.evolve(headers=owners.acting(2)),
            good.evolve(headers=owners.acting(2, ADMIN)),
            anothers.evolve(headers=owners.acting(1)),
        ],
    )
    yield "cart-not-found", [unknown, unknown.evolve(headers=owners.acting(1))]
    missing = (owners.unknown, f"no-such-{kind}", foreign)
    yield f"{kind}-not-found", bodies(*(owners.naming(owner_id) for owner_id in missing))


CAUSES: Causes = {
    ("createAccountCartAssociation", "cart-has-contact-email"): [
        _to_guest,
        _to_guest.evolve(headers=acting_as(1)),
    ],
    **{
        (f"{verb}{owners.kind.title()}CartAssociation", error): causes
        for owners in (ACCOUNTS, CUSTOMERS)
        for verb in ("create", "delete")
        for error, causes in _association_causes(
            f"{verb}{owners.kind.title()}CartAssociation", owners
        )
    },
    ("createCustomerCartAssociation", "customer-cart-has-contact-email"): [
        _customer_to_guest,
        _customer_to_guest.evolve(headers=as_customer(1)),
    ],
}
