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
FIELDS = {"contains": "account_ids", "ilike": "name"}
"""The operators, and the field that each takes."""

# the parts of a term, and what was expected where one is missing
PARTS = tuple(
    (re.compile(pattern, re.S), expected)
    for pattern, expected in (
        (r"(?P<operator>contains|ilike)\b", "contains(…) or ilike(…)"),
        (r"\(", "("),
        (r"(?P<field>\w+)", "a field"),
        (r",", ","),
        (r'"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<bare>[^",():|]+)', 'a value, such as "*cart*"'),
        (r"\)", ")"),
    )
)
_SPACE = re.compile(r"\s*")


def parse(expression: str) -> Test:
    """Return the test that a filter expression stands for. Raises ApiError `invalid-filter`,
    whose detail gives the position, from 1, and what was expected there."""
    either: list[list[Test]] = [[]]
    at = 0
    while True:
        test, at = _term(expression, at)
        either[-1].append(test)
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


def _term(expression: str, start: int) -> tuple[Test, int]:
    """Return the test of the term that starts there, and where what follows it starts."""
    at = _behind_space(expression, start)
    found: dict[str, str] = {}
    for pattern, expected in PARTS:
        match = pattern.match(expression, at)
        if match is None:
            raise _invalid(at, f"expected {expected}")
        found |= {name: text for name, text in match.groupdict().items() if text is not None}
        operator = found["operator"]
        if match.groupdict().get("field", FIELDS[operator]) != FIELDS[operator]:
            raise _invalid(at, f"expected {FIELDS[operator]}, the field that {operator} takes")
        at = _behind_space(expression, match.end())
    value = (
        re.sub(r"(?s)\\(.)", r"\1", found["quoted"]) if "quoted" in found else found["bare"].strip()
    )
    return TESTS[operator](value), at


def _contains(account_id: str) -> Test:
    return lambda cart: account_id in cart.account_ids


def _ilike(wanted: str) -> Test:
    """Return whether a name is like a text in which a star stands for any text.

    The texts between stars are sought one after the other and never again (`(?>…)`), so that many
    stars take no more time than few.
    """
    first, *others = (re.escape(part) for part in re.split(r"\*+", wanted))
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    pattern = re.compile(first + middle + (".*" + others[-1] if others else ""), re.I | re.S)
    return lambda cart: pattern.fullmatch(cart.name) is not None


TESTS: dict[str, Callable[[str], Test]] = {"contains": _contains, "ilike": _ilike}


def _behind_space(expression: str, at: int) -> int:
    match = _SPACE.match(expression, at)
    return match.end() if match else at


def _invalid(at: int, reason: str) -> ApiError:
    return ApiError("invalid-filter", reason=f"position {at + 1}: {reason}")
