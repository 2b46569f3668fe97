"""Compares openapi.yaml with the facts of the published OpenAPI files (facts.yaml, by extract.py).

Intended differences are listed in tables here.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import openapi_doc
from tests.upstream.extract import property_types

FACTS = yaml.safe_load(Path(__file__).with_name("facts.yaml").read_text("utf-8"))

OURS = {
    "AccountCheckout": "CheckoutRequest",
    "AccountAuthenticationSettingsResponse": "AccountAuthenticationSettings",
    "AccountManagementAuthenticationTokenResponse": "AccountToken",
    "Account": "AccountFields",
    "AccountMember": "AccountMember",
    "AccountMemberResponse": "AccountMember",
    "AccountMembership": "AccountMembership",
    "AccountMembershipResponse": "AccountMembership",
    "AccountMembershipResponseUsingAccountMemberId": "AccountMembership",
    "AccountResponse": "Account",
    "Bearer": "BearerToken",
    "CartItemObjectData": "NewCartItem",
    "CartItemResponse": "CartItem",
    "CartMergeObject": "NewCartItem",
    "CartResponse": "Cart",
    "CartsRelationshipsAccountsData": "AccountAssociations",
    "CartsRelationshipsCustomersData": "CustomerAssociations",
    "CartsRequest": "CreateCartRequest",
    "CustomItemObjectData": "NewCartItem",
    "CustomerCheckout": "CheckoutRequest",
    "Data.ManualPayment": "Payment",
    "ErrorResponse": "Errors",
    "MetaAccountMemberId": "AccountMemberMeta",
    "MetaList": "PageMeta",
    "OrderItemResponse": "OrderItem",
    "OrderResponse": "Order",
    "PromotionItemObjectData": "NewCartItem",
    "ReOrderObject": "NewCartItem",
    "Response.ErrorResponse": "Errors",
    "Response.Meta.Carts": "PageMeta",
    "Response.Meta.Orders": "PageMeta",
    "Response.PageLinks": "PageLinks",
    "Token": "TokenRequest",
    "TransactionResponse": "Transaction",
    "UpdateCartsItems": "UpdateCartItem",
}
"""The names of the published schemas in openapi.yaml."""

OPERATION_IDS = {"post-oauth-access_token": "createAnAccessToken"}
"""Operations that have other ids in clients than in the files."""

NULLABLE = ["null", "string"]
TYPES = {
    # on the last page there is no next one, and so on; the files say so only in prose
    ("Response.PageLinks", "last"): NULLABLE,
    ("Response.PageLinks", "next"): NULLABLE,
    ("Response.PageLinks", "prev"): NULLABLE,
    # one schema for all services: the examples of each service use its own type
    ("ErrorResponse", "errors[].status"): ["integer", "string"],
    # integers, as in the responses
    ("CartItemObjectData", "quantity"): ["integer"],
    ("CustomItemObjectData", "quantity"): ["integer"],
    ("CustomItemObjectData", "price.amount"): ["integer"],
    ("UpdateCartsItems", "data.quantity"): ["integer"],
    ("Data.ManualPayment", "amount"): ["integer"],
    ("OrderItemResponse", "discounts[].amount.amount"): ["integer"],
    ("OrderItemResponse", "meta.display_price.discounts.*.amount"): ["integer"],
}
"""Properties whose type differs, and ours."""

IGNORED = {
    # bundles and shipping groups of a new item: the sandbox does not read them
    ("CartItemObjectData", "bundle_configuration"),
    ("CartItemObjectData", "shipping_group_id"),
    ("CustomItemObjectData", "shipping_group_id"),
}
"""Properties of a request that the sandbox ignores, with all below them."""

OPEN = {("Response.ErrorResponse", "errors[].meta")}
"""Objects that may hold anything: the examples say which error has which field."""

ENVELOPES = [
    ("AccountTokenCollection", "data[]", "AccountToken"),
    ("AccountTokenCollection", "meta", "PageMeta"),
    ("AccountTokenCollection", "meta", "AccountMemberMeta"),
    ("AccountTokenCollection", "links", "PageLinks"),
    ("AccountCollection", "data[]", "Account"),
    ("AccountCollection", "meta", "PageMeta"),
    ("AccountCollection", "links", "PageLinks"),
    ("AccountEntity", "data", "Account"),
    ("AccountMemberCollection", "data[]", "AccountMember"),
    ("AccountMemberCollection", "meta", "PageMeta"),
    ("AccountMemberEntity", "data", "AccountMember"),
    ("AccountMembershipCollection", "data[]", "AccountMembership"),
    ("AccountMembershipCollection", "meta", "PageMeta"),
    ("AccountMembershipEntity", "data", "AccountMembership"),
    ("CartCollection", "data[]", "Cart"),
    ("CartCollection", "meta", "PageMeta"),
    ("CartCollection", "links", "PageLinks"),
    ("CartEntity", "data", "Cart"),
    ("CartEntity", "included.items[]", "CartItem"),
    ("CartItemCollection", "data[]", "CartItem"),
    ("OrderEntity", "data", "Order"),
    ("OrderEntity", "included.items[]", "OrderItem"),
    ("OrderCollection", "data[]", "Order"),
    ("OrderCollection", "meta", "PageMeta"),
    ("OrderCollection", "links", "PageLinks"),
    ("OrderCollection", "included.items[]", "OrderItem"),
    ("OrderItemCollection", "data[]", "OrderItem"),
    ("TransactionEntity", "data", "Transaction"),
    ("PaymentRequest", "data", "Payment"),
]
"""The responses and the request that hold a schema of `OURS`, and where."""

PROPERTIES = [
    (schema, path, types)
    for schema, properties in FACTS["schemas"].items()
    for path, types in properties.items()
    if not any(schema == name and path.startswith(f"{at}.") for name, at in OPEN)
    and not any(schema == name and f"{path}.".startswith(f"{at}.") for name, at in IGNORED)
]


def types_of(name: str) -> dict[str, list[str]]:
    """Return the types of all properties of a schema of ours."""
    return property_types({"$ref": f"#/components/schemas/{name}"}, openapi_doc.document())


def test_every_published_operation_has_facts() -> None:
    served = {(o["path"], o["method"].lower()) for o in openapi_doc.operations().values()}
    published = {(fact["path"], fact["method"]) for fact in FACTS["operations"]}
    of_the_files = {
        (o["path"], o["method"].lower())
        for o in openapi_doc.operations().values()
        if o["x-provenance"] in ("page", "spec")
    }
    assert published <= served
    assert of_the_files <= published, "run extract.py, or correct x-provenance in openapi.yaml"


@pytest.mark.parametrize("fact", FACTS["operations"], ids=lambda fact: fact["operationId"])
def test_an_operation_has_its_published_id_and_success_codes(fact: Any) -> None:
    ours = openapi_doc.document()["paths"][fact["path"]][fact["method"]]
    assert ours["operationId"] == OPERATION_IDS.get(fact["operationId"], fact["operationId"])
    assert sorted(status for status in ours["responses"] if status < "300") == fact["success"]


def test_every_published_schema_has_facts() -> None:
    assert set(FACTS["schemas"]) == set(OURS)
    assert all(FACTS["schemas"].values())


@pytest.mark.parametrize(
    ("schema", "path", "types"), PROPERTIES, ids=[f"{name}-{path}" for name, path, _ in PROPERTIES]
)
def test_a_published_property_has_its_type(schema: str, path: str, types: list[str]) -> None:
    assert types_of(OURS[schema]).get(path) == TYPES.get((schema, path), types)


@pytest.mark.parametrize(("schema", "path"), TYPES)
def test_a_noted_difference_is_one(schema: str, path: str) -> None:
    assert FACTS["schemas"][schema][path] != TYPES[schema, path]


@pytest.mark.parametrize(("schema", "path"), OPEN)
def test_an_open_object_takes_any_property(schema: str, path: str) -> None:
    assert any(name.startswith(f"{path}.") for name in FACTS["schemas"][schema])
    errors = openapi_doc.document()["components"]["schemas"][OURS[schema]]["properties"]["errors"]
    assert errors["items"]["properties"]["meta"]["additionalProperties"] is True


def test_every_published_response_has_a_schema_that_facts_are_compared_with() -> None:
    """What a response holds is listed in `ENVELOPES`; the names of facts are in `OURS`."""
    response_schemas = {
        response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for fact in FACTS["operations"]
        for status, response in openapi_doc.document()["paths"][fact["path"]][fact["method"]][
            "responses"
        ].items()
        if status < "300" and "content" in response
    }
    assert response_schemas <= {*OURS.values(), *(envelope for envelope, _, _ in ENVELOPES)}


@pytest.mark.parametrize(("envelope", "at", "schema"), ENVELOPES)
def test_an_envelope_holds_its_entities(envelope: str, at: str, schema: str) -> None:
    inside = types_of(envelope)
    for path, types in types_of(schema).items():
        assert inside.get(f"{at}.{path}") == types
