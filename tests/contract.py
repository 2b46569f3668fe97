"""The contract, loaded once in each process of the tests: it never changes."""

from mockserver.contract import Contract
from mockserver.resources import resource

CONTRACT = Contract.load(resource("openapi.yaml"))
