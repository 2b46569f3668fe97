"""The schemathesis suite against a running server's admin API: all phases, all checks, no failure.

`schemathesis.toml` beside this file says which check is off for which operation, and why.
"""

from pathlib import Path

from mockserver.control import document
from tests.schemathesis_run import keeps_its_contract

CONFIG = Path(__file__).with_name("schemathesis.toml")
TOKEN = "admin-token"


def test_admin_api_keeps_its_contract(tmp_path: Path) -> None:
    paths = document.document()["paths"].values()
    operations = sum(len(item.keys() - {"parameters"}) for item in paths)
    caller = {"Authorization": f"Bearer {TOKEN}"}
    options = ("--admin-token", TOKEN, "--faults")
    keeps_its_contract(CONFIG, "/__admin/openapi.yaml", operations, caller, tmp_path, *options)
