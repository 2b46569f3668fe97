"""The contract and the built-in world, loaded once in each process of the tests."""

from mockserver import fixtures
from mockserver.config import BUILT_IN
from mockserver.contract import Contract
from mockserver.resources import resource

CONTRACT = Contract.load(resource("openapi.yaml"))
BUILT_IN_WORLD = fixtures.load((BUILT_IN,), CONTRACT)
