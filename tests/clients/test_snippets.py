"""The TypeScript of the README compiles strictly, however the app that takes it is built."""

from pathlib import Path

import pytest

from tests.support.markdown import Block, blocks
from tests.support.node import compile_typescript, installed

CLIENTS = Path(__file__).parent
SNIPPETS = [block for block in blocks("README.md") if block.language == "ts"]
MODULES = {
    "node": ("--module", "nodenext"),
    "bundler": ("--module", "esnext", "--moduleResolution", "bundler"),
}


def test_there_is_one_for_each_official_sdk() -> None:
    packages = ("@elasticpath/js-sdk", "@epcc-sdk/sdks-shopper")
    for package, snippet in zip(packages, SNIPPETS, strict=True):
        assert f'from "{package}"' in snippet.text


@pytest.mark.parametrize("modules", MODULES)
@pytest.mark.parametrize("snippet", SNIPPETS, ids=str)
def test_snippet_compiles(snippet: Block, modules: str, tmp_path: Path) -> None:
    installed(CLIENTS)
    (tmp_path / "node_modules").symlink_to(CLIENTS / "node_modules")
    source = tmp_path / "snippet.mts"
    source.write_text(snippet.text, "utf-8")
    compile_typescript(source, "--noEmit", *MODULES[modules])
