"""The admin API keeps the contract that it serves: schemathesis, all phases and checks.

`schemathesis.toml` beside this file says which check is off for which operation, and why.
"""

from pathlib import Path

import pytest

from tests.control import admin
from tests.schemathesis_run import keeps_its_contract

CONFIG = Path(__file__).with_name("schemathesis.toml")
TOKEN = "admin-token"
DOCUMENT = "/__admin/openapi.yaml"
# Schemathesis leaves the operation that serves the document out, its configuration the stream.
LEFT_OUT = {f"GET {DOCUMENT}", "GET /__admin/requests/stream"}
NAMES = {f"{spec['method']} {spec['path']}" for spec in admin.operations().values()} - LEFT_OUT
# Their ids are made by the server: no request that stands alone can guess one.
UNGUESSABLE = {"GET /__admin/requests/{entry_id}", "DELETE /__admin/rules/{rule_id}"}


@pytest.mark.long
def test_admin_api_keeps_its_contract(tmp_path: Path) -> None:
    caller = {"Authorization": f"Bearer {TOKEN}"}
    options = ("--admin-token", TOKEN, "--faults")
    keeps_its_contract(
        CONFIG, DOCUMENT, caller, tmp_path, *options, operations=NAMES, refused=UNGUESSABLE
    )
