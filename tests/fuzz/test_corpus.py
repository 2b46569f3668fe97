"""Runs every input of the corpus through its target, as regression tests of the fuzzing."""

from pathlib import Path

import pytest

from tests.fuzz import targets
from tests.fuzz.__main__ import CORPUS, MAX_BYTES, MAX_FILES

FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_target_holds_for_the_corpus(file: Path) -> None:
    targets.run(file.parent.name, file.read_bytes())


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_corpus_stays_small(name: str) -> None:
    sizes = [path.stat().st_size for path in FILES if path.parent.name == name]
    assert 10 <= len(sizes) <= MAX_FILES
    assert max(sizes) <= MAX_BYTES


def test_every_folder_of_the_corpus_is_a_target() -> None:
    assert {path.parent.name for path in FILES} == targets.TARGETS.keys()
    assert sum(path.stat().st_size for path in FILES) <= 1_500_000
