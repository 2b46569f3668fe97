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

UNPUBLISHED = {
    ("/v2/settings/cart", "get"),
    ("/v2/settings/cart", "put"),
    ("/v2/currencies", "get"),
    ("/catalog/hierarchies", "get"),
    ("/catalog/products", "get"),
    ("/catalog/products/{productID}", "get"),
    ("/v2/customers/tokens", "post"),
    ("/v2/authentication-realms/{realmId}/password-profiles", "get"),
    (
        "/v2/authentication-realms/{realmId}/password-profiles/{passwordProfileId}"
        "/one-time-password-token-request",
        "post",
    ),
}
"""Operations that clients use and these files omit."""

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


def test_every_operation_is_a_published_one_but_those_of_the_cart_settings() -> None:
    ours = {(o["path"], o["method"].lower()) for o in openapi_doc.operations().values()}
    published = {(fact["path"], fact["method"]) for fact in FACTS["operations"]}
    assert ours == published | UNPUBLISHED


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


def test_every_response_has_the_schema_that_the_facts_are_compared_with() -> None:
    """The facts are listed by schema: this lists the schema of each operation's response."""
    response_schemas = {
        name: response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for name, operation in openapi_doc.operations().items()
        for status, response in operation["responses"].items()
        if status < "300" and "content" in response
    }
    assert response_schemas == {
        "createAnAccessToken": "BearerToken",
        "post-v2-account-members-tokens": "AccountTokenCollection",
        "get-v2-accounts": "AccountCollection",
        "get-v2-accounts-accountID": "AccountEntity",
        "get-v2-settings-account-authentication": "AccountAuthenticationSettings",
        "get-v2-settings-cart": "CartSettings",
        "put-v2-settings-cart": "CartSettings",
        "getCarts": "CartCollection",
        "createACart": "CartEntity",
        "getACart": "CartEntity",
        "updateACart": "CartEntity",
        "createAccountCartAssociation": "AccountAssociations",
        "getCartItems": "CartItemCollection",
        "manageCarts": "CartItemCollection",
        "bulkUpdateItemsInCart": "CartItemCollection",
        "updateACartItem": "CartItemCollection",
        "deleteACartItem": "CartItemCollection",
        "getAllCurrencies": "CurrencyCollection",
        "getByContextAllHierarchies": "HierarchyCollection",
        "getByContextAllProducts": "ProductCollection",
        "getByContextProduct": "ProductEntity",
        "checkoutAPI": "OrderEntity",
        "getCustomerOrders": "OrderCollection",
        "getAnOrder": "OrderEntity",
        "getOrderItems": "OrderItemCollection",
        "paymentSetup": "TransactionEntity",
        "createCustomerCartAssociation": "CustomerAssociations",
        "createACustomerToken": "CustomerTokenEntity",
        "getAllPasswordProfiles": "PasswordProfileCollection",
        "post-v2-accounts": "AccountEntity",
        "put-v2-accounts-accountID": "AccountEntity",
        "get-v2-account-members": "AccountMemberCollection",
        "get-v2-account-members-accountMemberID": "AccountMemberEntity",
        "put-v2-account-members-accountMemberID": "AccountMemberEntity",
        **{
            f"{method}-v2-accounts-accountID-account-memberships{end}": f"AccountMembership{shape}"
            for method, end, shape in (
                ("get", "", "Collection"),
                ("post", "", "Entity"),
                ("get", "-membershipID", "Entity"),
                ("put", "-membershipID", "Entity"),
            )
        },
        "get-v2-accounts-accountID-account-memberships-unassigned-account-members": (
            "AccountMemberCollection"
        ),
        "get-v2-account-members-accountMemberId-account-memberships": "AccountMembershipCollection",
    }


@pytest.mark.parametrize(
    ("envelope", "at", "schema"),
    [
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
    ],
)
def test_an_envelope_holds_its_entities(envelope: str, at: str, schema: str) -> None:
    inside = types_of(envelope)
    for path, types in types_of(schema).items():
        assert inside.get(f"{at}.{path}") == types
