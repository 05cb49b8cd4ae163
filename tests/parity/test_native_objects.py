"""Losses, optimizers, schedules and weights of one's own: right ones agree, a planted difference is named."""

import re

import numpy as np
import pytest
from checked_pairs import HERE, checking

from harness.composition import UserMistake

RNG = np.random.default_rng(7)
VECTORS, IMAGES = RNG.normal(size=(8, 6)), RNG.normal(size=(4, 8, 8, 2))
ADAM = {"use": "adam", "epsilon": 1e-7}
COSINE = {"kind": "cosine", "initial_rate": 0.01, "decay_steps": 12}
WORDS = {"loss": "softmax_cross_entropy", "optimizer": ADAM, "schedule": COSINE}
CONSTANT = {"kind": "constant", "rate": 0.01}
ALL = {"rungs": ["schedule", "loss", "optimizer", "model", "step", "trajectory"], "steps": 12, "forced_steps": 2}


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    folder = tmp_path_factory.mktemp("native_objects")
    with checking(folder, "native_objects") as check:
        yield check


def own(mindspore, tensorflow, word=None):
    """A native object by its functions."""
    functions = {
        "mindspore": f"{HERE / 'native_objects_mindspore.py'}:{mindspore}",
        "tensorflow": f"{HERE / 'native_objects_tensorflow.py'}:{tensorflow}",
    }
    return functions if word is None else {**functions, "word": word}


