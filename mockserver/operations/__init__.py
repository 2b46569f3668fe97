"""The operations of the contract: one function an operationId, and this table of them all."""

from collections.abc import Callable, Mapping
from functools import partial

from mockserver.operations import (
    accounts,
    associations,
    carts,
    customers,
    members,
    memberships,
    realms,
    settings,
    tokens,
)
from mockserver.operations.call import Call, Reply
from mockserver.world import ACCOUNT, CUSTOMER

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
    "createAccountCartAssociation": partial(associations.associate, ACCOUNT),
    "deleteAccountCartAssociation": partial(associations.disassociate, ACCOUNT),
    "createCustomerCartAssociation": partial(associations.associate, CUSTOMER),
    "deleteCustomerCartAssociation": partial(associations.disassociate, CUSTOMER),
    "post-v2-accounts": accounts.create,
    "put-v2-accounts-accountID": accounts.update,
    "delete-v2-accounts-accountID": accounts.delete,
    "get-v2-account-members": members.list_members,
    "get-v2-account-members-accountMemberID": members.get,
    "put-v2-account-members-accountMemberID": members.update,
    "get-v2-accounts-accountID-account-memberships": memberships.list_of_account,
    "post-v2-accounts-accountID-account-memberships": memberships.create,
    "get-v2-accounts-accountID-account-memberships-unassigned-account-members": (
        memberships.list_unassigned
    ),
    "get-v2-accounts-accountID-account-memberships-membershipID": memberships.get,
    "put-v2-accounts-accountID-account-memberships-membershipID": memberships.update,
    "delete-v2-accounts-accountID-account-memberships-membershipID": memberships.delete,
    "get-v2-account-members-accountMemberId-account-memberships": memberships.list_of_member,
    "getAllPasswordProfiles": realms.list_password_profiles,
    "createOneTimePasswordTokenRequest": realms.request_one_time_password,
    "createACustomerToken": customers.sign_in,
}
