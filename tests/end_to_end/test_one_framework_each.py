"""MindSpore is recorded where TensorFlow cannot be imported, and TensorFlow where MindSpore cannot.

A third place, which can import neither, judges the whole ladder and finds a planted divergence.
"""

import os

import pandas as pd
import pytest
from command import ENVIRONMENT, finish, start

SMALL = ["model=mlp_relu", "training.epochs=2", "comparison.free_steps=5", "optimizer=momentum"]
FRAMEWORKS = {"mindspore": ("mindspore",), "tensorflow": ("tensorflow", "keras")}
HIDDEN = """\
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


class Place:
    """A host on which only some frameworks can be imported. It has a folder of its own."""

    def __init__(self, folder, *installed):
        self.folder = folder / ("_".join(installed) or "neither")
        (self.folder / "hiding").mkdir(parents=True)
        names = [name for framework in FRAMEWORKS if framework not in installed for name in FRAMEWORKS[framework]]
        (self.folder / "hiding" / "sitecustomize.py").write_text(HIDDEN.format(names=tuple(names)))

    def run(self, *arguments, expected=0):
        path = os.pathsep.join([str(self.folder / "hiding"), ENVIRONMENT["PYTHONPATH"]])
        code, out, err = finish(start(arguments, self.folder, PYTHONPATH=path, TWINRUN_REPORT="markdown"))
        assert "Traceback" not in out + err
        assert code == expected, out + err
        return out


def climbed(folder, arms):
    """The places, with the exported file and the recordings of both arms; what `compare` prints, with its verdicts."""
    places = {name: Place(folder, name) for name in FRAMEWORKS}
    third = Place(folder)
    third.run("export", *SMALL, arms, "to=hosts", "out=file.twinrun")
    for name, place in places.items():
        place.run("record", f"arm={name}", f"from={third.folder}/file.twinrun", "out=recording")
    return places, third


def compared(places, third, *further, expected, out):
    recordings = [str(place.folder / "recording") for place in places.values()]
    printed = third.run("compare", *recordings, "from=file.twinrun", *further, f"out={out}", expected=expected)
    third.run("verify", out)
    return printed, pd.read_parquet(third.folder / out / "verdicts.parquet")


@pytest.mark.nightly
def test_both_frameworks_agree_across_hosts(tmp_path):
    places, third = climbed(tmp_path, "arms=[mindspore,tensorflow]")
    printed, verdicts = compared(places, third, expected=0, out="joined")
    assert "AGREES: mindspore and tensorflow on self, schedule, applied-lr" in " ".join(printed.split())
    assert {"model", "step", "trajectory", "evaluation", "convergence"} <= set(verdicts["rung"])
    assert set(verdicts["status"]) <= {"agrees", "known"}
    # Where its framework is missing, an arm says so, and the others of a match run.
    out = places["mindspore"].run(
        "record", "arm=tensorflow", f"from={third.folder}/file.twinrun", "out=other", expected=4
    )
    assert "tensorflow: missing_framework at start" in out
    assert "pip install 'twinrun[tensorflow]' brings it" in " ".join(out.split())
    out = places["mindspore"].run("check", *SMALL, "rungs=[schedule]", "out=check", expected=4)
    assert "pip install 'twinrun[tensorflow]' brings it" in " ".join(out.split())
    checked = pd.read_parquet(places["mindspore"].folder / "check" / "verdicts.parquet")
    assert set(checked[checked["arm_a"] == "mindspore"]["status"]) == {"agrees"}


@pytest.mark.nightly
def test_a_planted_divergence_is_found_across_hosts(tmp_path):
    places, third = climbed(tmp_path, "arms=[mindspore,{use: tensorflow, spec: {optimizer.momentum: 0.8}}]")
    printed, verdicts = compared(places, third, expected=1, out="joined")
    first = verdicts[verdicts["status"] == "diverges"].iloc[0]
    assert (first["rung"], first["culprit"]) == ("optimizer", "tensorflow")
    answers = []
    for number in range(3):  # the place first, then what depends on it
        asked = [name for name in FRAMEWORKS if f"twinrun record arm={name}" in printed]
        if not asked:
            break
        questions = third.folder / (f"joined{number}" if number else "joined") / "questions.twinrun"
        for name in asked:
            arguments = [f"from={third.folder}/file.twinrun", f"questions={questions}", f"out=further{number}"]
            places[name].run("record", f"arm={name}", *arguments)
            answers.append(f"answers={places[name].folder}/further{number}")
        printed, verdicts = compared(places, third, *answers, expected=1, out=f"joined{number + 1}")
    assert answers
    first = verdicts[verdicts["status"] == "diverges"].iloc[0]
    assert (first["rung"], first["culprit"]) == ("optimizer", "tensorflow")
    assert "optimizer.momentum: 0.8, the spec says 0.9" in first["cause"]
    assert "mindspore with optimizer.momentum: 0.8 (rung run again with it: agrees" in first["advice"]
