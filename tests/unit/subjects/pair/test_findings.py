"""What parameters show by themselves is told as what it is: frozen, doubled, of another shape, without a partner."""

from types import SimpleNamespace

import pytest

from adapters.user_model import OwnParameter
from harness.records.verdict import Verdict
from harness.subjects.pair.findings import found_in_parameters, with_findings
from harness.subjects.pair.mapping import Names, paired

ARMS = tuple(SimpleNamespace(name=name, adapter=name) for name in ("mindspore", "tensorflow"))


def climb_of(a, b):
    pairing = paired(a, b, {}, Names("mindspore", "tensorflow"))
    built = {"mindspore": {"settings": {"bn": {"kind": "BatchNorm1d"}}}, "tensorflow": {"settings": {}}}
    return SimpleNamespace(pairing=pairing, matches=pairing.matches, arms=ARMS, built=built, remarks=[])


def parameter(layer, role, shape=(4,), trainable=True):
    return OwnParameter(f"{layer}.{role}", layer, role, shape, trainable, (layer,))


DENSE = [parameter("fc", "kernel", (3, 4)), parameter("fc", "bias")]


def test_nothing_is_found_where_all_corresponds():
    assert found_in_parameters(climb_of(DENSE, DENSE), []) == []


def test_a_frozen_parameter_is_a_finding_of_its_own():
    frozen = [parameter("d", "kernel", (3, 4), trainable=False), parameter("d", "bias")]
    (verdict,) = found_in_parameters(climb_of(DENSE, frozen), [])
    assert verdict.status == "diverges"
    assert verdict.subject == "layer fc / d, frozen kernel"
    assert verdict.cause == "fc.kernel / d.kernel: mindspore trains it, in tensorflow it is frozen"


def test_a_layer_without_a_partner_is_told_and_its_state_only_remarked():
    norm = [parameter("bn", "gamma"), parameter("bn", "beta"), parameter("bn", "moving_mean", trainable=False)]
    climb = climb_of([*DENSE, *norm], DENSE)
    (verdict,) = found_in_parameters(climb, [])
    assert verdict.subject == "layer bn (BatchNorm1d), without a partner in tensorflow"
    assert "mindspore has bn.gamma (4,), bn.beta (4,)" in verdict.cause
    assert "give null under parameters for bn.gamma, bn.beta" in verdict.advice
    assert climb.remarks == ["bn.moving_mean of mindspore: tensorflow has none of these; they are not compared"]


def test_a_part_that_the_framework_does_not_know_is_named_with_what_has_no_partner():
    climb = climb_of(DENSE, [parameter("out", "bias", (2,))])
    climb.built["tensorflow"]["not_registered"] = ["Net.w is a tf.Variable, which Keras does not know"]
    causes = [verdict.cause for verdict in found_in_parameters(climb, []) if "without a partner" in verdict.subject]
    told = [cause.endswith("; in tensorflow, Net.w is a tf.Variable, which Keras does not know") for cause in causes]
    assert told == ["mindspore has" in cause and "tensorflow has no parameter" in cause for cause in causes]
    assert any(told)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("conv1", "from layer conv1 on"),
        ("pool", "from layer pool on"),
        ("fc", "layers are of different sizes"),
        ("head", "layers are of different sizes"),
        ("", "layers are of different sizes"),
    ],
)
def test_another_shape_is_told_with_what_comes_before_it_and_never_to_be_dropped(layer, said):
    other = [parameter("d", "kernel", (5, 4)), parameter("d", "bias")]
    before = Verdict(rung="model", subject="x", arm_a="a", status="diverges", layer=layer, cause="padding")
    climb = climb_of(DENSE, other)
    climb.built["mindspore"]["parameters"] = [
        {"name": name, "layer": name, "shape": [4]} for name in ("conv1", "fc", "head")
    ]
    (verdict,) = found_in_parameters(climb, [before])
    assert verdict.status == "diverges"
    assert said in verdict.cause
    assert "null" not in verdict.cause + verdict.advice


@pytest.mark.parametrize(("trainable", "statuses"), [(True, ["known"]), (False, [])])
def test_two_biases_for_one_are_known_where_both_are_trained(trainable, statuses):
    one = [parameter("rnn", "kernel", (3, 4)), parameter("rnn", "bias")]
    two = [*one, parameter("rnn", "recurrent_bias", trainable=trainable)]
    verdicts = found_in_parameters(climb_of(two, one), [])
    assert [verdict.status for verdict in verdicts] == statuses
    assert all("adds two biases, rnn.bias and rnn.recurrent_bias" in verdict.cause for verdict in verdicts)


def test_a_parameter_of_which_only_a_part_has_a_partner_is_remarked():
    climb = climb_of(DENSE, DENSE)
    climb.built["mindspore"]["parameters"] = [
        {"name": f"fc.{role}", "layer": "fc", "shape": shape} for role, shape in (("kernel", [9, 4]), ("bias", [4]))
    ]
    assert found_in_parameters(climb, []) == []
    assert climb.remarks == ["fc.kernel of mindspore: 12 of 36 elements have a partner"]


def test_a_gru_with_one_bias_resets_elsewhere():
    one = [parameter("gru", "kernel", (2, 12)), parameter("gru", "recurrent_kernel", (4, 12))]
    one += [parameter("gru", "bias", (12,))]
    two = [*one, parameter("gru", "recurrent_bias", (12,))]
    (verdict,) = found_in_parameters(climb_of(two, one), [])
    assert verdict.status == "diverges"
    assert "gru: mindspore resets the product of state and recurrent kernel, tensorflow the state" in verdict.cause
    assert verdict.advice == "keras.layers.GRU(reset_after=True)"
    first = Verdict(rung="model", subject="x", arm_a="a", status="diverges", layer="gru", cause="apart")
    explained, later, finding = with_findings(climb_of(two, one), [first, first])
    assert explained.cause == f"apart; {finding.cause}"
    assert explained.advice == finding.advice
    assert later == first
