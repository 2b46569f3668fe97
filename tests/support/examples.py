"""How many examples the property tests run."""

from hypothesis import settings


def examples(count: int) -> int:
    """Return `count` with `--hypothesis-profile=full` (`make test-all`), else a fifth of it."""
    return count if settings.get_current_profile_name() == "full" else max(count // 5, 10)
