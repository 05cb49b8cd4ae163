"""No false alarms in pairs: right ports of random models, written natively in both frameworks, agree on every rung.

`TWINRUN_RANDOM_PAIRS=100` tries so many pairs, and `TWINRUN_RANDOM_SEED=N` others; what they came to is printed
(`pytest -s`). `TWINRUN_RANDOM_FIRST=M` leaves out the first M, so that one that failed can be tried again.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from random_pairs import known_layers, written
from residents import Ask, Resident

from harness.composition import UserMistake
from harness.judging.checks import Check
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


@pytest.fixture
def _in_residents(in_mindspore: Ask, in_tensorflow: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks of pairs ask the frameworks' processes that live on."""
    homes = {"mindspore": in_mindspore, "tensorflow": in_tensorflow}
    monkeypatch.setattr(Check, "detects", lambda *_: 0.0)  # certificates are another test's, and take long
    monkeypatch.setattr(climbing, "Workers", lambda *_: nullcontext())
    monkeypatch.setattr(
        climbing, "start_worker", lambda _, arm, scratch: _Worker(arm, homes[arm.adapter], tmp_path, scratch)
    )


@pytest.mark.usefixtures("_in_residents")
def test_every_known_layer_is_mapped_by_itself(tmp_path: Path) -> None:
    run = checked(known_layers(tmp_path / "pair"), tmp_path / "run")
    wrong = [verdict for verdict in run.verdicts if verdict.status not in ("agrees", "known")]
    assert not wrong
    partners = {match.a.name: (match.b.name, match.how("A", "B")) for match in run.matches}
    assert len(partners) == 1 + 12 + 8 + 3 + 8 + 8 + 2
    assert partners["rnn1.weight_ih_l1_reverse"] == (
        "net/bidirectional_2/backward_lstm_1/lstm_cell/kernel",
        "in A transposed",
    )
    assert partners["rnn4.bias_hh_l0"][1] == (
        "in A gates reset, update, candidate as update, reset, candidate; in B row 1 of two"
    )
    known = [verdict.subject for verdict in run.verdicts if verdict.status == "known"]
    assert known == ["layer rnn6 / simple_rnn, two biases for one"]


@pytest.mark.nightly
@pytest.mark.usefixtures("_in_residents")
def test_no_false_alarms_in_pairs(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    alarms = []
    for number in range(FIRST, COUNT):
        folder = tmp_path / str(number)
        wrong = _alarms(folder, number, counts)
        if wrong:
            shown = "\n".join((folder / name).read_text() for name in ("pair.yaml", "ms_model.py", "tf_model.py"))
            print(f"\npair {number}: {wrong}\n{shown}", flush=True)
            alarms.append(f"pair {number}: {wrong[0]}")
    total = f"{counts.total()} checks, {dict(counts)}; {len(alarms)} alarms"
    print(f"\n{COUNT - FIRST} random pairs of seed {SEED}: {total}")
    assert not alarms, "\n".join(alarms)
    assert counts["agrees"] > 8 * (COUNT - FIRST)


def _alarms(folder: Path, number: int, counts: Counter[str]) -> list[Any]:
    try:
        verdicts = checked(written(folder, SEED, number), folder / "run").verdicts
    except (UserMistake, ArmsFailedError) as error:
        return [error]
    counts.update(verdict.status for verdict in verdicts)
    return [verdict for verdict in verdicts if verdict.status not in ("agrees", "known")]


def checked(file: Path, folder: Path) -> PairRun:
    """The check of the pair in a file."""
    composed = compose_pair([f"pair={file}", f"out={folder}"])
    run = PairRun(composed, folder, MagicMock())
    run.scratch.mkdir(parents=True)
    for arm in composed.pair.arms:
        (folder / "arms" / arm.name).mkdir(parents=True)
        run.traces[arm.name] = MagicMock()
    with np.errstate(all="ignore"):
        climbing.climb_rungs(run)
    return run
