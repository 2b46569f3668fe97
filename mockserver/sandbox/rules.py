"""Rules: failures that a test arms beforehand, for apps whose requests can't be changed.

A rulebook belongs to a sandbox, whose lock guards it: so under any number of concurrent calls a
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
    """What the first matching rule wants: an error's id, a fault, and how long it takes."""

    rule: str
    error: str | None = None
    fault: str | None = None
    delay_ms: float = 0
    slow_body: Mapping[str, Any] | None = None


def validate_rule(
    given: Mapping[str, Any], contract: Contract, faults: bool
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what a schema can't see in a rule: the path in it, and what to write instead.

    `faults` says whether this server can break connections.
    """
    operation = contract.operation(given["operation"]) if "operation" in given else None
    if "operation" in given and operation is None:
        known = ", ".join(sorted(contract.operation_ids))
        yield ("operation",), f'no operation "{given["operation"]}"; known: {known}'
    error = given["then"].get("error")
    possible = contract.error_ids() if operation is None else set(operation.errors)
    if error is not None and error not in possible:
        known = ", ".join(sorted(possible))
        yield ("then", "error"), f'no error "{error}" here; known: {known}'
    if "fault" in given["then"] and not faults:
        yield ("then", "fault"), "needs the socket layer; start the server with --faults"
    spread = given["then"].get("delay", {})
    if spread.get("min_ms", 0) > spread.get("max_ms", MAX_DELAY_MS):
        yield ("then", "delay", "min_ms"), "must not be more than max_ms"


@dataclass(slots=True)
class Rule:
    """One armed rule: as it was given, and how often it matched and fired."""

    id: str
    given: Mapping[str, Any]
    expires_at: int | None
    matched: int = 0
    fired: int = 0

    def matches(self, facts: MatchInput) -> bool:
        """Whether a request is meant. A rule for an undocumented error never is."""
        given = self.given
        error = given["then"].get("error")
        return (
            given.get("operation") in (None, *facts.operations)
            and given.get("method", facts.method) == facts.method
            and given.get("account", facts.account) == facts.account
            and given.get("customer", facts.customer) == facts.customer
            and given.get("cart", facts.cart) == facts.cart
            and fnmatchcase(facts.path, given.get("path", "*"))
            and (error is None or error in facts.errors)
        )

    def show(self) -> dict[str, Any]:
        """Return the rule as JSON values."""
        expires = None if self.expires_at is None else to_milliseconds_text(self.expires_at)
        counts = {"matched": self.matched, "fired": self.fired, "expires_at": expires}
        return {"id": self.id, **self.given, **counts}


@dataclass(slots=True)
class RuleSet:
    """The rules of a sandbox, in the order in which they were armed; the first that fires wins.

    `issued` counts the rules that there ever were, `draws` how often chance was asked.
    """

    seed: int
    rules: list[Rule] = field(default_factory=list)
    issued: int = 0
    draws: int = 0

    def copy(self) -> RuleSet:
        """Return an independent copy."""
        return RuleSet(self.seed, [replace(rule) for rule in self.rules], self.issued, self.draws)

    def add(self, given: Mapping[str, Any], now: int) -> Rule:
        """Arm a rule; its id is the next number."""
        self.issued += 1
        ttl = given.get("ttl_s")
        rule = Rule(f"rule-{self.issued}", given, None if ttl is None else now + ttl * SECOND)
        self.rules.append(rule)
        return rule

    def remove(self, rule_id: str | None) -> bool:
        """Disarm one rule, or all; returns whether there was one."""
        kept = [rule for rule in self.rules if rule_id not in (None, rule.id)]
        found = len(kept) < len(self.rules)
        self.rules = kept
        return found

    def decide(self, facts: MatchInput, now: int) -> RuleOutcome | None:
        """Return what the first rule that fires for a request wants."""
        self.rules = [r for r in self.rules if r.expires_at is None or r.expires_at > now]
        for rule in self.rules:
            if rule.matches(facts) and self._fires(rule):
                return self._decision(rule)
        return None

    def _fires(self, rule: Rule) -> bool:
        rule.matched += 1
        given = rule.given
        if rule.matched <= given.get("skip", 0) or rule.fired >= given.get("times", rule.fired + 1):
            return False
        if "probability" in given and self._random().random() >= given["probability"]:
            return False
        rule.fired += 1
        return True

    def _decision(self, rule: Rule) -> RuleOutcome:
        then = rule.given["then"]
        delay = then.get("delay_ms", 0)
        if spread := then.get("delay"):
            delay += self._delay(spread)
        return RuleOutcome(
            rule.id,
            then.get("error"),
            then.get("fault"),
            min(delay, MAX_DELAY_MS),
            then.get("slow_body"),
        )

    def _delay(self, spread: Mapping[str, Any]) -> float:
        if spread["distribution"] == "uniform":
            return self._random().uniform(spread["min_ms"], spread["max_ms"])
        return float(spread["median_ms"]) * self._random().lognormvariate(0, spread["sigma"])

    def _random(self) -> Random:
        """Return a random generator for one draw: the seed and the number of draws are its state."""
        self.draws += 1
        return seeded_random(f"{self.seed}:{self.draws}")
