"""The shipped pair, timed as a user does it: both models in native code, after the check."""

import json

import pytest
from command import ROOT, finish, start

EXAMPLE = ROOT / "examples" / "pair"
FAST = ["steps=3", "forced_steps=2", "processes=2", "budget_s=60", "precision=99%"]


def benched(folder, pair, *overrides):
    code, out, err = finish(
        start(["bench", f"pair={EXAMPLE / pair}", *FAST, *overrides, "out=run", "--details"], folder)
    )
    assert "Traceback" not in out + err
    return code, out, folder / "run"


@pytest.mark.nightly
def test_the_repaired_pair_is_timed_and_verified(tmp_path):
    code, out, folder = benched(tmp_path, "small_cnn_repaired.yaml")
    assert code in (0, 4), out  # 4 where the machine moved
    bench = json.loads((folder / "bench.json").read_text())
    assert [row["credit"]["status"] for row in bench["rows"]] == ["agrees", "agrees"]
    processes = [p for p in json.loads((folder / "processes.json").read_text())["processes"] if p["arm"]]
    assert {p["row"] for p in processes} == {"mindspore", "tensorflow"}
    assert all(p["failure"] is None and p["batch_size"] == 16 and p["steady_blocks"] for p in processes)
    # A process of a side computes the same bits each time, and the sides start from weights of their own.
    assert [len({p["losses_digest"] for p in processes if p["row"] == row["name"]}) for row in bench["rows"]] == [1, 1]
    assert "a step of tensorflow is forward, backward and momentum update" in out
    code, out, _ = finish(start(["verify", "run"], tmp_path))
    assert code == 0, out


@pytest.mark.nightly
def test_the_planted_mistake_keeps_its_times_from_counting(tmp_path):
    code, out, _ = benched(tmp_path, "small_cnn.yaml")
    assert code == 1
    assert "DIVERGES: mindspore: parity: rung model" in out
