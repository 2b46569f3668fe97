"""The contract and the built-in data, loaded once in each process of the tests."""

from mockserver.core.config import BUILT_IN, resource
from mockserver.fixtures.load import load_fixtures
from mockserver.openapi.contract import Contract

CONTRACT = Contract.load(resource("openapi.yaml"))
BUILT_IN_STATE = load_fixtures((BUILT_IN,), CONTRACT)
