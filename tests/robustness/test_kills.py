"""However and whenever a process of a run is killed: nothing is left running, no row is lost, nothing reads AGREES.

`TWINRUN_KILLS=200` kills so many times, and `TWINRUN_RANDOM_SEED=N` at other moments.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random

import invariants
import numpy as np
import psutil
import pytest
from figures import leave
from invariants import MARKER
from kills import CODE, COMMANDS, PAIR, SIGNALS, TARGETS, Kill, drawn
from watched import ENDED_WITHIN_S, Ended, Running, Watched

from harness.records.exit_codes import CRASHED, INTERNAL, INTERRUPTED, MISTAKE
from harness.results.reading import read_run
from harness.scenarios.phases import WRITE_EVERY_S

COUNT = int(os.environ.get("TWINRUN_KILLS", "1"))
SEED = int(os.environ.get("TWINRUN_RANDOM_SEED", "0"))
LIMIT_S, BATCHES_S = 120.0, 4.0
LEAST_STRUCK = 1 / 2  # of the kills: the others come when the command, faster than usual, has ended
MANY = 20  # kills, of which so few may be struck by chance
BEGUN = "pydantic_core"  # a library that is loaded once the command has begun, and can be interrupted as any program
EPOCH = re.compile(r"^\s*(\w+): epoch (\d+),")


def prepared(folder: Path) -> Watched:
    watched = Watched(folder)
    (watched.work / "pair.yaml").write_text(PAIR)
    (watched.work / "code.py").write_text(CODE)
    watched.refresh()
    return watched


def begun(running: Running) -> None:
    maps = Path(f"/proc/{running.process.pid}/maps")
    end = time.monotonic() + LIMIT_S
    while running.process.poll() is None and BEGUN not in maps.read_text() and time.monotonic() < end:
        time.sleep(0.005)


@pytest.fixture(scope="module")
def usual_s(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, float]:
    """How long each command takes from where it has begun."""

    @cache
    def measured(command: str) -> float:
        running = prepared(tmp_path_factory.mktemp("usual") / command).start(COMMANDS[command])
        begun(running)
        start = time.monotonic()
        ended = running.end(LIMIT_S)
        assert ended.code not in (MISTAKE, INTERNAL), ended.out + ended.err
        # Of a pair the batches alone, which are drawn by then; what comes after is as in a check.
        return time.monotonic() - start if command != "pair" else BATCHES_S

    return {command: measured(command) for command in {drawn(SEED, number).command for number in range(COUNT)}}


def test_kills(usual_s: Mapping[str, float], tmp_path: Path) -> None:
    start, codes, kinds, told, hits = time.monotonic(), Counter[str](), Counter[str](), [], 0
    for number in range(COUNT):
        kill = drawn(SEED, number)
        ended, breaches, struck = killed(kill, usual_s[kill.command], tmp_path / str(number))
        hits += struck
        codes[str(ended.code)] += 1
        kinds.update(breaches)
        told += [f"{number}: {kill.name}: exit code {ended.code}: {breach}" for breach in breaches]
        shutil.rmtree(tmp_path / str(number))
    leave(
        "kills", trials=COUNT, seed=SEED, seconds=time.monotonic() - start, struck=hits, exit_codes=codes, kinds=kinds
    )
    print(f"\n{COUNT} kills of seed {SEED}: {hits} struck, exit codes {dict(codes)}")
    assert not told, f"seed {SEED}\n" + "\n".join(told)
    assert COUNT < MANY or hits > LEAST_STRUCK * COUNT


def killed(kill: Kill, usual_s: float, folder: Path) -> tuple[Ended, list[str], bool]:
    """How it ended, what did not hold, and whether it still ran when it was to be killed."""
    watched = prepared(folder)
    running = watched.start(COMMANDS[kill.command])
    begun(running)
    time.sleep(kill.at * usual_s)
    hit = time.monotonic()
    target = running.process if kill.target == "parent" else child_of(running)
    struck = target is not None and running.process.poll() is None
    if target is not None:
        send(target, kill.signal)
        if kill.again_s is not None:
            time.sleep(kill.again_s)
            running.send(kill.signal)
    ended = running.end(LIMIT_S)
    # SIGTERM ends a command that has not begun, or whose run is complete, as any program; Ctrl-C has its exit code.
    outside = not watched.out.exists() or (watched.out / MARKER).is_file()
    at_once = kill.signal == signal.SIGKILL or (kill.signal == signal.SIGTERM and outside)
    dead = kill.target == "parent" and at_once and ended.code == 128 + kill.signal
    # What a killed parent leaves may be cut off: its workers may end a moment later, and nobody clears up.
    breaches = of_dead(watched) if dead else watched.breaches(ended)
    if ended.seconds > LIMIT_S:
        breaches.append("a hang")
    breaches += of_rows(watched.out, ended, hit - WRITE_EVERY_S if dead else float("inf"))
    return ended, breaches + (of_ending(kill, ended, watched.out) if struck and not dead else []), struck


def child_of(running: Running) -> psutil.Process | None:
    """A process that the command has started, once there is one; None where it ends before."""
    while running.process.poll() is None:
        try:
            children = psutil.Process(running.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return None
        if children:
            return Random(SEED).choice(children)
        time.sleep(0.01)
    return None


def send(process: psutil.Process | object, number: signal.Signals) -> None:
    try:
        process.send_signal(number)  # type: ignore[attr-defined]
    except (psutil.NoSuchProcess, ProcessLookupError):
        return


def of_dead(watched: Watched) -> list[str]:
    out = watched.out
    breaches = invariants.of_processes(watched.mark, ENDED_WITHIN_S)
    breaches += [] if (out / MARKER).is_file() else invariants.of_agreement("", None, out)
    return breaches + [each for each in invariants.of_folder(out) if "cannot be read" in each]


def of_ending(kill: Kill, ended: Ended, out: Path) -> list[str]:
    """A run that was stopped says so, in its exit code and its report; unless it had come to its end."""
    if (out / MARKER).is_file() and kill.target == "parent":
        return []
    if kill.target != "parent":
        whole = ended.code == CRASHED or (out / MARKER).is_file()
        return [] if whole else [f"exit code {ended.code} where a process of the run was killed"]
    breaches = [] if ended.code == INTERRUPTED else [f"exit code {ended.code} of an interrupted run"]
    report = out / "report.md"
    if out.is_dir() and not (report.is_file() and "INTERRUPTED" in report.read_text()):
        breaches.append("no report.md that says INTERRUPTED")
    return breaches


def of_rows(out: Path, ended: Ended, until: float) -> list[str]:
    """Every epoch that was told before that moment is in the records."""
    told: dict[str, int] = {}
    for at, line in ended.lines:
        if at < until and (match := EPOCH.match(line)):
            told[match[1]] = max(told.get(match[1], 0), int(match[2]))
    if list(out.glob("seed*")):
        return []  # a study's lines do not say of which of its runs they are
    arms = read_run(out).arms if told else {}
    counts = {arm: len(arms[arm].trace.epochs) if arm in arms else 0 for arm in told}
    return [f"lost rows: {told[arm] - count} epochs" for arm, count in counts.items() if count < told[arm]]


def test_the_moments_are_drawn_from_the_whole_of_a_run() -> None:
    kills = [drawn(SEED, number) for number in range(200)]
    assert np.ptp([kill.at for kill in kills]) > 0.95
    assert {kill.signal for kill in kills} == set(SIGNALS)
    assert {(kill.command, kill.target) for kill in kills} == {(c, t) for c, those in TARGETS.items() for t in those}