RIGHT = {
    "without words": {
        "loss": own("cross_entropy", "cross_entropy"),
        "optimizer": own("adam", "adam"),
        "schedule": own("cosine", "cosine"),
    },
    "with words": {
        "loss": own("of_functions", "cross_entropy", "softmax_cross_entropy"),
        "optimizer": own("adam", "adam", ADAM),
        "schedule": own("cosine", "cosine", COSINE),
    },
    "the rate in the optimizer": {"optimizer": own("momentum", "momentum"), "schedule": None},
    "parameters in groups": {"optimizer": own("grouped", "grouped"), "schedule": CONSTANT},
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", RIGHT)
def test_right_objects_agree(check, name):
    verdicts = check("network", "network", VECTORS, **{**WORDS, **ALL, **_rungs(RIGHT[name]), **RIGHT[name]})
    assert [(v.rung, v.subject, v.cause) for v in verdicts if v.status not in ("agrees", "known")] == []


# By fault: the pair, the rung, and what is said.
FAULTS = {
    "a length of the decay": (
        {"schedule": own("cosine", "fast_cosine", COSINE)},
        "schedule",
        "first at step 1: tensorflow computes schedule.decay_steps: 4, the word says 12",
    ),
    "epochs for steps": (
        {"schedule": own("stairs", "stairs")},
        "schedule",
        "step t of tensorflow has the rate of step 3 t of mindspore: epochs for steps?",
    ),
    "smoothing over K - 1 classes": (
        {"loss": own("smoothed", "smoothed_over_others", {"use": "softmax_cross_entropy", "label_smoothing": 0.1})},
        "loss",
        "tensorflow computes loss.label_smoothing: 0.15, the word says 0.1: smoothing over K - 1 classes",
    ),
    "a sum for a mean": (
        {"loss": own("summed", "cross_entropy")},
        "loss",
        "the loss of mindspore is 8 times that of tensorflow, the number of samples",
    ),
    "an epsilon": (
        {"optimizer": own("adam_coarse", "adam", ADAM), "schedule": CONSTANT},
        "optimizer",
        "mindspore computes optimizer.epsilon: 0.001, the word says 1e-07",
    ),
    "a momentum": (
        {"optimizer": own("momentum", "more_momentum", {"kind": "momentum", "momentum": 0.9, "form": "rate_outside"})},
        "optimizer",
        "tensorflow computes optimizer.momentum: 0.95, the word says 0.9",
    ),
    "defaults": ({"optimizer": own("adam_default", "adam"), "schedule": CONSTANT}, "optimizer", "apart"),
}


@pytest.mark.sampled(8)
@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_difference_is_named_at_its_rung(check, name):
    changes, rung, told = FAULTS[name]
    words = {**WORDS, "schedule": CONSTANT, "steps": 12, "rungs": [rung]}
    verdicts = check("network", "network", VECTORS, **{**words, **changes})
    first = next(v for v in verdicts if v.status == "diverges")
    assert first.rung == rung
    assert told in check.sentence


MISTAKES = {
    "by_sample gives a loss of shape (8,)": {"loss": own("by_sample", "cross_entropy")},
    "short returned 2 rates, but steps is 12": {"schedule": own("short", "stairs")},
    "half_of_them: the optimizer must update the parameters": {"optimizer": own("half_of_them", "momentum")},
    "cosine returned CosineDecay, not an optimizer of Keras": {"optimizer": own("momentum", "cosine")},
}


@pytest.mark.nightly
@pytest.mark.parametrize("told", MISTAKES)
def test_what_cannot_be_used_is_told_before_anything_is_trained(check, told):
    with pytest.raises(UserMistake) as mistake:
        check("network", "network", VECTORS, **{**WORDS, "schedule": CONSTANT, "steps": 12, **MISTAKES[told]})
    assert told in str(mistake.value)


# By port: the sentence, or nothing for an agreement.
FORMS = {
    ("normalised", "normalised"): "",
    ("normalised", "coarse_group"): "group_norm epsilon: mindspore adds 1e-05 to the variance, tensorflow 0.02; proven",
    (
        "normalised",
        "default_layer",
    ): "layer_norm epsilon: mindspore adds 1e-12 to the variance, tensorflow 0.001; proven",
    ("padded", "normalised"): "padding: mindspore puts 1 and 1 zeros before the image, tensorflow 0 and 0",
}


@pytest.mark.nightly
@pytest.mark.parametrize(("builder", "port"), FORMS)
def test_forms_at_any_distance(check, builder, port):
    verdicts = check(builder, port, IMAGES, "channels_first")
    told = FORMS[builder, port]
    if told:
        assert told in check.sentence
    else:
        assert [(v.subject, v.cause) for v in verdicts if v.status not in ("agrees", "known")] == []


# By builder and port: whether they load the same weights.
WEIGHTS = {
    ("loaded", "loaded"): True,
    ("loaded", "loaded_weights"): True,
    ("loaded_safetensors", "loaded_safetensors"): True,
    ("loaded", "loaded_otherwise"): False,
    ("loaded_safetensors", "loaded_otherwise"): False,
}


@pytest.mark.nightly
@pytest.mark.parametrize(("builder", "port"), WEIGHTS)
def test_loaded_weights_are_compared_and_carried(check, builder, port):
    verdicts = check(builder, port, VECTORS, weights={"from": "each"})
    of_weights = next(v for v in verdicts if v.subject == "the builders' own weights")
    assert of_weights.status == ("agrees" if WEIGHTS[builder, port] else "diverges")
    if not WEIGHTS[builder, port]:
        assert re.search(r"differ in 1 of 4 parameters, first 0/bias .* by up to 0\.25", of_weights.cause)
    others = [v for v in verdicts if v is not of_weights]
    assert [(v.subject, v.cause) for v in others if v.status not in ("agrees", "known")] == []
    assert [c["refused"] for c in check.climb.built.values()] == ["", ""]


@pytest.mark.nightly
def test_either_sides_weights_may_be_the_start(check):
    check("loaded", "network", VECTORS, weights={"from": "mindspore"})
    of_mindspore = check.climb.weights
    check("network", "loaded_weights", VECTORS, weights={"from": "tensorflow"})
    assert all(np.array_equal(of_mindspore[name], check.climb.weights[name]) for name in of_mindspore)


def _rungs(words):
    """The rungs of native objects that the pair has, beside the others."""
    families = [family for family in ("schedule", "loss", "optimizer") if isinstance(words.get(family), dict)]
    native = [family for family in families if "mindspore" in words[family]]
    return {"rungs": [*native, "model", "step", "trajectory"]}
