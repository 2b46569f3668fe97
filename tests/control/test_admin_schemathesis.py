"""The admin API keeps the contract that it serves: schemathesis, all phases and checks.

`schemathesis.toml` beside this file says which check is off for which operation, and why.
"""

from pathlib import Path

from tests.control import admin
from tests.schemathesis_run import keeps_its_contract

CONFIG = Path(__file__).with_name("schemathesis.toml")
TOKEN = "admin-token"


def test_admin_api_keeps_its_contract(tmp_path: Path) -> None:
    but_the_document_itself = len(admin.operations()) - 1
    caller = {"Authorization": f"Bearer {TOKEN}"}
    options = ("--admin-token", TOKEN, "--faults")
    keeps_its_contract(
        CONFIG, "/__admin/openapi.yaml", but_the_document_itself, caller, tmp_path, *options
    )
