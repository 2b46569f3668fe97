"""The server keeps the contract it serves: schemathesis, all phases and checks, 0 failures.

`schemathesis.toml` says which check is off for which operation, and why.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.built_in_data import ADMIN, acting_as
from tests.support.markdown import ROOT
from tests.support.openapi_doc import operations
from tests.support.schemathesis_run import keeps_its_contract

CONFIG = ROOT / "schemathesis.toml"
NAMES = {f"{spec['method']} {spec['path']}" for spec in operations().values()}


@dataclass(frozen=True)
class Caller:
    """Who calls: the headers, and the operations that answer nothing but a refusal to them."""

    headers: dict[str, str]
    refused: frozenset[str] = frozenset()


ADMINISTRATOR = Caller(ADMIN)
MEMBERSHIPS = "/v2/accounts/{accountID}/account-memberships"
ACCOUNT = Caller(
    acting_as(1),
    frozenset(
        {
            "GET /v2/settings/cart",
            "PUT /v2/settings/cart",
            "POST /v2/accounts",
            "PUT /v2/accounts/{accountID}",
            "DELETE /v2/accounts/{accountID}",
            "PUT /v2/account-members/{accountMemberID}",
            f"POST {MEMBERSHIPS}",
            f"GET {MEMBERSHIPS}/unassigned-account-members",
            f"PUT {MEMBERSHIPS}/{{membershipID}}",
            f"DELETE {MEMBERSHIPS}/{{membershipID}}",
            "POST /v2/carts/{cartID}/relationships/customers",
            "DELETE /v2/carts/{cartID}/relationships/customers",
        }
    ),
)


@pytest.mark.long
@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(ADMINISTRATOR, id="as administrator"),
        pytest.param(ACCOUNT, id="as a shopper's account", marks=pytest.mark.nightly),
    ],
)
def test_server_keeps_its_contract(caller: Caller, tmp_path: Path) -> None:
    keeps_its_contract(
        CONFIG,
        "/openapi.yaml",
        caller.headers,
        tmp_path,
        operations=NAMES,
        refused=caller.refused,
    )
