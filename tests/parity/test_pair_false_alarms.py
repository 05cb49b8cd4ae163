"""No false alarms in pairs: right ports of random models, written natively in both frameworks, agree on every rung.

`TWINRUN_RANDOM_PAIRS=100` tries so many pairs, and `TWINRUN_RANDOM_SEED=N` others; what they came to is printed
(`pytest -s`). `TWINRUN_RANDOM_FIRST=M` leaves out the first M, so that one that failed can be tried again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from random_pairs import written
from residents import Ask, Resident

from harness.composition import UserMistake
from harness.judging.checks import Check
from harness.records.verdict import Verdict
from harness.scenarios.pair import climb as climbing
from harness.scenarios.pair.asking import ArmsFailedError
from harness.scenarios.pair.state import PairRun
from harness.subjects.pair.composing import compose_pair

COUNT, SEED, FIRST = (
    int(os.environ.get(f"TWINRUN_RANDOM_{name}", usual))
    for name, usual in (("PAIRS", "1"), ("SEED", "0"), ("FIRST", "0"))
)


class _Worker(Resident):
    def close(self) -> None:
        """Its process lives on for the next pair."""


@pytest.mark.nightly
def test_no_false_alarms_in_pairs(
    in_mindspore: Ask, in_tensorflow: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Check, "detects", lambda *_: 0.0)  # certificates are another test's, and take long
    homes = {"mindspore": in_mindspore, "tensorflow": in_tensorflow}
    monkeypatch.setattr(climbing, "Workers", lambda *_: nullcontext())
    monkeypatch.setattr(
        climbing, "start_worker", lambda _, arm, scratch: _Worker(arm, homes[arm.adapter], tmp_path, scratch)
    )
    counts: Counter[str] = Counter()
    alarms = []
    for number in range(FIRST, COUNT):
        folder = tmp_path / str(number)
        wrong = _alarms(folder, number, homes, counts)
        if wrong:
            shown = "\n".join((folder / name).read_text() for name in ("pair.yaml", "ms_model.py", "tf_model.py"))
            print(f"\npair {number}: {wrong}\n{shown}", flush=True)
            alarms.append(f"pair {number}: {wrong[0]}")
    print(
        f"\n{COUNT - FIRST} random pairs of seed {SEED}: {counts.total()} checks, {dict(counts)}; {len(alarms)} alarms"
    )
    assert not alarms, "\n".join(alarms)
    assert counts["agrees"] > 8 * (COUNT - FIRST)


def _alarms(folder: Path, number: int, homes: Mapping[str, Ask], counts: Counter[str]) -> list[Any]:
    try:
        verdicts = checked(written(folder, SEED, number), folder / "run")
    except (UserMistake, ArmsFailedError) as error:
        return [error]
    counts.update(verdict.status for verdict in verdicts)
    return [verdict for verdict in verdicts if verdict.status not in ("agrees", "known")]


def checked(file: Path, folder: Path) -> list[Verdict]:
    """The verdicts on the pair of a file."""
    composed = compose_pair([f"pair={file}", f"out={folder}"])
    run = PairRun(composed, folder, MagicMock())
    run.scratch.mkdir(parents=True)
    for arm in composed.pair.arms:
        (folder / "arms" / arm.name).mkdir(parents=True)
        run.traces[arm.name] = MagicMock()
    with np.errstate(all="ignore"):
        climbing.climb_rungs(run)
    return run.verdicts
