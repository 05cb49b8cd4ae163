"""Faults planted in ports of native models: each is named at its place, by both sides' own names and lines."""

import re

import numpy as np
import pytest
from checked_pairs import HERE, checking

from harness.composition import UserMistake

RNG = np.random.default_rng(5)
BATCHES = {
    "cnn": RNG.normal(size=(4, 8, 8, 2)),
    "normalised": RNG.normal(size=(4, 8, 8, 2)),
    "mixed": RNG.normal(size=(4, 6)),
    "attention": RNG.normal(size=(4, 5, 8)),
    "own": RNG.normal(size=(4, 6)),
    "scalar": RNG.normal(size=(4, 6)),
    "tokens": RNG.normal(size=(4, 4, 4, 2)),
    "rnn": RNG.normal(size=(4, 5, 6)),
    "encoder": RNG.normal(size=(4, 5, 8)),
    "lstm": 3 * RNG.normal(size=(4, 5, 6)),
    "shared": RNG.normal(size=(4, 6)),
    "heads": RNG.normal(size=(4, 5, 8)),
    "text": RNG.integers(0, 9, (4, 7)),
    "fused": RNG.normal(size=(4, 5, 8)),
    "fused_by_heads": RNG.normal(size=(4, 5, 8)),
    "fused_parameter": RNG.normal(size=(4, 5, 8)),
    "grouped": RNG.normal(size=(4, 8, 8, 2)),
    "instanced": RNG.normal(size=(4, 8, 8, 2)),
    "padded": RNG.normal(size=(4, 8, 8, 2)),
    "sloped": RNG.normal(size=(4, 8, 8, 2)),
    "curved": RNG.normal(size=(4, 8, 8, 2)),
    "minted": RNG.normal(size=(4, 6)),
}
# Models of which only a faulty port, or a port that is right in all but a kernel of MindSpore, is tried.
OTHERS = {
    "unregistered": RNG.normal(size=(4, 6)),
    "listed": RNG.normal(size=(4, 6)),
    "time_first": RNG.normal(size=(4, 5, 6)),
    "padded_steps": RNG.normal(size=(4, 5, 6)) * (np.arange(5) < 3)[:, None],
    "saturating": 3 * RNG.normal(size=(8, 6)),
    "saturating_function": 3 * RNG.normal(size=(8, 6)),
    "saturating_method": 3 * RNG.normal(size=(8, 6)),
    "zero_rows": RNG.normal(size=(8, 6)) * (np.arange(8) % 2)[:, None],
}
NAMES = ("fc1", "fc2", "gate")
ROLES = (("weight", "kernel"), ("bias", "bias"))
IMAGES = ("cnn", "normalised", "tokens", "grouped", "instanced", "padded", "sloped", "curved")
SEQUENCES = ("attention", "rnn", "encoder", "lstm", "time_first", "padded_steps", "heads", "text")
SEQUENCES += ("fused", "fused_by_heads", "fused_parameter")
# By fault: the model, the port, and patterns of the sentence.
FAULTS = {
    "a layer of another kind": ("cnn", "average", [r"layer max_pool / average_pool \(pool / average_pooling2d"]),
    "another activation": ("cnn", "gelu", [r"layer relu / gelu \(relu / conv2d_1.activation"]),
    "a missing layer": ("cnn", "no_activation", [r"layer relu \(relu.*\), only in mindspore", "nothing there"]),
    "an extra layer": ("cnn", "extra_activation", [r"layer tanh \(extra.*\), only in tensorflow"]),
    "an extra layer at the end": ("cnn", "softmax_at_the_end", [r"layer softmax \(probabilities", "with softmax"]),
    "a softmax in training alone": (
        "cnn",
        "softmax_in_training",
        [r"ops.softmax\(x\)", "in training"],
    ),
    "moving statistics in training": ("normalised", "moving_statistics", ["batch_norm", "moving statistics"]),
    "layers in another order": ("normalised", "normalised_later", [r"layer relu \(act", "in another order"]),
    "a functional activation": ("mixed", "functional_activation", [r"relu\(self.fc1", "activation\\(hidden\\)"]),
    "a dropped residual": (
        "mixed",
        "dropped_residual",
        [r"x \+ self.fc2\(hidden\)", "nothing", "adds one of its inputs"],
    ),
    "the axis of a softmax": ("mixed", "softmax_axis", [r"ops.softmax\(self.gate\(hidden\), axis=-1\)", "axis=axis"]),
    "abs for square": ("mixed", "absolute", [r"ops.square\(hidden\)", r"power\(hidden\)"]),
    "a swapped concat": ("mixed", "swapped_concat", [r"ops.cat", "ops.concatenate", "another order: two blocks"]),
    "a shared layer called once": ("mixed", "called_once", [r"dense \(twice.*nothing"]),
    "a cast": ("mixed", "half", ["ops.cast", "a rounding to float16"]),
    "a factor": ("mixed", "doubled", [r"gate \* scale", "2 times"]),
    "another wire": ("mixed", "wrong_wire", [r"layer dense \(gate / gate", "tensorflow an input of"]),
    "a stopped gradient": ("mixed", "stopped_gradient", [r"gradient/fc1", "all outputs agree; from the loss"]),
    "unscaled attention": ("attention", "unscaled", [r"/ math.sqrt\(4\)", "nothing", "2 times"]),
    "a mask off by one": ("attention", "mask_off_by_one", [r"scores \+ ", "other numbers in `self.mask`"]),
    "the axis of attention": ("attention", "attention_axis", [r"ops.softmax\(scores, axis=-1\)", "axis=self.axis"]),
    "heads that are not turned back": ("attention", "heads_not_turned", [r"transpose", "nothing"]),
    "within a layer of one's own": ("own", "own_axis", [r"ops.mean\(ops.square\(x\)", "axis=self.axis"]),
    "a penalty of a layer": (
        "own",
        "own_penalised",
        [r"tensorflow adds to the loss, as its layers say: sequential/dense/kernel: L2\(l2=0.01\)"],
    ),
    "a penalty of an output": ("own", "own_output_penalised", [r"dense.output: L1\(l1=0.01\)"]),
    "a penalty that the model adds": ("own", "own_added", ["tensorflow adds to the loss.*added: add_loss"]),
    "behind an image made tokens": ("tokens", "tokens_gelu", [r"relu.*gelu"]),
    "a layer that returns a tuple": ("rnn", "rnn_relu", [r"layer rnn / simplernn \(layer / simple_rnn"]),
    "a normalisation before a residual": ("encoder", "normalised_early", [r"x \+ self.attention\(x\)", "only later"]),
    "a constant of the user's": ("encoder", "other_positions", ["other numbers in `self.positions`"]),
    "another position": ("encoder", "last_position", [r"x\[:, 0\]", r"x\[:, self.position\]"]),
    "the second residual": (
        "encoder",
        "second_residual",
        [r"x \+ self.narrow\(wide\)", "only in", "adds one"],
    ),
    "the other gelu": ("encoder", "approximate_gelu", ["ops.gelu", "keras.activations.gelu"]),
    "gates of another kind": ("lstm", "hard_gates", [r"layer lstm / rnn \(lstm / memory"]),
    "a sum for a difference": ("shared", "added", ["left - right", r"self.join\(left, right\)"]),
    "the second call of a shared layer": ("shared", "reversed_input", ["only in tensorflow", "backwards"]),
    "a causal mask": ("heads", "causal", [r"layer multi_head_attention \(attention / attention"]),
    "values in another order": ("heads", "flipped_values", ["ops.flip", "only in tensorflow"]),
    "a sum for a mean": ("text", "summed", [r"mean\(1\)", "self.pooled", "7 times"]),
    "an unscaled fused attention": ("fused", "unscaled", [r"/ math.sqrt\(4\)", "nothing", "2 times"]),
    "epsilon of a batch normalisation": (
        "normalised",
        "normalised_epsilon",
        ["batch_norm epsilon: mindspore adds 1e-05 to the variance, tensorflow 0.001", "proven"],
    ),
    "epsilon of a layer normalisation": (
        "tokens",
        "tokens_epsilon",
        ["layer_norm epsilon: mindspore adds 1e-07 to the variance, tensorflow 0.001", "proven"],
    ),
    "epsilon of a group normalisation": (
        "grouped",
        "grouped_epsilon",
        ["group_norm epsilon: mindspore adds 1e-05 to the variance, tensorflow 0.001", "proven"],
    ),
    "epsilon of an instance normalisation": ("instanced", "instanced_epsilon", ["epsilon: mindspore adds 1e-05"]),
    "epsilon of a group normalisation of mint": (
        "minted",
        "minted_epsilon",
        ["group_norm epsilon: mindspore adds 1e-05"],
    ),
    "another number of groups": ("grouped", "other_groups", ["layer group_norm", "mean and variance over"]),
    "momentum of a batch normalisation": ("normalised", "normalised_momentum", ["momentum convention", "proven"]),
    "a padding": ("padded", "padded_same", [r"layer conv \(conv / conv2d", "padding: mindspore puts 1 and 1 zeros"]),
    "a slope": ("sloped", "steeper", [r"leaky_relu: below 0 the slope is 0.2 in mindspore, 0.3 in tensorflow"]),
    "the factor of an elu": ("curved", "flatter", ["elu: below 0 the factor is 1 in mindspore, 0.5 in tensorflow"]),
    "a frozen layer": ("tokens", "tokens_frozen", ["frozen kernel", "mindspore trains it, in tensorflow it is frozen"]),
    "a missing bias": ("tokens", "tokens_unbiased", [r"dense \(mix / dense"]),
    "a sequence read backwards": ("lstm", "backwards", [r"layer lstm \(lstm / memory"]),
    "the batch taken for the time": (
        "time_first",
        "time_first",
        [r"layer lstm \(layer / memory", "proven: with batch_first=True in mindspore's live layer the two agree"],
    ),
    "masked steps": (
        "padded_steps",
        "masked_steps",
        [
            r"layer lstm \(lstm / memory",
            "memory leaves out the steps that tensorflow's masking masks",
            "proven: without",
        ],
    ),
    "tied weights untied": ("text", "untied", [r"self.embedding.embedding_table.T", r"dense \(logits"]),
}
PARAMETERS = {
    "mixed": {
        f"{n}.{mine}": f"{n}/{theirs}" for n in NAMES for mine, theirs in (("weight", "kernel"), ("bias", "bias"))
    },
    "untied": {"text/logits/kernel": None},
    "rnn": {
        "layer.weight_ih_l0": "sequential/simple_rnn/simple_rnn_cell/kernel",
        "layer.weight_hh_l0": "sequential/simple_rnn/simple_rnn_cell/recurrent_kernel",
        "layer.bias_ih_l0": "sequential/simple_rnn/simple_rnn_cell/bias",
        "layer.bias_hh_l0": None,
    },
    "lstm": {
        "lstm.weight_ih_l0": "sequential/memory/lstm_cell/kernel",
        "lstm.weight_hh_l0": "sequential/memory/lstm_cell/recurrent_kernel",
        "lstm.bias_ih_l0": "sequential/memory/lstm_cell/bias",
        "lstm.bias_hh_l0": None,
    },
}
BY_DAY = ("a layer of another kind", "a swapped concat")


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    with checking(folder) as check:
        yield check


