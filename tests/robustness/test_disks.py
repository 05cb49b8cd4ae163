"""A disk that is full, limited, read-only or slow, an output that nobody takes: one line says so, nothing reads AGREES.

`TWINRUN_DISKS=all` tries every case, else one or two of each kind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from command import ENVIRONMENT
from figures import leave
from invariants import MARKER
from watched import FIRST, LINEAR, SECOND, Ended, Watched

AGREES, MISTAKE, UNVERIFIED, UNFINISHED, INTERRUPTED = 0, 2, 4, 5, 130
ARMS = f"arms=[{FIRST},{SECOND}]"
SMALL = [
    LINEAR,
    ARMS,
    "training.batch_size=50",
    "training.epochs=1",
    "comparison.free_steps=5",
    "rungs=[schedule,model]",
]
# Of 1.2 million parameters: a plan of 10 MB, and final weights of as many for each arm.
LARGE = [ARMS, "training.max_steps=3", "comparison.free_steps=2", "comparison.forced_steps=1", "rungs=[schedule]"]
LIMIT_S = 180.0
EVERY = os.environ.get("TWINRUN_DISKS") == "all"
TALLY: dict[str, tuple[Ended, list[str]]] = {}


def some(*cases: Any, few: int = 1) -> list[Any]:
    """All of the cases where they are asked for, else the first of them."""
    return list(cases if EVERY else cases[:few])


@pytest.fixture(scope="module", autouse=True)
def figures() -> Iterator[None]:
    start = time.monotonic()
    yield
    codes = Counter(str(ended.code) for ended, _ in TALLY.values())
    kinds = Counter(breach for _, breaches in TALLY.values() for breach in breaches)
    leave("disks", trials=len(TALLY), seed="", seconds=time.monotonic() - start, exit_codes=codes, kinds=kinds)


@pytest.fixture
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of so many megabytes."""
    point = tmp_path / "disk"
    point.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}m", "tmpfs", str(point)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system may be mounted here; `ulimit -f` limits files in the tests below")
    yield point
    subprocess.run(["umount", "-l", str(point)], check=True)


def counted(name: str, watched: Watched, ended: Ended, possible: tuple[int, ...], *more: str) -> None:
    """Fails with all that did not hold, `more` beside the invariants, and has it in the figures."""
    breaches = [*watched.breaches(ended, possible), *more]
    TALLY[name] = ended, breaches
    assert not breaches, f"{breaches}\n{ended.out}\n{ended.err}"


def untold(ended: Ended, *names: object) -> list[str]:
    """There is one line for the user, which names the disk and the folder."""
    lines = len(ended.err.strip().splitlines())
    missing = [f"the message does not name {name}" for name in names if str(name) not in ended.err]
    return missing + ([f"{lines} lines of a message"] if lines != 1 else [])


def not_unfinished(watched: Watched, ended: Ended) -> list[str]:
    """Refused before anything was written, or unfinished in the folder too."""
    breaches = whole(watched)
    if ended.code == MISTAKE:
        return breaches + (["a mistake, and something was written"] if watched.out.exists() else [])
    return breaches + (
        [] if "unfinished" in (ended.out + ended.err).lower() else ["nothing says that it is unfinished"]
    )


def whole(watched: Watched) -> list[str]:
    return ["the run is complete"] if (watched.out / MARKER).exists() else []


