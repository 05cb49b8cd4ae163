"""AGREES is earned: a run that did not come to its end says so, wherever it is looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from command import ENVIRONMENT, ONLY_THE_REFERENCE, finish, start

from harness.records.exit_codes import INTERNAL, UNFINISHED
from harness.results.marker import MARKER, damages, state_of

LAYERS = "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: zeros}]"
TWO = "arms=[{use: reference, name: first}, {use: reference, name: second}]"
TINY = [LAYERS, "training.batch_size=50", "training.max_steps=3", "comparison.free_steps=3", "rungs=[loss]", TWO]


def run_with(script: str, arguments: list[str], cwd: Path) -> tuple[int, str, str]:
    """The command with something of it replaced: exit code, standard output, standard error."""
    whole = f"import sys\nfrom harness.cli import main\n{script}\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", whole, *arguments]
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def assert_unfinished(folder: Path, word: str = "UNFINISHED") -> None:
    assert state_of(folder) == "unfinished"
    report = (folder / "report.md").read_text()
    assert f"**{word}" in report
    assert "AGREES" not in report
    assert not list(folder.rglob("*.partial"))
    assert not (folder / ".scratch").exists()
    assert "interrupted" in set(pd.read_parquet(folder / "verdicts.parquet")["status"])


FAULTS = {
    "before the work": "import harness.scenarios.recording as place\nplace.share = fail",
    "on the ladder": "from harness.scenarios import ladder as place\nplace.climb = fail",
    "in a judgement": "from harness.rungs import trajectory as place\nplace.judge_traces = fail",
    "in the last record": "from harness.results.store import Store as place\nplace.write_flips = fail",
    "in the marker": "import harness.scenarios.recording as place\nplace.complete = fail",
}
BY_DAY = ("in the last record",)


@pytest.mark.parametrize(
    "where",
    [pytest.param(where, marks=[] if where in BY_DAY else pytest.mark.nightly) for where in FAULTS],
)
def test_an_internal_error_is_one_line(where: str, tmp_path: Path) -> None:
    script = f"def fail(*_, **__): raise KeyError('of ours')\n{FAULTS[where]}"
    code, out, err = run_with(script, ["match", *TINY, "out=run"], tmp_path)
    assert code == INTERNAL
    assert "AGREES" not in out
    assert "UNFINISHED: internal error, KeyError: 'of ours'" in out
    assert "Traceback" not in out + err
    (line,) = err.splitlines()
    assert line.startswith("twinrun: internal error: KeyError: 'of ours'. This is a fault of twinrun")
    assert f"its traceback is in {tmp_path / 'run' / 'error.log'}. Please report it" in line
    assert "Traceback (most recent call last)" in (tmp_path / "run" / "error.log").read_text()
    assert_unfinished(tmp_path / "run")


def test_an_internal_error_of_another_verb(tmp_path: Path) -> None:
    script = "from harness.report import vocabulary_table as place\n"
    script += "def fail(*_): raise ZeroDivisionError('of ours')\nplace.show = fail"
    code, out, err = run_with(script, ["words"], tmp_path)
    assert (code, out) == (INTERNAL, "")
    (line,) = err.splitlines()
    log = line.partition("its traceback is in ")[2].partition(". Please")[0]
    assert "ZeroDivisionError: of ours" in Path(log).read_text()
    Path(log).unlink()


@pytest.mark.nightly
def test_a_page_that_fails_leaves_the_run_complete(tmp_path: Path) -> None:
    script = (
        "import harness.report.presented as place\ndef fail(*_): raise KeyError('of ours')\nplace.write_report = fail"
    )
    code, out, err = run_with(script, ["match", *TINY, "out=run"], tmp_path)
    assert code == INTERNAL
    assert "AGREES" not in out
    assert "Traceback" not in out + err
    assert state_of(tmp_path / "run") == "complete"


@pytest.mark.nightly  # by day tests/robustness/test_disks.py
def test_nobody_reads_the_output(tmp_path: Path) -> None:
    command = f"{sys.executable} -m harness match {' '.join(map(repr, TINY))} out=run | head -1; exit $PIPESTATUS"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == UNFINISHED
    assert done.stderr == ""
    assert_unfinished(tmp_path / "run")


@pytest.mark.nightly
def test_the_output_is_full(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "harness", "match", *TINY, "out=run"]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=ENVIRONMENT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == UNFINISHED
    (line,) = done.stderr.splitlines()
    assert line.startswith("twinrun: unfinished: standard output takes no more (No space left on device)")
    assert_unfinished(tmp_path / "run")


@pytest.mark.nightly
def test_other_verbs_whose_output_is_full(tmp_path: Path) -> None:
    for verb in (["schema"], ["ledger"], ["match", "--cfg", "job"], ["--help"]):
        with Path("/dev/full").open("w") as full:
            command = [sys.executable, "-m", "harness", *verb]
            done = subprocess.run(
                command, cwd=tmp_path, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert (done.returncode, "Traceback" in done.stderr) == (UNFINISHED, False), (verb, done.stderr)


@pytest.mark.nightly
def test_the_output_is_closed(tmp_path: Path) -> None:
    command = f"{sys.executable} -m harness match {' '.join(map(repr, TINY))} out=run >&-"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=ENVIRONMENT, timeout=120, check=False)
    assert done.returncode == ONLY_THE_REFERENCE
    assert state_of(tmp_path / "run") == "complete"


@pytest.mark.nightly
def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    both = [start(["match", *TINY, "out=run"], tmp_path) for _ in range(2)]
    ended = sorted(finish(process) for process in both)
    assert [code for code, _, _ in ended] == [2, ONLY_THE_REFERENCE]
    refused = ended[0][2]
    assert "claimed by twinrun match, process" in refused
    assert "give a " in refused
    assert state_of(tmp_path / "run") == "complete"
    assert list(damages(tmp_path / "run")) == []


@pytest.mark.nightly  # by day tests/end_to_end/test_detail.py
def test_the_reference_alone_earns_nothing(tmp_path: Path) -> None:
    code, out, _ = finish(start(["check", *TINY[:-1], "arms=[reference]", "out=run"], tmp_path))
    assert code == 4
    assert "UNVERIFIED: nothing was checked that could have failed: the reference was held against itself" in out
    assert "AGREES" not in (tmp_path / "run" / "report.md").read_text()


@pytest.mark.nightly
def test_a_study_is_complete_with_its_runs(tmp_path: Path) -> None:
    code, out, _ = finish(start(["match", *TINY, "seeds=2", "out=study"], tmp_path))
    assert code == ONLY_THE_REFERENCE, out
    marker = json.loads((tmp_path / "study" / MARKER).read_text())
    assert set(marker["runs"]) == {"seed0", "seed1"}
    assert list(damages(tmp_path / "study")) == []
    for seed in marker["runs"]:
        assert list(damages(tmp_path / "study" / seed)) == []


@pytest.mark.nightly
def test_a_study_that_fails_in_its_last_table_is_unfinished(tmp_path: Path) -> None:
    script = "from harness.scenarios.study import Study\nimport errno\n"
    script += "def fail(*_): raise OSError(errno.ENOSPC, 'full')\nStudy.write = fail"
    code, out, err = run_with(script, ["match", *TINY, "seeds=2", "out=study"], tmp_path)
    assert (code, "Traceback" in out + err) == (UNFINISHED, False)
    assert "UNFINISHED: No space left on device on " in out
    assert state_of(tmp_path / "study") == "unfinished"
    assert "AGREES" not in (tmp_path / "study" / "report.md").read_text()


@pytest.mark.nightly  # by day tests/unit/judging/test_silence.py
def test_a_rung_that_was_asked_for_and_has_nothing_to_judge(tmp_path: Path) -> None:
    code, out, _ = finish(start(["check", *TINY, "rungs=[loss,clipping]", "out=run"], tmp_path))
    assert code == 4
    assert "UNVERIFIED: rung clipping, the rung: it was asked for, and the experiment has no word that it judges" in out