def checked(check, model, port, **more):
    layout = "channels_first" if model in IMAGES else "channels_last"
    kind = "images" if model in IMAGES else "sequences" if model in SEQUENCES else "vectors"
    more["parameters"] = PARAMETERS.get(port, PARAMETERS.get(model, {}))
    return check(model, port, (BATCHES | OTHERS)[model], layout, f"faulty_pairs/{kind}", **more)


@pytest.mark.parametrize(
    "fault", [name if name in BY_DAY else pytest.param(name, marks=pytest.mark.nightly) for name in FAULTS]
)
def test_a_planted_fault_is_named_at_its_place(fault, check):
    model, port, patterns = FAULTS[fault]
    checked(check, model, port)
    assert check.sentence.startswith("DIVERGES"), check.sentence
    assert [pattern for pattern in patterns if not re.search(pattern, check.sentence)] == [], check.sentence


@pytest.mark.parametrize(
    "model", [name if name == "tokens" else pytest.param(name, marks=pytest.mark.nightly) for name in BATCHES]
)
def test_the_right_port_agrees(model, check):
    verdicts = checked(check, model, model)
    assert {verdict.status for verdict in verdicts} <= {"agrees", "known"}, check.sentence


@pytest.mark.parametrize(
    "model",
    ["saturating", *(pytest.param(f"saturating_{by}", marks=pytest.mark.nightly) for by in ("function", "method"))],
)
def test_a_right_port_that_meets_a_coarse_kernel_is_known(model, check):
    verdicts = checked(check, model, model, rungs=["model", "step", "trajectory"], steps=2, forced_steps=2)
    assert {verdict.status for verdict in verdicts} == {"agrees", "known"}, check.sentence
    cause = next(verdict.cause for verdict in verdicts if verdict.status == "known")
    assert cause.startswith(
        "ledger: mindspore-tanh-rational, bound 0.00041 absolute; proven: with this computed exactly"
    )
    assert check.sentence.startswith("AGREES")


