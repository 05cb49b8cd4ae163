"""How much `twinrun check` and `match` print: a screenful, every check, a sentence, or an object for scripts."""

import json

import pytest
from command import ONLY_THE_REFERENCE, finish, start

LAYERS = "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]"
ARMS = "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32}]"
BRIEF = [LAYERS, ARMS, "training.batch_size=50", "training.max_steps=3", "rungs=[loss,model]"]
SENTENCE = "UNVERIFIED: nothing was checked that could have failed"


def test_a_screenful(tmp_path):
    code, out, err = finish(start(["match", *BRIEF, "out=run"], tmp_path))
    assert code == ONLY_THE_REFERENCE, out + err
    lines = out.splitlines()
    ends = next(number for number, line in enumerate(lines) if line.startswith(SENTENCE))
    assert max(len(line) for line in lines[:ends]) <= 80
    assert [line.split()[1] for line in lines if line.startswith("  rung ")][:2] == ["loss", "model"]
    assert "worst ULP" not in out
    assert lines[-1] == f"results: {tmp_path / 'run'}"


@pytest.mark.nightly
def test_every_check(tmp_path):
    code, out, _ = finish(start(["check", *BRIEF, "--details"], tmp_path))
    assert code == ONLY_THE_REFERENCE
    assert "softmax_cross_entropy sparse values, extremes" in " ".join(out.split())
    assert "worst ULP" in out


@pytest.mark.nightly
def test_the_sentence_alone(tmp_path):
    code, out, _ = finish(start(["check", *BRIEF, "-q"], tmp_path))
    assert code == ONLY_THE_REFERENCE
    (line,) = out.splitlines()
    assert line.startswith(SENTENCE)


@pytest.mark.nightly
def test_an_object_for_scripts(tmp_path):
    code, out, _ = finish(start(["match", *BRIEF, "--json", "out=run"], tmp_path))
    (line,) = out.splitlines()
    outcome = json.loads(line)
    assert outcome["exit_code"] == code == ONLY_THE_REFERENCE
    assert outcome["sentence"].startswith(SENTENCE)
    assert outcome["folder"] == str(tmp_path / "run")
    assert [row["rung"] for row in outcome["rungs"]][:2] == ["loss", "model"]
    assert [row["arm"] for row in outcome["arms"]] == ["wide", "narrow"]
    assert all(0 <= row["test_accuracy"] <= 1 for row in outcome["arms"])


@pytest.mark.nightly
def test_an_object_for_a_study(tmp_path):
    code, out, _ = finish(start(["match", *BRIEF, "seeds=2", "--json", "out=study"], tmp_path))
    outcome = json.loads(out)
    assert outcome["exit_code"] == code
    assert [run["seed"] for run in outcome["runs"]] == [0, 1]
    assert {run["folder"] for run in outcome["runs"]} == {str(tmp_path / "study" / f"seed{seed}") for seed in (0, 1)}


def test_two_of_them_are_a_mistake(tmp_path):
    code, out, err = finish(start(["check", *BRIEF, "--json", "-q"], tmp_path))
    assert (code, out) == (2, "")
    assert "not allowed with" in err
