"""Markdown documents whose examples are executed: blocks, and the comment that says how."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"(?:^<!-- (?P<how>[^>]+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """One fenced block. `how` is what the comment before it says; `output` what is expected."""

    document: str
    line: int
    how: str
    language: str
    text: str
    output: str | None = None

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks(document: str) -> list[Block]:
    """Return the blocks of a document, each with the output that follows it."""
    text = (ROOT / document).read_text("utf-8")
    found: list[Block] = []
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match["how"] == "output":
            found[-1] = Block(**{**vars(found[-1]), "output": match["text"]})
        else:
            how = match["how"] or "nothing says how this block is run"
            found.append(Block(document, line, how, match["language"], match["text"]))
    return found


def table(document: str, name: str) -> list[list[str]]:
    """Return the rows of the table that a comment names, without its head and without backticks."""
    text = (ROOT / document).read_text("utf-8")
    start = text.index(f"table: {name} -->")
    lines = text[start:].split("\n\n")[0].splitlines()[3:]
    return [[cell.strip().replace("`", "") for cell in line.split("|")[1:-1]] for line in lines]


def same(expected: str, got: str) -> bool:
    """Whether an output is as expected, where an ellipsis stands for any text."""
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, got.strip(), re.S) is not None
