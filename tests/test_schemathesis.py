"""The schemathesis suite against a running server: all phases, all checks, no failure.

`schemathesis.toml` says which check is off for which operation, and why.
"""

from pathlib import Path

import pytest

from tests.documented import operations
from tests.documents import ROOT
from tests.schemathesis_run import keeps_its_contract
from tests.seeds import ADMIN, acting_as

CONFIG = ROOT / "schemathesis.toml"


@pytest.mark.parametrize(
    "caller", [ADMIN, acting_as(1)], ids=["as administrator", "as a shopper's account"]
)
def test_server_keeps_its_contract(caller: dict[str, str], tmp_path: Path) -> None:
    keeps_its_contract(CONFIG, "/openapi.yaml", len(operations()), caller, tmp_path)
