"""The known forms: each makes another, valid experiment of those it concerns, and the reference tells the two apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import context_of

from harness.diagnosis.advice import hypotheses
from harness.diagnosis.forms import Form, as_written, words_by_path
from harness.diagnosis.known_forms import FORMS
from harness.judging.cases import answer
from harness.judging.context import Context
from harness.judging.ulp import error_against
from harness.rungs import activation, clipping, layer, loss, optimizer, schedule
from harness.spec.changes import at, changed
from harness.spec.vocabulary import parse

DENSE = {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}
HIDDEN = {**DENSE, "units": 6}
CONVOLUTION = {
    "kind": "conv2d",
    "filters": 2,
    "kernel_size": [3, 3],
    "strides": [2, 2],
    "padding": "same",
    "kernel_initializer": "xavier_uniform",
}
STATED: dict[str, Any] = {
    "model": {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", DENSE]},
    "loss": "softmax_cross_entropy",
    "optimizer": "sgd",
    "schedule": {"kind": "constant", "rate": 0.01},
    "training": {"epochs": 1, "batch_size": 8, "max_steps": 40},
}
PIECEWISE = {"kind": "piecewise_constant", "boundaries": [5, 9], "values": [0.1, 0.01, 0.001], "boundary": "exclusive"}
MOMENTUM = {"kind": "momentum", "momentum": 0.9, "form": "rate_outside", "dampening": 0.5}
DECAYING = {"kind": "exponential", "initial_rate": 0.1, "decay_rate": 0.5, "decay_steps": 5}


def _with_layers(*layers: Any) -> dict[str, Any]:
    return {"model": {**STATED["model"], "layers": [*layers, "flatten", DENSE]}}


def _activated(*activations: Any) -> dict[str, Any]:
    return _with_layers("flatten", *({**HIDDEN, "activation": each} for each in activations))


def _over_rows(*layers: Any) -> dict[str, Any]:
    return _with_layers({"kind": "reshape", "target_shape": [28, 28]}, *layers)


GROUPS = [
    {"parameters": "bias", "rate_factor": 0.5},
    {"parameters": "kernel", "rate_factor": 2.0, "weight_decay": 0.2},
]
ATTENTION = {"kind": "multi_head_attention", "heads": 2, "key_size": 3, "kernel_initializer": "xavier_uniform"}
GATED = {"units": 4, "kernel_initializer": "xavier_uniform", "recurrent_initializer": "orthogonal"}
# By form, experiments in which it has something to change.
CONCERNED: dict[str, list[dict[str, Any]]] = {
    "momentum form": [{"optimizer": MOMENTUM, "schedule": DECAYING}],
    "boundary": [{"schedule": PIECEWISE}],
    "epsilon place": [{"optimizer": kind} for kind in ("adam", "rmsprop", "adagrad")],
    "coupled for decoupled decay": [
        {"optimizer": "adam", "weight_decay": {"kind": "coupled", "factor": 0.1}},
        {"optimizer": {"kind": "adamw", "factor": 0.1}},
        {"optimizer": {"kind": "lamb", "factor": 0.1, "decay": "inside"}},
    ],
    "a decay that is not multiplied by the rate": [
        {"weight_decay": {"kind": "decoupled", "factor": 0.1}},
        {"optimizer": {"kind": "adamw", "factor": 0.1}},
    ],
    "bias correction": [{"optimizer": "adam"}, {"optimizer": {"kind": "adamw", "factor": 0.1}}],
    "layout": [_with_layers(CONVOLUTION)],
    "padding": [_with_layers(CONVOLUTION)],
    "batch normalisation's momentum convention": [_with_layers("batch_norm", CONVOLUTION, "batch_norm")],
    "biased for unbiased variance": [_with_layers("batch_norm")],
    "look-ahead of Nesterov momentum": [{"optimizer": MOMENTUM}],
    "dampening": [{"optimizer": MOMENTUM}],
    "staircase": [{"schedule": DECAYING}],
    "length of a decay or warm-up": [{"schedule": DECAYING}],
    "cycle": [{"schedule": {"kind": "polynomial", "initial_rate": 0.1, "end_rate": 0.01, "decay_steps": 9}}],
    "shift of the decay by the warm-up": [{"schedule": {"kind": "warmup_then", "warmup_steps": 6, "then": DECAYING}}],
    "rate of the previous step": [{"schedule": DECAYING}, {"schedule": PIECEWISE}],
    "size of epsilon": [_with_layers("batch_norm", "flatten", "layer_norm"), {"optimizer": "adadelta"}],
    "what decays": [{"weight_decay": {"kind": "decoupled", "factor": 0.1}}],
    "factor of a decay or penalty": [{"regularizer": {"kind": "l2", "l2": 0.1}}],
    "no decay": [{"regularizer": {"kind": "l2", "l2": 0.1}}, {"optimizer": {"kind": "adamw", "factor": 0.1}}],
    "clipping": [{"clipping": {"kind": "by_norm", "bound": 0.5}}],
    "sum or mean of accumulated gradients": [{"accumulation": {"kind": "mean", "batches": 2}}],
    "what the schedule counts": [{"accumulation": {"kind": "mean", "batches": 2}, "schedule": DECAYING}],
    "start of an average": [{"averaging": {"kind": "exponential", "decay": 0.9}}],
    "number of batches or updates": [
        {"accumulation": {"kind": "mean", "batches": 2}},
        {"lookahead": {"kind": "slow_weights", "steps": 3}},
        {"averaging": {"kind": "exponential", "decay": 0.9, "overwrite_every": 2}},
    ],
    "no look-ahead or replacing average": [
        {"averaging": {"kind": "exponential", "decay": 0.9, "overwrite_every": 2}},
        {"lookahead": {"kind": "slow_weights", "steps": 2, "factor": 0.8}},
    ],
    "no accumulation": [{"accumulation": {"kind": "sum", "batches": 2}}],
    "activation's variant": [_activated("gelu", "leaky_relu", "elu")],
    "activation": [
        _activated("sigmoid", "tanh", "silu", "relu"),
        _over_rows({"kind": "lstm", "return_sequences": True, **GATED}),
    ],
    "factor of the scores": [_over_rows(ATTENTION), _over_rows({**ATTENTION, "scale": 1.0})],
    "mask of an attention": [_over_rows(ATTENTION)],
    "place of a GRU's reset": [_over_rows({"kind": "gru", "use_bias": False, "return_sequences": True, **GATED})],
    "reduction of the loss": [{}],
    "label smoothing": [{}],
    "smooth-L1 for Huber": [{"loss": {"kind": "huber", "delta": 0.3}}, {"loss": {"kind": "smooth_l1", "beta": 0.3}}],
    "mean or sum over the classes": [{"loss": "kl_divergence", **_activated("softmax")}],
    "class weights": [{"loss": {"kind": "softmax_cross_entropy", "class_weights": [1.0, 2.0, *[0.5] * 8]}}],
    "loss of logits or of probabilities": [{}],
    "start of the sum of squares": [{"optimizer": "adagrad"}],
    "frozen layer": [_with_layers({**CONVOLUTION, "trainable": False})],
    "statistics of a frozen batch norm": [
        _with_layers({"kind": "batch_norm", "trainable": False}),
        _with_layers({"kind": "residual", "layers": ["batch_norm"], "trainable": False}),
    ],
    "groups of parameters": [{"optimizer": {"kind": "adamw", "factor": 0.1, "groups": GROUPS}}],
    "interpolation": [_with_layers({"kind": "upsampling2d", "size": [1, 2]})],
    "rescaling of dropout": [_with_layers({"kind": kind, "rate": 0.3}) for kind in ("dropout", "stochastic_depth")],
}
# So many updates will do to tell optimizers apart.
FIRST = 20
CASES = [(form, number) for form in FORMS for number, _ in enumerate(CONCERNED[form.name])]


@pytest.mark.parametrize(("form", "number"), CASES, ids=[f"{form.name} {number}" for form, number in CASES])
def test_the_reference_tells_the_form_from_the_stated_spec(tmp_path: Path, form: Form, number: int) -> None:
    context = context_of({**STATED, **CONCERNED[form.name][number]}, tmp_path, {"port": {}})
    tried = 0
    for changes in form.changes_of(context.stated):
        try:
            given = context.given(changes)
        except ValueError:
            continue
        tried += 1
        assert given.experiment != context.stated
        assert given.stated == context.stated
        assert any(_differ(before, after) for before, after in _answers(context, given)), changes
    assert tried


def test_every_form_is_looked_for_among_the_fewest_changes_first(tmp_path: Path) -> None:
    said_of = _with_layers("batch_norm", CONVOLUTION, "batch_norm")
    context = context_of({**STATED, **said_of}, tmp_path, {"port": {}})
    found = [(form.name, changes) for form, changes, _ in hypotheses(context, ("model",))]
    swapped = [changes for name, changes in found if name == "batch normalisation's momentum convention"]
    first, third = {"model.layers.0.momentum": 0.01}, {"model.layers.2.momentum": 0.01}
    assert swapped == [first, third, {**first, **third}]
    assert [len(changes) for _, changes in found] == sorted(len(changes) for _, changes in found)
    assert ("padding", {"model.layers.1.padding": "same_lower"}) in found


def test_what_is_said_of_a_word_is_read_back_as_it(tmp_path: Path) -> None:
    schedule_within = {"kind": "warmup_then", "warmup_steps": 3, "then": DECAYING}
    context = context_of({**STATED, "optimizer": MOMENTUM, "schedule": schedule_within}, tmp_path, {"port": {}})
    for path, word in words_by_path(context.stated):
        assert at(context.stated, path) == word
        assert changed(context.stated, {path: as_written(word)}) == context.stated
    assert parse("schedule", as_written(context.stated.schedule)) == context.stated.schedule


def _answers(context: Context, given: Context) -> Iterator[tuple[Any, Any]]:
    """What the reference answers to the cases of the rungs of words, by either spec."""
    for rung in (activation, loss, layer, clipping, optimizer):
        for case in rung.cases(context):
            other = given.replacement.of(case.given)
            if other != case.given:
                arrays = {name: v[:FIRST] if "gradient/" in name else v for name, v in case.arrays.items()}
                before, after = (answer(context.oracle, case.call, each, arrays) for each in (case.given, other))
                # What a layer learns in one spec it keeps in another.
                yield from ((before[name], after.get(name, np.empty(0))) for name in before)
    steps = schedule.probed_steps(schedule.subjects(context), context.plan.steps)
    yield tuple(schedule.oracle(each.experiment.schedule, steps) for each in (context, given))  # type: ignore[misc]


def _differ(before: Any, after: Any) -> bool:
    return np.shape(before) != np.shape(after) or bool(np.any(error_against(after, before) > 0))
