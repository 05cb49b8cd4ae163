"""Whatever is typed ends as the documents say: a run, or a mistake told in words. Never a traceback, a hang, a trace.

`TWINRUN_ODD_CONFIGURATIONS=50000` tries so many command lines, `TWINRUN_RANDOM_SEED=N` others, `TWINRUN_LANES=2` two at
a time. Each goes through the entry of the command up to where a run begins; one in a hundred is run whole.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from figures import leave
from odd_configurations import Trial, drawn
from shrinking import printed, shortest
from trial_process import TrialProcess
from trials import Result
from watched import FIRST, LINEAR, SECOND, Watched

COUNT = int(os.environ.get("TWINRUN_ODD_CONFIGURATIONS", "60"))
SEED = int(os.environ.get("TWINRUN_RANDOM_SEED", "0"))
LANES = int(os.environ.get("TWINRUN_LANES", "1"))
WHOLE_WITHIN_S = 120.0
LEAST_REACHED = 1 / 3  # else most of what is tried ends at its first mistake, and what comes after is not tried


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two recorded runs to compare, which differ in their seed."""
    folder = tmp_path_factory.mktemp("recorded")
    arms = f"arms=[{FIRST},{SECOND}]"
    brief = [LINEAR, arms, "training.epochs=1", "training.batch_size=50", "training.max_steps=3", "rungs=[loss]"]
    recorded = []
    for seed in (0, 1):
        watched = Watched(folder / str(seed))
        ended = watched.run(["match", *brief, f"seed={seed}", "out=run"], WHOLE_WITHIN_S)
        assert (watched.out / "report.md").is_file(), ended.err
        recorded.append(watched.out)
    return recorded


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory, runs: list[Path]) -> Iterator[list[TrialProcess]]:
    """A process for each lane."""
    processes = [TrialProcess(tmp_path_factory.mktemp("bench"), SEED, runs) for _ in range(LANES)]
    yield processes
    for process in processes:
        process.close()


def test_every_configuration_ends_as_documented(benches: list[TrialProcess], tmp_path: Path) -> None:
    start, codes, breached = time.monotonic(), Counter[str](), Counter[str]()
    first: dict[str, Trial] = {}
    reached = in_process = whole = 0

    def in_lane(lane: int) -> list[tuple[Trial, Result]]:
        trials = (drawn(SEED, number) for number in range(lane, COUNT, LANES))
        return [
            (trial, run_whole(trial, tmp_path / str(trial.number)) if trial.whole else benches[lane].run(trial))
            for trial in trials
        ]

    with ThreadPoolExecutor(LANES) as pool:
        ended = [pair for lane in pool.map(in_lane, range(LANES)) for pair in lane]
    for trial, result in sorted(ended, key=lambda pair: pair[0].number):
        whole, in_process = whole + trial.whole, in_process + (not trial.whole)
        reached += result.reached
        codes[str(result.code)] += 1
        breached.update(result.kinds)
        for kind in result.kinds:
            first.setdefault(kind, trial)
    counts = {"trials": COUNT, "whole": whole, "begun": reached, "exit_codes": codes, "kinds": breached}
    leave("odd configurations", seed=SEED, seconds=time.monotonic() - start, **counts)
    print(f"\n{COUNT} configurations of seed {SEED}: {reached} begun, {whole} run whole, exit codes {dict(codes)}")
    rows = [f"{breached[kind]:>5} {kind}\n      {shown(kind, trial, benches[0])}" for kind, trial in first.items()]
    assert not rows, f"seed {SEED}: {len(rows)} kinds of breach\n" + "\n".join(rows)
    assert reached > LEAST_REACHED * in_process


def run_whole(trial: Trial, folder: Path) -> Result:
    watched = Watched(folder)
    ended = watched.run(trial.arguments, WHOLE_WITHIN_S)
    kinds = watched.breaches(ended)
    if ended.seconds > WHOLE_WITHIN_S:
        kinds.append("a hang of a whole run")
    return Result(code=ended.code, kinds=kinds, text=ended.out + ended.err, seconds=ended.seconds)


def shown(kind: str, trial: Trial, bench: TrialProcess) -> str:
    """The shortest command line that shows it; one that hangs or is run whole is not tried so often."""
    if trial.whole or "hang" in kind or "process ended" in kind:
        return f"trial {trial.number}: {printed(trial)}"
    return f"trial {trial.number}: {printed(shortest(trial, lambda shorter: kind in bench.run(shorter).kinds))}"
