"""A layer whose outputs differ without effect is no divergence; and the number of a call among layers alone."""

from types import SimpleNamespace

import numpy as np
import pytest
from drawn_calls import Side as Drawn
from drawn_calls import X

from harness.judging.checks import judge_checks
from harness.oracles.oracle import Place
from harness.oracles.own_float64 import Side
from harness.spec.arm import Arm
from harness.subjects.pair.causes import _number, _of_effect, pass_remarks
from harness.subjects.pair.layers import LayerPair
from harness.subjects.pair.passes import passed

RNG = np.random.default_rng(3)
SAME, ONE, OTHER = (RNG.normal(size=(4, 5)) for _ in range(3))


def side(name, second):
    exact = {"0": SAME, "1": second}
    rounded = {
        key: (value * (1 + 1e-7 * RNG.normal(size=value.shape))).astype(np.float32) for key, value in exact.items()
    }
    return Side(Arm(name=name, adapter=name, mode="eager"), rounded, exact)


def pairs(anchored):
    return [LayerPair(0, 0, "fc", "fc", "dense", "dense", anchored=True), _second(anchored)]


def _second(anchored):
    return LayerPair(1, 1, "act", "activation", "relu", "relu", anchored=anchored)


@pytest.mark.parametrize(("anchored", "status"), [(False, "agrees"), (True, "diverges")])
def test_a_layer_without_parameters_that_differs_without_effect_is_remarked_and_not_judged(anchored, status):
    a, b = side("a", ONE), side("b", OTHER)
    judged = passed("model", a, b, {key: Place("evaluation: 2 layers", "evaluation") for key in ("0", "1")})
    (verdict,) = judge_checks(judged.checks.values())
    assert (verdict.status, verdict.tensor) == ("diverges", "1")
    climb = SimpleNamespace(remarks=[])
    again = _of_effect(climb, verdict, pairs(anchored), judged)
    assert again.status == status
    said = ["layer relu (act / activation): its outputs differ, and nothing that follows does"]
    assert climb.remarks == ([] if anchored else said)


def test_a_call_among_operations_is_found_among_the_layers_alone():
    followed, layers = Drawn(), Drawn()
    for drawn, with_operations in ((followed, True), (layers, False)):
        y = drawn.dense("fc1", X)
        y = drawn.op("relu(x)", "relu", y) if with_operations else y
        drawn.dense("fc1", y)
    assert _number(followed.end(X), layers.end(X), [2]) == 1
    assert _number(followed.end(X), layers.end(X), [1]) is None


def test_layers_without_a_partner_are_remarked():
    a, b = Drawn(), Drawn()
    y = a.layer("act", "ReLU", a.dense("fc1", X))
    z = b.layer("extra", "Tanh", b.dense("fc1", X))
    climb = SimpleNamespace(arms=[SimpleNamespace(name="one"), SimpleNamespace(name="two")])
    found = [LayerPair(0, 0, "fc1", "fc1", "dense", "dense", anchored=True)]
    assert pass_remarks(climb, found, (a.end(y), b.end(z))) == [
        "layers of one without a partner in two: act (relu)",
        "layers of two without a partner in one: extra (tanh)",
    ]
