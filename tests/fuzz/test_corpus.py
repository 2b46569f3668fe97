"""Every input of the corpus, once through its target: what broke it once breaks it no more."""

from pathlib import Path

import pytest

from tests.fuzz import targets
from tests.fuzz.__main__ import CORPUS, MAX_BYTES, MAX_FILES

FILES = sorted(each for each in CORPUS.glob("*/*") if each.is_file())


@pytest.mark.parametrize("file", FILES, ids=lambda each: f"{each.parent.name}/{each.name}")
def test_target_holds_for_the_corpus(file: Path) -> None:
    targets.run(file.parent.name, file.read_bytes())


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_corpus_stays_small(name: str) -> None:
    sizes = [each.stat().st_size for each in FILES if each.parent.name == name]
    assert 10 <= len(sizes) <= MAX_FILES
    assert max(sizes) <= MAX_BYTES


def test_every_folder_of_the_corpus_is_a_target() -> None:
    assert {each.parent.name for each in FILES} == targets.TARGETS.keys()
    assert sum(each.stat().st_size for each in FILES) <= 1_500_000
