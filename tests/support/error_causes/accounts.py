"""Causes of the errors of accounts, account members and memberships."""

from tests.support import openapi_doc
from tests.support.built_in_data import (
    ACCOUNT_1,
    MEMBER_ADA,
    MEMBER_GRACE,
    MEMBERSHIP_GRACE,
    SHOPPER,
    acting_as,
)
from tests.support.error_causes.common import NO_SUCH_ACCOUNT, Cause, Causes
from tests.support.sample_requests import (
    GOOD,
    RENAMED,
    RESTRICTED,
    RESTRICTED_STATE,
    belonging,
)

_account = GOOD["post-v2-accounts"]
_registered = {"data": {**RENAMED["data"], "registration_id": "reg-1"}}
_membership = GOOD["post-v2-accounts-accountID-account-memberships"]
_of_membership = "-v2-accounts-accountID-account-memberships-membershipID"
_ada = f"/v2/accounts/{ACCOUNT_1}"

CAUSES: Causes = {
    ("get-v2-accounts", "forbidden"): [
        GOOD["get-v2-accounts"].evolve(headers=SHOPPER),
        Cause(GOOD["get-v2-accounts"].evolve(headers=RESTRICTED), fixtures=(RESTRICTED_STATE,)),
    ],
    ("get-v2-accounts-accountID", "schema-violation"): [
        GOOD["get-v2-accounts-accountID"].evolve(path="/v2/accounts/ada")
    ],
    ("get-v2-accounts-accountID", "forbidden"): [
        GOOD["get-v2-accounts-accountID"].evolve(headers=SHOPPER),
        GOOD["get-v2-accounts-accountID"].evolve(headers=acting_as(2)),
    ],
    ("get-v2-accounts", "invalid-filter"): [
        GOOD["get-v2-accounts"].evolve(query={"filter": "anything"})
    ],
    **{
        (operation, "schema-violation"): [GOOD[operation].evolve(body={})]
        for operation in GOOD
        if operation.startswith(("post-v2-accounts", "put-v2-account"))
    },
    **{
        (operation, "schema-violation"): [GOOD[operation].evolve(path=path)]
        for operation, path in (
            ("delete-v2-accounts-accountID", "/v2/accounts/ada"),
            (f"get{_of_membership}", f"/v2/accounts/ada/account-memberships/{MEMBERSHIP_GRACE}"),
            (f"delete{_of_membership}", f"/v2/accounts/ada/account-memberships/{MEMBERSHIP_GRACE}"),
            ("get-v2-account-members-accountMemberID", "/v2/account-members/ada"),
        )
    },
    **{
        (operation, "account-not-found"): [
            GOOD[operation].evolve(path=GOOD[operation].path.replace(ACCOUNT_1, NO_SUCH_ACCOUNT))
        ]
        for operation in GOOD
        if "/{accountID}" in openapi_doc.operations()[operation]["path"]
    },
    ("post-v2-accounts", "account-not-found"): [
        _account.evolve(body={"data": {**RENAMED["data"], "parent_id": NO_SUCH_ACCOUNT}})
    ],
    **{
        (operation, "account-name-empty"): [
            GOOD[operation].evolve(body={"data": {"type": "account", "name": ""}})
        ]
        for operation in ("post-v2-accounts", "put-v2-accounts-accountID")
    },
    **{
        (operation, "registration-id-taken"): [
            Cause(
                GOOD[operation].evolve(body=_registered),
                before=[_account.evolve(body=_registered)],
            )
        ]
        for operation in ("post-v2-accounts", "put-v2-accounts-accountID")
    },
    **{
        (operation, "account-member-not-found"): [
            GOOD[operation].evolve(path=GOOD[operation].path.replace(MEMBER_ADA, ACCOUNT_1))
        ]
        for operation in GOOD
        if "{accountMember" in openapi_doc.operations()[operation]["path"]
    },
    **{
        (f"{method}{_of_membership}", "account-membership-not-found"): [
            GOOD[f"{method}{_of_membership}"].evolve(
                path=f"{_ada}/account-memberships/{membership}"
            )
            for membership in (MEMBERSHIP_GRACE, NO_SUCH_ACCOUNT)
        ]
        for method in ("get", "put", "delete")
    },
    (f"put{_of_membership}", "cannot-change-account-member"): [
        GOOD[f"put{_of_membership}"].evolve(body=belonging(MEMBER_GRACE))
    ],
    ("post-v2-accounts-accountID-account-memberships", "account-membership-exists"): [
        _membership.evolve(body=belonging(MEMBER_ADA)),
        Cause(_membership, before=[_membership]),
    ],
    ("post-v2-accounts-accountID-account-memberships", "account-member-not-found"): [
        _membership.evolve(body=belonging(ACCOUNT_1))
    ],
}