@pytest.mark.parametrize(
    ("verb", "disk", "brief"), some(("match", 1, SMALL), ("check", 20, LARGE), ("check", 3, SMALL)), indirect=["disk"]
)
def test_a_full_disk(verb: str, disk: Path, brief: list[str], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if verb == "check" and brief is LARGE:
        brief = [*brief[:-1], "rungs=[model,step,trajectory]"]
    watched = Watched(tmp_path / "watched", disk / "run")
    ended = watched.run([verb, *brief, f"out={disk}/run"], LIMIT_S)
    names = [disk, disk / "run"] if ended.code == UNFINISHED else [disk]
    told = [*untold(ended, *names), *not_unfinished(watched, ended)]
    counted(request.node.name, watched, ended, (MISTAKE, UNFINISHED), *told)


@pytest.mark.parametrize("disk", [64], indirect=True)
@pytest.mark.parametrize(
    ("verb", "line"), some(("match", "first: epoch 2,"), ("check", "plan"), ("match", "rung schedule"))
)
def test_a_disk_that_another_fills(
    verb: str, line: str, disk: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """What was enough before the run began is not any more, from the time of that line of its output on."""
    watched = Watched(tmp_path / "watched", disk / "run")
    running = watched.start([verb, *SMALL, "training.epochs=20", f"out={disk}/run"])
    while running.process.poll() is None and not running.has(line):
        time.sleep(0.01)
    filled(disk / "another")
    ended = running.end(LIMIT_S)
    told = [*untold(ended, disk, disk / "run"), *not_unfinished(watched, ended)]
    counted(request.node.name, watched, ended, (UNFINISHED,), *told)


@pytest.mark.parametrize(
    ("verb", "blocks"), some(("check", 512), ("match", 16), ("match", 8192), ("match", 512), ("check", 16))
)
def test_a_limit_of_the_size_of_files(blocks: int, verb: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    brief = SMALL if blocks < 8192 else LARGE
    watched = Watched(tmp_path / "watched")
    ended = in_shell(watched, f"ulimit -f {blocks}; exec {{}}", [verb, *brief, "out=run"])
    told = [*untold(ended, watched.out), *not_unfinished(watched, ended)]
    counted(request.node.name, watched, ended, (MISTAKE, UNFINISHED), *told)


@pytest.mark.parametrize(
    ("verb", "shell"),
    some(
        ("check", "{} >/dev/full"),
        ("match", "{} | head -1"),
        *(("match", "{} >/dev/full"), ("check", "{} | head -1"), ("check", "{} | true"), ("match", "{} | true")),
        few=2,
    ),
)
def test_an_output_that_nobody_takes(shell: str, verb: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A run may end whole all the same, but that it could not tell is no success."""
    watched = Watched(tmp_path / "watched")
    ended = in_shell(watched, f"set -o pipefail; {shell}", [verb, *SMALL, "out=run"])
    # Where a pipe's reader has gone, a command ends without a word, as any does.
    told = [*untold(ended, watched.out), *not_unfinished(watched, ended)] if ended.err else whole(watched)
    counted(request.node.name, watched, ended, (UNFINISHED,), *told)


@pytest.mark.parametrize("disk", [20], indirect=True)
@pytest.mark.parametrize("key", some("out", "results_root"))
def test_a_read_only_disk(key: str, disk: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    watched = Watched(tmp_path / "watched", disk / "run")
    ended = watched.run(["match", *SMALL, f"{key}={disk / 'run'}"], LIMIT_S)
    told = [*untold(ended, disk), *not_unfinished(watched, ended)]
    counted(request.node.name, watched, ended, (MISTAKE,), *told)


@pytest.mark.parametrize("disk", [1], indirect=True)
def test_a_full_disk_below_the_temporary_files(disk: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Whatever is kept there, the run's own folder has all that a run needs."""
    with (disk / "full").open("wb") as file:
        file.write(bytes((1 << 20) - (16 << 10)))
    watched = Watched(tmp_path / "watched")
    watched.environment["TMPDIR"] = str(disk)
    ended = watched.run(["match", *SMALL, "out=run"], LIMIT_S)
    told = [] if (watched.out / MARKER).is_file() else ["the run is not complete"]
    counted(request.node.name, watched, ended, (AGREES, UNVERIFIED), *told)


# Run by every Python that starts, before anything else: each file takes so long to come to its place.
SLOW = """
import os, time
replace = os.replace
def slowly(*given, **named):
    time.sleep(0.2)
    replace(*given, **named)
os.replace = slowly
"""


@pytest.mark.nightly
@pytest.mark.parametrize(("verb", "signals"), some(("match", 0), ("match", 1), ("check", 2), ("match", 2), few=1))
def test_a_slow_disk(verb: str, signals: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """It only takes longer; and one who stops the command meanwhile finds every file whole."""
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "sitecustomize.py").write_text(SLOW)
    watched = Watched(tmp_path / "watched")
    watched.environment["PYTHONPATH"] = f"{slow}:{ENVIRONMENT['PYTHONPATH']}"
    running = watched.start([verb, *SMALL, "out=run"])
    while signals and running.process.poll() is None and not running.has("rung model"):
        time.sleep(0.01)
    for _ in range(signals):
        running.send(signal.SIGTERM)
        time.sleep(0.3)
    ended = running.end(LIMIT_S)
    complete = (watched.out / MARKER).is_file()
    told = (
        [] if complete == (not signals) else [f"{'complete' if complete else 'not complete'} after {signals} signals"]
    )
    counted(request.node.name, watched, ended, (INTERRUPTED,) if signals else (AGREES, UNVERIFIED), *told)


def filled(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))


def in_shell(watched: Watched, shell: str, arguments: list[str]) -> Ended:
    """The command in a line of bash, at `{}`."""
    command = " ".join(f"'{text}'" for text in [sys.executable, "-m", "harness", *arguments])
    begun = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", shell.format(command)],
        cwd=watched.work,
        env={**ENVIRONMENT, **watched.environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)
