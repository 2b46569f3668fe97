"""The operations of the contract: one function an operationId, and this table of them all."""

from collections.abc import Callable, Mapping

from mockserver.operations import accounts, associations, carts, catalog, items, settings, tokens
from mockserver.operations.call import Call, Reply

OPERATIONS: Mapping[str, Callable[[Call], Reply]] = {
    "createAnAccessToken": tokens.create_access_token,
    "post-v2-account-members-tokens": tokens.sign_in,
    "get-v2-accounts": accounts.list_accounts,
    "get-v2-accounts-accountID": accounts.get_account,
    "get-v2-settings-account-authentication": settings.get_account_authentication,
    "get-v2-settings-cart": settings.get_cart,
    "put-v2-settings-cart": settings.put_cart,
    "getCarts": carts.list_carts,
    "createACart": carts.create,
    "getACart": carts.get,
    "updateACart": carts.update,
    "deleteACart": carts.delete,
    "createAccountCartAssociation": associations.associate,
    "deleteAccountCartAssociation": associations.disassociate,
    "getCartItems": items.list_items,
    "manageCarts": items.add,
    "bulkUpdateItemsInCart": items.update_all,
    "deleteAllCartItems": items.delete_all,
    "updateACartItem": items.update,
    "deleteACartItem": items.delete,
    "deleteAPromotionViaPromotionCode": items.delete_promotion,
    "getAllCurrencies": catalog.list_currencies,
    "getByContextAllProducts": catalog.list_products,
    "getByContextProduct": catalog.get_product,
    "getByContextAllHierarchies": catalog.list_hierarchies,
}
