"""Pruning removes what all conditions mean, and nothing that something else rests on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from made_up_catalogues import MadeUp, write_run

from harness.cli import main
from harness.composition import UserMistake
from harness.results.baselines import Baselines
from harness.results.catalogue.index import read_catalogue
from harness.results.catalogue.roots import LocalRoot
from harness.results.marker import MARKER, Marker, complete
from harness.scenarios.catalogue.asking import age, asked, whole_number
from harness.scenarios.catalogue.prune import Candidate, candidates, remove

NOW = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Six runs, 10 days apart, the newest of today."""
    for number in range(6):
        verdict = "diverges" if number % 2 else "agrees"
        write_run(tmp_path / "results", MadeUp(created=NOW - timedelta(days=10 * number), seed=number, verdict=verdict))
    return tmp_path / "results"


def found(results: Path, *conditions: str) -> list[Candidate]:
    return candidates(asked([f"root={results}", *conditions], {"older_than": age, "keep": whole_number}, (0, 0)))


def seeds(chosen: list[Candidate], kept: bool = False) -> list[int]:
    return sorted(candidate.row["seed"] for candidate in chosen if bool(candidate.kept_for) == kept)


def test_all_conditions_must_hold(results: Path) -> None:
    assert seeds(found(results, "older_than=15d")) == [2, 3, 4, 5]
    assert seeds(found(results, "keep=5")) == [5]
    assert seeds(found(results, "older_than=15d", "keep=4")) == [4, 5]
    assert seeds(found(results, "verdict=diverges", "older_than=15d")) == [3, 5]
    # The newest 2 are kept whichever verdict is asked for.
    assert seeds(found(results, "verdict=diverges", "keep=2")) == [3, 5]
    with pytest.raises(UserMistake, match="give a condition"):
        found(results)
    with pytest.raises(UserMistake, match="older_than=soon: allowed: a number of hours"):
        found(results, "older_than=soon")


def test_it_says_what_it_would_remove_and_removes_only_when_told(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prune", f"root={results}", "older_than=15d"]) == 0
    out = capsys.readouterr().out
    assert "would remove 4 runs" in out
    assert "nothing has been removed" in out
    assert len(list(results.glob("mnist_mlp/*"))) == 6
    assert main(["prune", f"root={results}", "older_than=15d", "--yes"]) == 0
    assert "removed 4 runs" in capsys.readouterr().out
    assert len(list(results.glob("mnist_mlp/*"))) == 2
    assert len(read_catalogue(LocalRoot(results)).table) == 2
    assert not list(results.rglob(".trash/*"))


def test_what_a_comparison_refers_to_stays_as_long_as_it(results: Path) -> None:
    run = next(candidate for candidate in found(results, "older_than=15d") if candidate.row["seed"] == 4)
    comparison = write_run(results, MadeUp(experiment="compare", name="x", created=NOW - timedelta(days=5)))
    (comparison / "comparison.json").write_text(json.dumps({"a": str(run.folder), "b": str(run.folder)}))
    complete(comparison, Marker.of("comparison", 0, "AGREES: both"))
    chosen = found(results, "older_than=15d")
    assert seeds(chosen) == [2, 3, 5]
    (kept,) = (candidate for candidate in chosen if candidate.kept_for)
    assert kept.kept_for == "compare/x refers to it"
    assert len([candidate for candidate in found(results, "older_than=1d") if not candidate.kept_for]) == 6


def test_a_baseline_and_its_source_stay(results: Path) -> None:
    run = next(candidate for candidate in found(results, "older_than=15d") if candidate.row["seed"] == 5)
    fields = {"ended": "", "protocol": None, "machine": None, "step_s": {}, "accuracies": {}}
    Baselines(results / "baselines").add(run.folder, "mnist_mlp", fields)
    chosen = found(results, "older_than=0d")
    assert not any(candidate.place.startswith("baselines") for candidate in chosen)
    assert [candidate.row["seed"] for candidate in chosen if candidate.kept_for] == [5]
    (record,) = results.glob("baselines/*/*/baseline.json")
    record.write_text("{")  # then any run may be its source
    assert seeds(found(results, "older_than=0d")) == []


def test_a_run_that_runs_stays(results: Path) -> None:
    folder = found(results, "older_than=45d")[0].folder
    (folder / MARKER).unlink()
    claim = json.loads((folder / "claim.json").read_text())
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        here = {"host": os.uname().nodename, "process": sleeper.pid}
        (folder / "claim.json").write_text(json.dumps({**claim, **here}))
        (kept,) = found(results, "older_than=45d")
        assert kept.kept_for == "it is running"
    finally:
        sleeper.kill()
        sleeper.wait()
    assert not found(results, "older_than=45d")[0].kept_for


def test_an_unfinished_run_of_another_host_stays_for_two_days(results: Path) -> None:
    for days in (1, 3):
        folder = write_run(results, MadeUp(experiment="elsewhere", created=NOW - timedelta(days=days), seed=days))
        (folder / MARKER).unlink()
    chosen = found(results, "status=unfinished")
    assert {candidate.row["seed"]: bool(candidate.kept_for) for candidate in chosen} == {1: True, 3: False}


def test_a_link_to_a_run_is_not_followed(results: Path, tmp_path: Path) -> None:
    target = write_run(tmp_path / "other", MadeUp(created=NOW - timedelta(days=90), seed=9))
    (results / "mnist_mlp" / "link").symlink_to(target)
    assert seeds(found(results, "older_than=80d"), kept=True) == [9]


def test_a_removal_that_is_killed_leaves_nothing_that_looks_whole(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = found(results, "older_than=45d")[0]

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.scenarios.catalogue.prune.shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        remove(candidate, results)
    monkeypatch.undo()
    assert not candidate.folder.exists()
    assert len(read_catalogue(LocalRoot(results)).table) == 5
    assert not list(results.rglob(f".trash/**/{MARKER}"))
    assert main(["prune", f"root={results}", "older_than=900d", "--yes"]) == 0
    assert not list(results.rglob(".trash/*"))
