"""Head and base timed in turns, in processes of their own: a copy of this checkout waits in each step."""

import json
import shutil
import sys

import pytest
from command import ROOT, finish, start

TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.epochs=2", "training.batch_size=500", "comparison.free_steps=3", "comparison.forced_steps=1"),
    *("arms=[reference]", "processes=3", "out=gated"),
]
DISPATCHED = "        return EpochResult(losses, "
WAITING = "        __import__('time').sleep(0.05 * len(chosen))\n"  # many times as long as a step takes
ENOUGH = 7  # rounds that can show it


@pytest.fixture
def here(tmp_path):
    """A folder that is a checkout like this one, with the environment of these tests."""
    folder = tmp_path / "here"
    folder.mkdir()
    for name in ("harness", "adapters", "conf"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture
def slow(tmp_path):
    """A copy of this checkout that waits in every step."""
    folder = tmp_path / "slow"
    for name in ("harness", "adapters", "conf"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    trainer = folder / "adapters/reference/trainer.py"
    text = trainer.read_text()
    assert text.count(DISPATCHED) == 1
    trainer.write_text(text.replace(DISPATCHED, WAITING + DISPATCHED))
    return folder


@pytest.mark.nightly
def test_a_head_that_waits_is_slower(here, slow, tmp_path):
    given = ["gate", "--base-python", here, *TINY, "budget_s=240"]
    code, out, err = finish(start(given, tmp_path, PYTHONPATH=str(slow)))
    assert "Traceback" not in out + err
    gate = json.loads((tmp_path / "gated/gate.json").read_text())
    (speed,) = [row for row in gate["rows"] if row["check"] == "speed"]
    assert speed["ratio"] > 2
    assert (code, speed["status"]) == ((6, "slower") if speed["head_processes"] >= ENOUGH else (7, "undecided")), out
    assert {row["status"] for row in gate["rows"] if row["check"] == "parity"} == {"agrees"}
    sources = next(line for line in gate["versions"] if line["what"] == "source")
    assert sources["head"] != sources["base"]
    code, out, _ = finish(start(["verify", "gated"], tmp_path))
    assert code == 0, out


@pytest.mark.nightly
def test_an_unchanged_tree_is_never_slower(here, tmp_path):
    code, out, err = finish(start(["gate", "--base-python", here, *TINY, "budget_s=60"], tmp_path))
    assert "Traceback" not in out + err
    assert code in (0, 7)  # it passes or does not decide, on any machine
    gate = json.loads((tmp_path / "gated/gate.json").read_text())
    sources = next(line for line in gate["versions"] if line["what"] == "source")
    assert sources["head"] == sources["base"]


def test_a_base_that_cannot_run_leaves_nothing(here, tmp_path):
    (here / ".venv").unlink()
    code, _, err = finish(start(["gate", "--base-python", here, *TINY], tmp_path))
    assert code == 2
    assert "the folder has no interpreter" in err
    assert not (tmp_path / "gated").exists()
