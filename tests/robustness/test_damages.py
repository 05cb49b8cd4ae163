"""`compare` never says AGREES of damage, never breaks off, and names the file: every record and field of a run.

First as damage is: the marker is as it was. Then with the marker made again over the damaged records: the digests are
right, and what cannot be must be noticed by itself. `TWINRUN_DAMAGES=all` tries every damage, else some of each kind.
"""

import os
import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache, partial

import damage_of_files
import damage_of_values
import pytest
from figures import leave

from harness.cli import main
from harness.data import load
from harness.records.exit_codes import EXIT_CODES
from harness.results.claim import CLAIM, claim
from harness.results.files import OUTCOME
from harness.results.marker import MARKER, Marker, complete
from harness.subjects.recorded.comparable import PARTS

EVERY = os.environ.get("TWINRUN_DAMAGES") == "all"
SOME, SEED = 1, 5
TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.epochs=2", "training.batch_size=500", "training.gradient_norms=true"),
    *("comparison.free_steps=2", "comparison.forced_steps=1", "rungs=[loss]"),
    "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]",
]
CODES, BREACHES = Counter(), Counter()


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
    monkeypatch.setattr("harness.subjects.recorded.judge.load", cache(load))


@pytest.fixture(scope="module", autouse=True)
def figures():
    CODES.clear(), BREACHES.clear()
    start = time.monotonic()
    yield
    seconds = time.monotonic() - start
    leave("damages", trials=CODES.total(), seed=SEED, seconds=seconds, exit_codes=CODES, kinds=BREACHES)


def chosen(kind, damages):
    """All of a kind, or some that are drawn from a seed."""
    every = [Damage(kind, *each) for each in damages]
    return every if EVERY else random.Random(SEED).sample(every, min(SOME, len(every)))


def compared(a, b, capsys):
    """(exit code, all that was printed); no code where it broke off."""
    try:
        code = main(["compare", str(a), str(b), f"out={a.parent / 'out'}"])
    except Exception as error:
        capsys.readouterr()
        return None, f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(a.parent / "out", ignore_errors=True)
    out, err = capsys.readouterr()
    return code, " ".join((out + err).split())


def both_ways(damage, run, folder, capsys, reseal=False):
    """What is said of the run beside a damaged copy of it, and of the copy beside the run."""
    copy = shutil.copytree(run, folder / "copy")
    damage.does(copy)
    if reseal:
        sealed(copy)
    said = [compared(*pair, capsys) for pair in ((run, copy), (copy, run))]
    CODES.update(str(code) for code, _ in said)
    shutil.rmtree(copy)
    return said


def wrong(said, damage):
    """Whether a damage was taken for agreement, broke something, or was not said to be in its file."""
    return [
        told(damage, code, text, breach)
        for code, text in said
        for breach, holds in {
            "a traceback": code is None or "Traceback" in text,
            "AGREES of damage": code == 0 or "AGREES:" in text,
            f"exit code {code}": code is not None and code not in EXIT_CODES,
            "a file not named": not is_named(damage, text),
        }.items()
        if holds
    ]


def told(damage, code, text, breach):
    """The breach, counted."""
    BREACHES[breach] += 1
    return f"{damage}: {breach}: {code}: {text[-300:]}"


def is_named(damage, text):
    """The file; where it is the marker, what it says may be held against any of the records."""
    return damage.file in text or (damage.file == MARKER and "UNVERIFIED first at records" in text)


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
    assert problems == []


# --- The marker made again -------------------------------------------------------------------------------------------


def may_be(damage):
    """Why a run with right digests may well hold this; empty where it cannot be.

    What is equal in value is no damage, and what a training may leave that nobody judges is its own word.
    """
    path, _, change = damage.name.rpartition(" ")
    if damage.file == "verdicts.parquet" and path not in OUTCOME:
        return "what else a check said is not read, nor the culprit where nothing diverged"
    if damage.file == "plan.json" and path.partition(".")[0] in ("data", "samples", "seeds"):
        return "where the data came from, how many there were and which seeds stand beside this one is for people"
    if damage.file == "experiment.json" and path.partition(".")[0] not in (*PARTS, "arms"):
        return "what is not of the training may be another"
    if change == "removed" and damage.file.endswith(("trace.json", "experiment.json")):
        return "what has its default is the same without it"
    if change in ("removed", "null") and path.startswith("environment."):
        return "what an environment is silent on is not told"
    return ""


def is_shown(text):
    """Whether what the two runs hold differently stands in a table or a note."""
    return any(word in text for word in ("differs", "only in", "what changed", "came out otherwise", "are others"))


@pytest.mark.parametrize("kind", ["columns", "fields", "arrays"])
def test_values_that_cannot_be_do_not_agree_whatever_the_digests_say(runs, tmp_path, capsys, kind):
    problems = []
    for damage in chosen(kind, KINDS[kind](*runs)):
        for code, text in both_ways(damage, runs[0], tmp_path, capsys, reseal=True):
            if code not in EXIT_CODES or "Traceback" in text:
                problems.append(told(damage, code, text, "a traceback"))
            elif code == 0 and not is_shown(text) and not may_be(damage):
                problems.append(told(damage, code, text, "AGREES of what cannot be"))
    assert problems == []


# --- Studies ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def study(runs, tmp_path):
    """A complete study of two seeds."""
    folder = tmp_path / "study"
    for run in runs:
        shutil.copytree(run, folder / run.name)
    claim(folder, "match")
    marker = Marker(kind="study", status="AGREES", exit_code=0, sentence="AGREES")
    complete(folder, marker, {run.name: folder / run.name for run in runs})
    return folder


def exchanged(study):
    (study / "seed0").rename(study / "x")
    (study / "seed1").rename(study / "seed0")
    (study / "x").rename(study / "seed1")


def remade(study):
    """A run whose own marker is right, and is not the one that the study knew."""
    (study / "seed1" / "flips.parquet").unlink(missing_ok=True)
    (study / "seed1" / "summary.parquet").unlink()
    sealed(study / "seed1")


OF_STUDIES = [
    ("a run gone", "seed1/complete.json", lambda study: shutil.rmtree(study / "seed1")),
    ("a run added", "seed2/complete.json", lambda study: shutil.copytree(study / "seed1", study / "seed2")),
    ("runs exchanged", "", exchanged),
    ("a run made again", "seed1/complete.json", remade),
    ("a record of a run gone", "plan.json", lambda study: (study / "seed1" / "plan.json").unlink()),
    ("a run without its end", "seed1/complete.json", lambda study: (study / "seed1" / MARKER).unlink()),
    ("no end", MARKER, lambda study: (study / MARKER).unlink()),
    ("its end cut off", MARKER, partial(damage_of_files.cut, MARKER, 99)),
    ("a record added", "other.json", lambda study: (study / "other.json").write_text("{}")),
]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("name", "file", "does"), OF_STUDIES, ids=[name for name, _, _ in OF_STUDIES])
def test_a_damaged_study_never_agrees(study, tmp_path, capsys, name, file, does):
    damage = Damage("studies", name, file, does)
    assert wrong(both_ways(damage, study, tmp_path, capsys), damage) == []


def test_two_studies_alike_agree(study, capsys):
    assert compared(study, study, capsys)[0] == 0


def test_two_runs_alike_agree(runs, capsys):
    assert compared(runs[0], runs[0], capsys)[0] == 0
