"""The server keeps the contract it serves: schemathesis, all phases and checks, 0 failures.

`schemathesis.toml` says which check is off for which operation, and why.
"""

from pathlib import Path

import pytest

from tests.support.access import ACCESS
from tests.support.built_in_data import ADMIN, acting_as
from tests.support.markdown import ROOT
from tests.support.openapi_doc import operations
from tests.support.schemathesis_run import keeps_its_contract

CONFIG = ROOT / "schemathesis.toml"
NAMES = {f"{spec['method']} {spec['path']}" for spec in operations().values()}


REFUSED = {
    f"{operations()[name]['method']} {operations()[name]['path']}"
    for name, outcomes in ACCESS.items()
    if isinstance(outcomes["account"], str)
}
"""Operations that respond with nothing but an error to an account."""


@pytest.mark.long
@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        pytest.param(ADMIN, set(), id="as administrator"),
        pytest.param(acting_as(1), REFUSED, id="as a shopper's account", marks=pytest.mark.nightly),
    ],
)
def test_server_keeps_its_contract(
    headers: dict[str, str], refused: set[str], tmp_path: Path
) -> None:
    keeps_its_contract(
        CONFIG, "/openapi.yaml", headers, tmp_path, operations=NAMES, refused=refused
    )
