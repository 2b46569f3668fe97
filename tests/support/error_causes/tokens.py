"""Causes of the errors of tokens, of sign-in, and of authentication realms."""

from tests.support.built_in_data import (
    MEMBER_ADA,
)
from tests.support.error_causes.common import NO_SIGNUP_STATE, Cause, Causes
from tests.support.sample_requests import (
    CUSTOMER_SIGN_IN,
    FORM,
    GOOD,
    JSON,
    REALM,
    SIGN_IN,
    Request,
)

_sign_in = GOOD["post-v2-account-members-tokens"]


def _sign_in_with(request: Request, **changes: str) -> Request:
    return request.evolve(body={"data": {**SIGN_IN, **changes}})


_sign_up = _sign_in_with(
    _sign_in,
    authentication_mechanism="self_signup",
    username="new@example.com",
    name="New",
    email="new@example.com",
)
_oauth = GOOD["createAnAccessToken"]
_customer = GOOD["createACustomerToken"]

CAUSES: Causes = {
    ("createAnAccessToken", "bad-request"): [
        _oauth.evolve(body={"client_id": "storefront"}),
        _oauth.evolve(body={"grant_type": "password", "client_id": "storefront"}),
        _oauth.evolve(body={"grant_type": "implicit"}),
        _oauth.evolve(body=None, raw="grant_type=implicit", content_type=FORM),
        _oauth.evolve(body=None),
    ],
    ("createAnAccessToken", "malformed-json"): [  # what is not JSON at all is taken as a form
        _oauth.evolve(raw=raw, content_type=content_type)
        for raw in (b'{"grant_type": ', b"{'grant_type': 'implicit'}", b"[")
        for content_type in (JSON, FORM)
    ],
    ("createAnAccessToken", "wrong-credentials"): [
        _oauth.evolve(body={"grant_type": "implicit", "client_id": "nobody"}),
        _oauth.evolve(body={"grant_type": "implicit", "client_id": "backoffice"}),
        _oauth.evolve(body={"grant_type": "client_credentials", "client_id": "backoffice"}),
        _oauth.evolve(
            raw="grant_type=client_credentials&client_id=backoffice&client_secret=wrong",
            content_type=FORM,
        ),
    ],
    ("post-v2-account-members-tokens", "schema-violation"): [_sign_in.evolve(body={})],
    ("post-v2-account-members-tokens", "wrong-credentials"): [
        _sign_in_with(_sign_in, password="wrong"),
        _sign_in_with(_sign_in, username="nobody@example.com"),
        _sign_in_with(
            _sign_in, authentication_mechanism="passwordless", one_time_password_token="wrong"
        ),
        _sign_in_with(
            _sign_in,
            authentication_mechanism="oidc",
            oauth_authorization_code="wrong",
            oauth_redirect_uri="http://localhost",
            oauth_code_verifier="verifier",
        ),
    ],
    ("post-v2-account-members-tokens", "account-token-missing"): [
        _sign_in_with(_sign_in, authentication_mechanism="account_management_authentication_token")
    ],
    ("post-v2-account-members-tokens", "self-signup-disabled"): [
        Cause(_sign_up, fixtures=(NO_SIGNUP_STATE,))
    ],
    ("post-v2-account-members-tokens", "password-profile-not-found"): [
        _sign_in_with(_sign_in, password_profile_id=MEMBER_ADA),
        _sign_in_with(
            _sign_in,
            password_profile_id=MEMBER_ADA,
            authentication_mechanism="passwordless",
            one_time_password_token="ada-code",
        ),
    ],
    ("post-v2-account-members-tokens", "username-taken"): [
        Cause(_sign_up, before=[_sign_up]),
        _sign_up.evolve(body={"data": {**_sign_up.body["data"], "username": "ADA@example.com"}}),
    ],
    ("createOneTimePasswordTokenRequest", "schema-violation"): [
        GOOD["createOneTimePasswordTokenRequest"].evolve(body={})
    ],
    ("createOneTimePasswordTokenRequest", "password-profile-not-found"): [
        GOOD["createOneTimePasswordTokenRequest"].evolve(
            path=f"{REALM}/password-profiles/mine/one-time-password-token-request"
        )
    ],
    **{
        (operation, "authentication-realm-not-found"): [
            GOOD[operation].evolve(path=GOOD[operation].path.replace(REALM, f"{REALM[:-1]}9"))
        ]
        for operation in ("getAllPasswordProfiles", "createOneTimePasswordTokenRequest")
    },
    ("createACustomerToken", "schema-violation"): [
        _customer.evolve(body={"data": {"type": "token", "password": "alan-password"}})
    ],
    ("createACustomerToken", "wrong-credentials"): [
        _customer.evolve(body={"data": {**CUSTOMER_SIGN_IN, "password": "wrong"}}),
        _customer.evolve(body={"data": {**CUSTOMER_SIGN_IN, "email": "nobody@example.com"}}),
    ],
}