@pytest.mark.nightly
def test_a_right_port_that_meets_a_kink_is_known(check):
    verdicts = checked(check, "zero_rows", "zero_rows")
    assert {verdict.status for verdict in verdicts} == {"agrees", "known"}, check.sentence
    assert any("ledger: tensorflow-prelu-kink" in verdict.cause for verdict in verdicts)


@pytest.mark.parametrize(
    ("model", "port", "told"),
    [
        (
            "listed",
            "own",
            "in mindspore, Listed.heads is a list of cells, whose parameters MindSpore does not know",
        ),
        ("own", "own_variable", "in tensorflow, OwnVariable.shift is a tf.Variable, which Keras does not know"),
    ],
)
def test_a_part_that_is_not_registered_is_named(model, port, told, check):
    verdicts = checked(check, model, port)
    causes = [verdict.cause for verdict in verdicts if "without a partner" in verdict.subject]
    assert causes
    assert [cause for cause in causes if told not in cause] == []


def test_a_constraint_is_named_where_it_moves_a_parameter(check):
    verdicts = checked(check, "own", "own_held", rungs=["model", "trajectory"], steps=2)
    assert "tensorflow holds parameters after every update, as its layers say: sequential/dense/kernel: MaxNorm(" in (
        check.sentence
    )
    assert {verdict.status for verdict in verdicts if verdict.rung == "model"} == {"agrees"}


@pytest.mark.nightly
def test_a_constraint_on_both_sides_agrees(check):
    sides = {"tensorflow": {"builder": f"{HERE / 'faulty_pairs/vectors_tensorflow.py'}:own_held"}}
    arms = [{"use": "tensorflow_eager", "name": name} for name in ("one", "two")]
    verdicts = checked(check, "own", "own_held", rungs=["model", "trajectory"], steps=3, models=sides, arms=arms)
    assert {verdict.status for verdict in verdicts} == {"agrees"}, check.sentence


def test_a_coarse_kernel_excuses_no_fault(check):
    verdicts = checked(check, "saturating", "saturating_less")
    assert "diverges" in {verdict.status for verdict in verdicts}


def test_a_layer_without_a_kernel_is_refused_in_words(check):
    with pytest.raises(UserMistake) as mistake:
        checked(check, "unregistered", "unregistered")
    assert (
        "mindspore: vectors_mindspore.py:unregistered: layer act (mindspore.mint.nn.GELU): MindSpore has no "
        "kernel for GeluExt on a CPU; take the layer of mindspore.nn in place of that of mindspore.mint.nn"
    ) in str(mistake.value)
