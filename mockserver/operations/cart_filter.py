r"""The filter grammar of the cart list (contract.md §4), in the order in which it binds:

expression = all { "|" all }
all        = term { ":" term }
term       = "contains(account_ids," value ")" | "ilike(name," value ")"
value      = '"' any text, with \" for a quote '"' | text without , ) : | and quotes
"""

import re
from collections.abc import Callable

from mockserver.errors import ApiError
from mockserver.world import Cart

Test = Callable[[Cart], bool]

MOST_TERMS = 50
_TERM = re.compile(r"\s*(\w+)\s*\(\s*(\w+)\s*,\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\",():|]*))\s*\)\s*")


def parse(expression: str) -> Test:
    """Return the test that a filter expression stands for. Raises ApiError `invalid-filter`,
    whose detail gives the position, from 1, and what was expected there."""
    either: list[list[Test]] = [[]]
    at = 0
    while True:
        match = _TERM.match(expression, at)
        if match is None:
            raise _invalid(at, "expected contains(…) or ilike(…)")
        either[-1].append(_term(match))
        at = match.end()
        if at == len(expression):
            break
        if expression[at] not in ":|":
            raise _invalid(at, "expected : (and), | (or) or the end")
        if expression[at] == "|":
            either.append([])
        at += 1
        if sum(map(len, either)) >= MOST_TERMS:
            raise _invalid(at, f"at most {MOST_TERMS} conditions")
    return lambda cart: any(all(test(cart) for test in both) for both in either)


def _term(match: re.Match[str]) -> Test:
    operator, field, quoted, bare = match.groups()
    value = bare.strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    if (operator, field) == ("contains", "account_ids"):
        return lambda cart: value in cart.account_ids
    if (operator, field) == ("ilike", "name"):
        pattern = re.compile(
            ".*".join(re.escape(part) for part in re.split(r"\*+", value)), re.I | re.S
        )
        return lambda cart: pattern.fullmatch(cart.name) is not None
    if operator in ("contains", "ilike"):
        expected = "account_ids" if operator == "contains" else "name"
        raise _invalid(match.start(2), f"expected {expected}, the field that {operator} takes")
    raise _invalid(match.start(1), "expected contains(…) or ilike(…)")


def _invalid(at: int, reason: str) -> ApiError:
    return ApiError("invalid-filter", reason=f"position {at + 1}: {reason}")
