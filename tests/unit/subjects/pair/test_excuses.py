"""A divergence is known where it is gone once an error of the ledger is taken out, and only then."""

import pytest

from harness.ledger import ledger
from harness.records.verdict import Verdict
from harness.subjects.pair.climbing import Climb
from harness.subjects.pair.excuses import excused
from harness.subjects.pair.spec import Pair

A, B = "mindspore", "tensorflow"
VERSIONS = {A: {"mindspore": "2.10.0"}, B: {"tensorflow": "2.21.0", "keras": "3.15.1"}}
PAIR = Pair.model_validate(
    {
        "name": "own",
        "models": {name: {"builder": "m.py:f"} for name in (A, B)},
        "batches": "b.npz",
        "loss": {"kind": "mean_squared_error"},
        "optimizer": {"kind": "sgd"},
        "schedule": {"kind": "constant", "rate": 0.1},
        "arms": [{"adapter": A, "name": A, "mode": "pynative"}, {"adapter": B, "name": B, "mode": "eager"}],
    }
)


class Asked:
    """Notes which words are computed exactly, and by whom."""

    def __init__(self, words, refused=""):
        self.exactly, self.asked = {}, []
        built = {
            name: {"environment": {"versions": VERSIONS[name], "device": "cpu"}, "words": of_arm, "refused": refused}
            for name, of_arm in words.items()
        }
        self.climb = Climb(PAIR, None, self.ask, built, [])

    def ask(self, task, by_arm):
        assert task.name.endswith("exactly")
        self.exactly = {name: payload["words"] for name, payload in by_arm.items()}
        self.asked.append(self.exactly)


def verdict(status, culprit=A, **more):
    judgement = "one wrong" if culprit else "undetermined"
    return Verdict(
        rung="model", subject="s", arm_a=A, arm_b=B, status=status, culprit=culprit, judgement=judgement, **more
    )


@pytest.fixture(autouse=True)
def _entries():
    ids = {entry.id for entry in ledger()}
    assert {"mindspore-tanh-rational", "mindspore-sigmoid-coarse", "mindspore-mish-far-out"} <= ids


def test_a_difference_that_an_exact_operation_takes_away_is_known_by_the_coarsest_entry_alone():
    asked = Asked({A: ["activation/sigmoid", "activation/tanh"], B: []})

    def climb_rung(climb):
        assert climb.exactly
        climb.remarks.append("of a trial")
        return [verdict("agrees", ""), verdict("agrees", "")]

    first, second = excused(asked.climb, [verdict("diverges", tolerance=1.0), verdict("agrees", "")], climb_rung)
    assert (first.status, first.culprit, first.tolerance) == ("known", A, 1.0)
    assert first.cause.startswith(
        "ledger: mindspore-tanh-rational, bound 0.00041 absolute; proven: with this computed exactly in the model of "
        "mindspore the two agree: ops.tanh in float32 is up to 1.1e-4 off"
    )
    assert second.status == "agrees"
    assert asked.asked == [{A: ["activation/tanh"]}, {A: []}]
    assert asked.climb.remarks == []


def test_all_entries_are_tried_where_one_is_not_enough_and_a_fault_stays():
    asked = Asked({A: ["activation/sigmoid", "activation/tanh"], B: []})

    def climb_rung(climb):
        both = len(asked.exactly[A]) == 2
        return [verdict("agrees" if both else "diverges"), verdict("diverges")]

    first, second = excused(asked.climb, [verdict("diverges"), verdict("diverges")], climb_rung)
    assert first.status == "known"
    assert "mindspore-sigmoid-coarse, bound 8.4e-07 absolute" in first.cause
    assert second == verdict("diverges")
    assert asked.asked[-1] == {A: []}


def test_an_inaccuracy_explains_no_difference_of_two_functions_but_another_function_does():
    never = pytest.fail
    undetermined = [verdict("diverges", "")]
    assert excused(Asked({A: ["activation/tanh"], B: []}).climb, undetermined, never) == undetermined
    other_side = [verdict("diverges", B)]
    assert excused(Asked({A: ["activation/tanh"], B: []}).climb, other_side, never) == other_side
    found = excused(Asked({A: ["activation/mish"], B: []}).climb, undetermined, lambda climb: [verdict("agrees", "")])
    assert found[0].status == "known"
    assert "mindspore-mish-far-out" in found[0].cause
    one_measure = Asked({A: ["activation/tanh"], B: []}, refused="its layers")
    assert excused(one_measure.climb, undetermined, lambda climb: [verdict("agrees", "")])[0].status == "known"


def test_nothing_is_tried_where_nothing_diverges_or_no_entry_speaks_of_the_model():
    never = pytest.fail
    agreeing, diverging = [verdict("agrees", "")], [verdict("diverges")]
    assert excused(Asked({A: ["activation/tanh"], B: []}).climb, agreeing, never) == agreeing
    assert excused(Asked({A: ["loss/mean_squared_error"], B: []}).climb, diverging, never) == diverging
