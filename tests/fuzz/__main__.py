"""`python -m tests.fuzz TARGET --seconds N`: coverage-guided fuzzing of one target, or of all.

Starts from the corpus. Crashes are written to `crashes/`, inputs that reach new code to `found/`.
`--keep` adds to the corpus those inputs that reach code which the corpus does not reach yet.
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
NAMES = sorted(folder.name for folder in CORPUS.iterdir())
MAX_BYTES, MAX_FILES = 4096, 200
MAX_INPUT_S, MAX_MEGABYTES = 200, 2048
SAMPLE_EVERY = 10


def main() -> int:
    """Fuzz the targets of the command line; return 1 when one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=[*NAMES, "all"])
    parser.add_argument("--seconds", type=int, default=20, help="per target (20)")
    parser.add_argument("--keep", action="store_true", help="add new inputs to the corpus")
    parser.add_argument("--inside", choices=["fuzz", "merge"], help=argparse.SUPPRESS)
    options, libfuzzer_flags = parser.parse_known_args()
    if options.inside:
        _fuzz(options.target, options.seconds, options.inside == "merge", libfuzzer_flags)
    if libfuzzer_flags:
        parser.error(f"unknown: {' '.join(libfuzzer_flags)}")
    failed = [
        name
        for name in (NAMES if options.target == "all" else [options.target])
        if _run_in_subprocess(name, "fuzz", options.seconds) or (options.keep and _keep(name))
    ]
    if failed:
        print(f"failed: {', '.join(failed)}; see {CRASHES.relative_to(Path.cwd())}/")
    return int(bool(failed))


def _run_in_subprocess(name: str, mode: str, seconds: int) -> int:
    """Run a target in a subprocess: libFuzzer ends the process that it runs in."""
    command = [sys.executable, "-m", "tests.fuzz", name, "--inside", mode]
    return subprocess.run([*command, "--seconds", str(seconds)], check=False).returncode


def _fuzz(name: str, seconds: int, merge: bool, libfuzzer_flags: list[str]) -> None:
    """Hand this process over to libFuzzer. `libfuzzer_flags` are its own flags where it restarted
    itself: it merges in a separate process, and starts that by the first word of its command."""
    import atheris  # only where it is installed: the `fuzz` group of pyproject.toml

    with atheris.instrument_imports(include=["mockserver", "yaml", "fnmatch"]):
        from tests.fuzz.targets import Sampling, run

    Sampling.every = SAMPLE_EVERY
    new_inputs = FOUND / name
    for folder in (CRASHES, new_inputs):
        folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "artifact_prefix": f"{CRASHES}/{name}-",
        "max_len": MAX_BYTES,
        "timeout": MAX_INPUT_S,
        "rss_limit_mb": MAX_MEGABYTES,
        **({"merge": 1, "use_counters": 0} if merge else {"max_total_time": seconds}),
        "print_final_stats": 1,
        "verbosity": 1,
    }
    if (words := WORDS / name).exists():
        settings["dict"] = words
    folders = [CORPUS / name, new_inputs] if merge else [new_inputs, CORPUS / name]
    flags = [f"-{option}={value}" for option, value in settings.items()]

    def once(data: bytes) -> None:
        try:
            run(name, data)
        except BaseException:  # libFuzzer writes it, too, but not for every way to end
            (CRASHES / f"{name}-{sha256(data).hexdigest()[:16]}").write_bytes(data)
            raise

    program = FOUND / f"{name}.restart"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m tests.fuzz {name} --inside merge "$@"\n'
    )
    program.chmod(0o755)
    atheris.Setup([str(program), *(libfuzzer_flags or [*flags, *map(str, folders)])], once)
    atheris.Fuzz()


def _keep(name: str) -> int:
    """Merge new inputs into the corpus: the smallest ones, up to MAX_FILES in all."""
    with TemporaryDirectory() as folder:
        before = {path.name for path in (CORPUS / name).iterdir()}
        failed = _run_in_subprocess(name, "merge", 0)
        new = [path for path in (CORPUS / name).iterdir() if path.name not in before]
        for path in sorted(new, key=lambda path: path.stat().st_size)[MAX_FILES - len(before) :]:
            shutil.move(path, folder)
    return failed


if __name__ == "__main__":
    sys.exit(main())
