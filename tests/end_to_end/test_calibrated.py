"""An arrangement that the figures of this machine choose reaches the arm's process, its records and its repetition."""

import json

import pytest
from arranging import FAST, SLOW, VARIABLE, machine

from harness.cli import main
from harness.composition import compose
from harness.results.reading import read_run
from harness.subjects.recorded import comparable
from harness.worker.arrangement import cache, choice
from harness.worker.arrangement.calibration import versions_of

IMAGES = ["model=cnn", "arms=[mindspore]", "rungs=[model]"]


def check(monkeypatch, *overrides):
    """Runs the command in this process, whose processor is made up; nothing may be measured."""

    def measure(arm, names):
        raise AssertionError(f"{arm.name} was calibrated")

    monkeypatch.setattr(choice, "measure", measure)
    assert main(["check", *overrides]) == 0


def recorded(folder):
    trace = json.loads((folder / "arms/mindspore/trace.json").read_text())
    (arm,) = json.loads((folder / "experiment.json").read_text())["arms"]
    assert trace["arm"] == arm
    return arm, trace["arrangement"], trace["environment"]["flags"].get(VARIABLE)


@pytest.mark.nightly
def test_the_worker_the_records_and_the_repetition(monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    machine(monkeypatch, tmp_path)
    (arm,) = compose(IMAGES).experiment.arms
    key = cache.Key.of(arm, cache.host(), versions_of(arm))
    cache.write(key, {"none": SLOW, "avx2": FAST})

    check(monkeypatch, *IMAGES, "out=run")
    arm, arrangement, flag = recorded(tmp_path / "run")
    assert (arm["arrangement"], arm["environment"], flag) == ("avx2", {}, "AVX2")
    assert (arrangement["name"], arrangement["reason"]) == ("avx2", "calibrated")
    assert arrangement["variables"] == {VARIABLE: "AVX2"}
    assert f"{VARIABLE}=AVX2 (calibrated)" in (tmp_path / "run/report.md").read_text()

    cache.place(key).unlink()
    check(monkeypatch, "from=run/experiment.json", "out=again")
    arm, arrangement, flag = recorded(tmp_path / "again")
    assert (arm["arrangement"], arrangement["reason"], flag) == ("avx2", "stated", "AVX2")

    check(monkeypatch, "from=run/experiment.json", "arm.arrangement=none", "out=off")
    assert recorded(tmp_path / "off")[1:] == (
        {"name": "none", "variables": {}, "reason": "none", "detail": "arm.arrangement=none"},
        None,
    )
    runs = [read_run(tmp_path / name) for name in ("run", "off")]
    assert comparable.reasons(*runs) == []
