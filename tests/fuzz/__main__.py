"""`python -m tests.fuzz TARGET --seconds N`: coverage-guided fuzzing of one target, or of all.

Starts from the corpus. A crash is written to `crashes/`, what reached something new to `found/`;
`--keep` takes of that into the corpus what the corpus does not reach yet, as small as it gets.
"""

import argparse
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
CORPUS, CRASHES, FOUND, WORDS = (HERE / name for name in ("corpus", "crashes", "found", "words"))
NAMES = sorted(each.name for each in CORPUS.iterdir())
MAX_BYTES, MAX_FILES = 4096, 200
SECONDS_EACH, MEGABYTES = 200, 2048
SAMPLED = 10


def main() -> int:
    """Run what the command line asks for; return 1 when something was found to break."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=[*NAMES, "all"])
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--keep", action="store_true", help="take what was found into the corpus")
    parser.add_argument("--inside", choices=["fuzz", "merge"], help=argparse.SUPPRESS)
    given, again = parser.parse_known_args()
    if given.inside:
        _fuzz(given.target, given.seconds, given.inside == "merge", again)
    if again:
        parser.error(f"unknown: {' '.join(again)}")
    failed = [
        name
        for name in (NAMES if given.target == "all" else [given.target])
        if _apart(name, "fuzz", given.seconds) or (given.keep and _keep(name))
    ]
    if failed:
        print(f"Something broke: {', '.join(failed)}; see {CRASHES.relative_to(Path.cwd())}/")
    return int(bool(failed))


def _apart(name: str, what: str, seconds: int) -> int:
    """Run one target in a process of its own: libFuzzer ends the process that it runs in."""
    command = [sys.executable, "-m", "tests.fuzz", name, "--inside", what]
    return subprocess.run([*command, "--seconds", str(seconds)], check=False).returncode


def _fuzz(name: str, seconds: int, merge: bool, again: list[str]) -> None:
    """Hand this process over to libFuzzer. `again` are its own flags, where it has started itself
    again: it merges in a process apart, and starts that by the first word of its command."""
    import atheris  # only where it is installed: the `fuzz` group of pyproject.toml

    with atheris.instrument_imports(include=["mockserver", "yaml", "fnmatch"]):
        from tests.fuzz.targets import Sampling, run

    Sampling.every = SAMPLED
    found = FOUND / name
    for folder in (CRASHES, found):
        folder.mkdir(parents=True, exist_ok=True)
    options = {
        "artifact_prefix": f"{CRASHES}/{name}-",
        "max_len": MAX_BYTES,
        "timeout": SECONDS_EACH,
        "rss_limit_mb": MEGABYTES,
        **({"merge": 1, "use_counters": 0} if merge else {"max_total_time": seconds}),
        "print_final_stats": 1,
        "verbosity": 1,
    }
    if (words := WORDS / name).exists():
        options["dict"] = words
    folders = [CORPUS / name, found] if merge else [found, CORPUS / name]
    flags = [f"-{option}={value}" for option, value in options.items()]

    def once(data: bytes) -> None:
        try:
            run(name, data)
        except BaseException:  # libFuzzer writes it, too, unless the process ends in another way
            (CRASHES / f"{name}-{sha256(data).hexdigest()[:16]}").write_bytes(data)
            raise

    program = FOUND / f"{name}.again"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m tests.fuzz {name} --inside merge "$@"\n'
    )
    program.chmod(0o755)
    atheris.Setup([str(program), *(again or [*flags, *map(str, folders)])], once)
    atheris.Fuzz()


def _keep(name: str) -> int:
    """Merge what was found into the corpus; the smallest files first, as many as there may be."""
    with TemporaryDirectory() as folder:
        before = {each.name for each in (CORPUS / name).iterdir()}
        failed = _apart(name, "merge", 0)
        new = [each for each in (CORPUS / name).iterdir() if each.name not in before]
        for each in sorted(new, key=lambda file: file.stat().st_size)[MAX_FILES - len(before) :]:
            shutil.move(each, folder)
    return failed


if __name__ == "__main__":
    sys.exit(main())
