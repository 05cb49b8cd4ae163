"""The rung of initializers: right samples pass, and small departures from the law do not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harness.judging.context import Answer
from harness.plan.initializer_laws import DRAWS
from harness.rungs import initializer
from harness.rungs.initializer import SHAPE, judge_sample
from harness.spec import initializers as init
from harness.spec.arm import Arm
from harness.spec.vocabulary import specimens

WORDS = specimens("initializer")


def drawn(word: init.Initializer, seed: int = 1, precision: Any = np.float64) -> Any:
    return DRAWS[type(word)](word, SHAPE, np.random.default_rng(seed)).astype(precision)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("word", WORDS, ids=str)
def test_the_plans_own_draws_agree(word: init.Initializer, precision: Any) -> None:
    verdict = judge_sample(word, drawn(word, precision=precision), "arm", precision)
    assert (verdict.status, verdict.subject, verdict.cause) == ("agrees", word.name_in_tables, "")


@pytest.mark.nightly
def test_no_false_alarm_in_twenty_seeds() -> None:
    for seed in range(20):
        assert judge_sample(init.HeNormal(), drawn(init.HeNormal(), seed), "arm", np.float64).status == "agrees"


NORMAL, CUT = init.Normal(stddev=0.05), init.TruncatedNormal(stddev=0.05)
WRONG: list[tuple[str, init.Initializer, Any]] = [
    ("another scale", NORMAL, drawn(NORMAL) * 1.03),
    ("another mean", NORMAL, drawn(NORMAL) + 0.002),
    ("cut off", NORMAL, drawn(CUT)),
    ("not cut off", CUT, drawn(NORMAL)),
    ("widened to make up for the cut", CUT, drawn(init.TruncatedNormal(stddev=0.05 / 0.87962566103423978))),
    ("one number outside", CUT, np.where(np.arange(200) + np.zeros(SHAPE) == 0, 0.1001, drawn(CUT))),
    ("the other fan", init.HeNormal(fan="fan_in"), drawn(init.HeNormal(fan="fan_out"))),
    ("a uniform law of the same variance", init.LecunNormal(), drawn(init.LecunUniform())),
    ("one number throughout", init.LecunUniform(), np.zeros(SHAPE)),
    ("no number", NORMAL, np.where(np.arange(200) + np.zeros(SHAPE) == 0, np.nan, drawn(NORMAL))),
    ("its transpose", NORMAL, drawn(NORMAL).T),
    ("a constant next to it", init.ConstantValue(value=0.3), np.full(SHAPE, np.nextafter(0.3, 1))),
    ("the negative identity", init.Identity(), -drawn(init.Identity())),
    ("another gain", init.Orthogonal(gain=1.5), drawn(init.Orthogonal(gain=1.6))),
    ("not orthogonal", init.Orthogonal(gain=1.5), drawn(NORMAL)),
]


@pytest.mark.parametrize(("word", "sample"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_a_departure_diverges(word: init.Initializer, sample: Any) -> None:
    verdict = judge_sample(word, sample, "arm", np.float64)
    assert verdict.status == "diverges"
    assert verdict.cause.startswith("arm")


def test_the_plan_alone_is_judged_where_the_vocabulary_is_not() -> None:
    context: Any = SimpleNamespace(stated=SimpleNamespace(words=lambda: (NORMAL,), vocabulary=()))
    arm = Arm(name="a", adapter="reference", mode="numpy")
    assert initializer.ask(context)["words"] == []
    (verdict,) = initializer.judge_answers(context, {"a": Answer(arm, {"refused": {}}, {})})
    assert (verdict.arm_a, verdict.status) == ("plan", "agrees")


def test_the_rung_judges_every_arm_and_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(initializer, "subjects", lambda context, family: [NORMAL])
    context: Any = SimpleNamespace(stated=SimpleNamespace(words=lambda: (NORMAL,), vocabulary=("initializer",)))
    arms = [Arm(name=name, adapter="reference", mode="numpy", precision="float64") for name in ("a", "b")]
    answers = {
        "a": Answer(arms[0], {"refused": {}}, {"0": drawn(NORMAL) * 2}),
        "b": Answer(arms[1], {"refused": {"0": "has none"}}, {}),
    }
    asked = initializer.ask(context)
    assert (asked["words"], tuple(asked["shape"])) == ([NORMAL.model_dump(mode="json")], SHAPE)
    found = [(each.arm_a, each.status) for each in initializer.judge_answers(context, answers)]
    assert found == [("plan", "agrees"), ("a", "diverges"), ("b", "unsupported")]
