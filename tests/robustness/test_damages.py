"""`compare` never says AGREES of damage, never breaks off, and names the file: every record and field of a run.

First as damage is: the marker is as it was. Then with the marker made again over the damaged records: the digests are
right, and what cannot be must be noticed by itself. `TWINRUN_DAMAGES=all` tries every damage, else some of each kind.
"""

import json
import os
import random
import shutil
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import damage_of_files
import damage_of_values
import pytest

from harness.cli import main
from harness.data import load
from harness.outcome import EXIT_CODES
from harness.results.claim import CLAIM, claim
from harness.results.marker import Marker, complete

EVERY = os.environ.get("TWINRUN_DAMAGES") == "all"
SOME, SEED = 12, 5
TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.epochs=2", "training.batch_size=500", "training.digests=true", "training.gradient_norms=true"),
    *("comparison.free_steps=2", "comparison.forced_steps=1", "rungs=[loss]"),
    "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]",
]
TALLY = Counter()


@dataclass(frozen=True)
class Damage:
    """`of`: what kind it is. It names `file`, which must be named in turn."""

    of: str
    name: str
    file: str
    does: object

    def __str__(self):
        return f"{self.file}: {self.name}"


def sealed(run):
    """The run, its marker made over what it holds now."""
    if not (run / CLAIM).exists():
        claim(run, "match")
    complete(run, Marker(kind="run", status="AGREES", exit_code=0, sentence="AGREES"))
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two complete runs of two arms of the reference, that differ in their seed."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        assert main(["match", *TINY, f"seed={seed}", f"out={folder / f'seed{seed}'}"]) in (0, 4)
        sealed(folder / f"seed{seed}")
    return [folder / f"seed{seed}" for seed in (0, 1)]


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """The digits are read once; what is not given a folder is written below one of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.compare.judge.load", cache(load))


@pytest.fixture(scope="module", autouse=True)
def figures():
    yield
    if folder := os.environ.get("TWINRUN_FIGURES"):
        codes = {str(code): count for code, count in TALLY.items() if isinstance(code, int)}
        counted = {
            "damages": codes and sum(codes.values()),
            "agrees": TALLY["agrees"],
            "tracebacks": TALLY["tracebacks"],
        }
        (Path(folder) / "damages.json").write_text(json.dumps({**counted, "by_exit_code": codes}, indent=2) + "\n")


def chosen(kind, damages):
    """All of a kind, or some that are drawn from a seed."""
    every = [Damage(kind, *each) for each in damages]
    return every if EVERY else random.Random(SEED).sample(every, min(SOME, len(every)))


def compared(a, b, capsys):
    """(exit code, all that was printed), once what it comes to has been counted."""
    try:
        code = main(["compare", str(a), str(b), f"out={a.parent / 'out'}"])
    except Exception as error:
        TALLY["tracebacks"] += 1
        capsys.readouterr()
        return None, f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(a.parent / "out", ignore_errors=True)
    out, err = capsys.readouterr()
    TALLY[code] += 1
    return code, " ".join((out + err).split())


def both_ways(damage, run, folder, capsys, reseal=False):
    """What is said of the run beside a damaged copy of it, and of the copy beside the run."""
    copy = shutil.copytree(run, folder / "copy")
    damage.does(copy)
    if reseal:
        sealed(copy)
    said = [compared(*pair, capsys) for pair in ((run, copy), (copy, run))]
    shutil.rmtree(copy)
    return said


def wrong(said, damage):
    """Whether a damage was taken for agreement, broke something, or was not said to be in its file."""
    return [
        f"{damage}: {code}: {text[-300:]}"
        for code, text in said
        if code not in EXIT_CODES or code == 0 or "AGREES:" in text or "Traceback" in text or damage.file not in text
    ]


KINDS = {
    "columns": lambda run, other: damage_of_values.of_columns(run),
    "fields": lambda run, other: damage_of_values.of_fields(run),
    "arrays": lambda run, other: damage_of_values.of_arrays(run),
    "bytes": lambda run, other: damage_of_files.of_bytes(run),
    "kinds": damage_of_files.of_kinds,
    "folders": lambda run, other: damage_of_files.of_folders(run),
}


@pytest.mark.parametrize("kind", KINDS)
def test_damage_never_agrees(runs, tmp_path, capsys, kind):
    problems = []
    for damage in chosen(kind, KINDS[kind](*runs)):
        problems += wrong(both_ways(damage, runs[0], tmp_path, capsys), damage)
    TALLY["agrees"] += sum(": 0: " in problem for problem in problems)
    assert problems == []
