"""Rules: failures that a test arms beforehand, for apps whose requests can't be changed.

A rule set belongs to a sandbox, whose lock guards it: so under any number of concurrent requests a
rule fires exactly as often as it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from mockserver.core.clock import SECOND, to_milliseconds_text
from mockserver.core.ids import Random, seeded_random

if TYPE_CHECKING:
    from mockserver.openapi.contract import Contract

MAX_DELAY_MS = 60_000
MAX_RULES = 1000


@dataclass(frozen=True, slots=True)
class MatchInput:
    """What a rule can match of a request; `operations` are the operation's id and its aliases."""

    operations: tuple[str, ...]
    method: str
    path: str
    account: str | None
    cart: str | None
    errors: frozenset[str]
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What the first rule that fires causes: an error by its id, a fault, a delay."""

    rule: str
    error: str | None = None
    fault: str | None = None
    delay_ms: float = 0
    slow_body: Mapping[str, Any] | None = None


def validate_rule(
    definition: Mapping[str, Any], contract: Contract, faults: bool
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the validation errors that a schema can't find: the path in the rule, and a message.

    `faults` says whether this server can break connections.
    """
    operation = contract.operation(definition["operation"]) if "operation" in definition else None
    if "operation" in definition and operation is None:
        known = ", ".join(sorted(contract.operation_ids))
        yield ("operation",), f'no operation "{definition["operation"]}"; known: {known}'
    error = definition["then"].get("error")
    error_ids = contract.error_ids() if operation is None else set(operation.errors)
    if error is not None and error not in error_ids:
        known = ", ".join(sorted(error_ids))
        yield ("then", "error"), f'no error "{error}" here; known: {known}'
    if "fault" in definition["then"] and not faults:
        yield ("then", "fault"), "needs the socket layer; start the server with --faults"
    delay = definition["then"].get("delay", {})
    if delay.get("min_ms", 0) > delay.get("max_ms", MAX_DELAY_MS):
        yield ("then", "delay", "min_ms"), "must not be more than max_ms"


@dataclass(slots=True)
class Rule:
    """One armed rule: its definition as JSON values, and how often it matched and fired."""

    id: str
    definition: Mapping[str, Any]
    expires_at: int | None
    matched: int = 0
    fired: int = 0

    def matches(self, request: MatchInput) -> bool:
        """Whether a request matches; never if its operation does not document the rule's error."""
        rule = self.definition
        error = rule["then"].get("error")
        return (
            rule.get("operation") in (None, *request.operations)
            and rule.get("method", request.method) == request.method
            and rule.get("account", request.account) == request.account
            and rule.get("customer", request.customer) == request.customer
            and rule.get("cart", request.cart) == request.cart
            and fnmatchcase(request.path, rule.get("path", "*"))
            and (error is None or error in request.errors)
        )

    def to_dict(self) -> dict[str, Any]:
        expires = None if self.expires_at is None else to_milliseconds_text(self.expires_at)
        counts = {"matched": self.matched, "fired": self.fired, "expires_at": expires}
        return {"id": self.id, **self.definition, **counts}


@dataclass(slots=True)
class RuleSet:
    """The rules of a sandbox, in the order in which they were armed; the first that fires wins.

    `issued` counts all rules that were ever armed, `draws` the random numbers that were drawn.
    """

    seed: int
    rules: list[Rule] = field(default_factory=list)
    issued: int = 0
    draws: int = 0

    def copy(self) -> RuleSet:
        return RuleSet(self.seed, [replace(rule) for rule in self.rules], self.issued, self.draws)

    def add(self, definition: Mapping[str, Any], now: int) -> Rule:
        """Arm a rule; its id is the next number."""
        self.issued += 1
        ttl = definition.get("ttl_s")
        rule = Rule(f"rule-{self.issued}", definition, None if ttl is None else now + ttl * SECOND)
        self.rules.append(rule)
        return rule

    def remove(self, rule_id: str | None) -> bool:
        """Disarm one rule, or all; returns whether there was one."""
        kept = [rule for rule in self.rules if rule_id not in (None, rule.id)]
        is_removed = len(kept) < len(self.rules)
        self.rules = kept
        return is_removed

    def decide(self, request: MatchInput, now: int) -> RuleOutcome | None:
        """Return the outcome of the first rule that fires for a request."""
        self.rules = [r for r in self.rules if r.expires_at is None or r.expires_at > now]
        for rule in self.rules:
            if rule.matches(request) and self._fires(rule):
                return self._outcome(rule)
        return None

    def _fires(self, rule: Rule) -> bool:
        rule.matched += 1
        limits = rule.definition
        if rule.matched <= limits.get("skip", 0):
            return False
        if "times" in limits and rule.fired >= limits["times"]:
            return False
        if "probability" in limits and self._random().random() >= limits["probability"]:
            return False
        rule.fired += 1
        return True

    def _outcome(self, rule: Rule) -> RuleOutcome:
        then = rule.definition["then"]
        delay_ms = then.get("delay_ms", 0)
        if distribution := then.get("delay"):
            delay_ms += self._draw_delay_ms(distribution)
        return RuleOutcome(
            rule.id,
            then.get("error"),
            then.get("fault"),
            min(delay_ms, MAX_DELAY_MS),
            then.get("slow_body"),
        )

    def _draw_delay_ms(self, delay: Mapping[str, Any]) -> float:
        if delay["distribution"] == "uniform":
            return self._random().uniform(delay["min_ms"], delay["max_ms"])
        return float(delay["median_ms"]) * self._random().lognormvariate(0, delay["sigma"])

    def _random(self) -> Random:
        """Return a random generator for one draw, seeded by the seed and the number of draws."""
        self.draws += 1
        return seeded_random(f"{self.seed}:{self.draws}")
