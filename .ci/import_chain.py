"""Print the longest chain of module-level imports of the command line; fail if it is too long."""

import ast
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START = "mockserver.cli.main"
MAX_LENGTH = 13
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "mockserver").rglob("*.py")
}


def imported(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """Yield the package's modules that statements import when a module is loaded."""
    for statement in statements:
        match statement:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from imported(statement.orelse)
            case ast.If() | ast.Try():
                yield from imported([*statement.body, *statement.orelse])
            case ast.ImportFrom(module=str(module)):
                for alias in statement.names:
                    name = f"{module}.{alias.name}"
                    yield name if name in MODULES else module
            case ast.Import():
                yield from (alias.name for alias in statement.names)


@cache
def longest_chain(module: str) -> tuple[str, ...]:
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    names = sorted({*imported(tree.body)} & MODULES.keys() - {module})
    return module, *max(map(longest_chain, names), key=len, default=())


if __name__ == "__main__":
    chain = longest_chain(START)
    print(f"longest chain of imports: {len(chain)} modules, at most {MAX_LENGTH} allowed")
    print("\n".join(f"  {module}" for module in chain))
    sys.exit(len(chain) > MAX_LENGTH)
