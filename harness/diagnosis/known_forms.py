"""The known forms: mistakes that are common when code is ported from one framework to another.

Each form gives the changes of a stated spec that amount to the mistake. This module only lists the candidates, the
likeliest first; `advice.py` judges whether one of them is what an arm computes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters.reference.schedules import oracle
from harness.diagnosis.forms import Fields, Form, as_written, of_words, other
from harness.spec import activations as act
from harness.spec import clipping as clip
from harness.spec import layers, losses, schedules
from harness.spec import optimizers as opt
from harness.spec import regularizers as reg
from harness.spec import weight_decay as decay
from harness.spec.accumulation import Accumulation
from harness.spec.averaging import Exponential
from harness.spec.base import Word
from harness.spec.changes import Changes
from harness.spec.experiment import Experiment
from harness.spec.lookahead import SlowWeights

# Epsilons that are the default of some framework.
EPSILONS = (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10)
# Activations that are mistaken for one another, and slopes that are the default of some framework.
LOOKALIKES = (
    ("sigmoid", "hard_sigmoid"),
    ("silu", "hard_swish"),
    ("tanh", "hard_tanh"),
    ("relu", "relu6"),
    ("softmax", "log_softmax"),
)
SLOPES = (0.01, 0.2, 0.3)
CLASSES = ("summed", "averaged")
KEPT = ("biased", "unbiased")
STARTS = ("first_update", "initial_weights")
COUNTED = ("updates", "batches")
PERIODS = ("decay_steps", "warmup_steps", "first_period")


# --- The update ------------------------------------------------------------------------------------------------------


def _momentum_form(word: Any) -> list[Fields]:
    if word.form == "rate_inside":
        return [{"form": "rate_outside"}]
    dampened = getattr(word, "dampening", 0.0) > 0
    return [{"form": "rate_inside", **({"dampening": 0.0} if dampened else {})}]


def _look_ahead(e: Experiment) -> Iterator[Changes]:
    word = e.optimizer
    if isinstance(word, opt.HeavyBall | opt.Nesterov):
        kind = "momentum" if isinstance(word, opt.Nesterov) else "nesterov"
        for form in (word.form, *({"rate_inside", "rate_outside"} - {word.form})):
            groups = {"groups": as_written(word.groups)} if word.groups else {}
            yield {"optimizer": {"kind": kind, "momentum": word.momentum, "form": form, **groups}}


def _dampening(word: opt.HeavyBall) -> list[Fields]:
    return other(word, "dampening", (word.momentum, 0.0)) if word.form == "rate_outside" else []


def _coupled(e: Experiment) -> Iterator[Changes]:
    word, beside = e.optimizer, e.weight_decay
    if isinstance(beside, decay.Coupled | decay.Decoupled):
        yield {"weight_decay.kind": "decoupled" if isinstance(beside, decay.Coupled) else "coupled"}
    if isinstance(word, opt.Adamw) and isinstance(beside, decay.NoWeightDecay):
        decay_fields = {"factor": word.factor, "decayed": word.decayed}
        plain = {name: value for name, value in as_written(word).items() if name not in decay_fields}
        yield {"optimizer": {**plain, "kind": "adam"}, "weight_decay": {"kind": "coupled", **decay_fields}}
    if isinstance(word, opt.Lamb):
        yield {"optimizer.decay": "inside" if word.decay == "decoupled" else "decoupled"}


def _rate_free(e: Experiment) -> Iterator[Changes]:
    word, beside = e.optimizer, e.weight_decay
    if isinstance(beside, decay.Decoupled):
        yield {"weight_decay.kind": "decoupled" if isinstance(beside, decay.RateFree) else "rate_free"}
    if isinstance(word, opt.Adamw) and isinstance(beside, decay.NoWeightDecay):
        decay_fields = {"factor": word.factor, "decayed": word.decayed}
        plain = {name: value for name, value in as_written(word).items() if name not in decay_fields}
        yield {
            "optimizer": {**plain, "kind": "adam"},
            "weight_decay": {"kind": "rate_free", **decay_fields},
        }


def _no_decay(e: Experiment) -> Iterator[Changes]:
    if not isinstance(e.weight_decay, decay.NoWeightDecay):
        yield {"weight_decay": {"kind": "none"}}
    if getattr(e.optimizer, "factor", 0.0):
        yield {"optimizer.factor": 0.0}
    if not isinstance(e.regularizer, reg.NoRegularizer):
        yield {"regularizer": {"kind": "none"}}


def _without_groups(e: Experiment) -> Iterator[Changes]:
    """The rate or the decay of each group as that of all other parameters; then no groups at all."""
    written = [as_written(group) for group in e.optimizer.groups]
    for number, group in enumerate(e.optimizer.groups):
        for setting in group.stated:
            rest = {name: value for name, value in written[number].items() if name != setting}
            left = [rest] if len(group.stated) > 1 else []
            yield {"optimizer.groups": [*written[:number], *left, *written[number + 1 :]]}
    if len(written) > 1:
        yield {"optimizer.groups": []}


def _scaled(word: Any) -> list[Fields]:
    names = [name for name in ("l1", "l2", "factor") if getattr(word, name, 0.0)]
    return [{name: scale * getattr(word, name) for name in names} for scale in (0.5, 2.0) if names]


def _other_clipping(e: Experiment) -> Iterator[Changes]:
    if not isinstance(e.clipping, clip.NoClipping):
        for kind in ("by_global_norm", "by_norm", "by_value"):
            if kind != e.clipping.word():
                yield {"clipping.kind": kind}
        yield {"clipping": {"kind": "none"}}


def _accumulation(word: Accumulation) -> list[Fields]:
    kinds = [kind for kind in ("mean", "sum") if word.group > 1 and kind != word.word()]
    return [{"kind": kind} for kind in kinds]


def _no_accumulation(e: Experiment) -> Iterator[Changes]:
    if e.accumulation.group > 1:
        yield {"accumulation": {"kind": "none"}}


def _counts(word: Any) -> list[Fields]:
    names = [name for name in ("batches", "steps", "overwrite_every") if getattr(word, name, None)]
    counts = {name: getattr(word, name) for name in names}
    return [
        {name: other_count}
        for name, count in counts.items()
        for other_count in (count + 1, count - 1, 2 * count, count // 2)
        if other_count > (name == "batches")
    ]


def _nothing_follows(e: Experiment) -> Iterator[Changes]:
    if e.lookahead.slot_names:
        yield {"lookahead": {"kind": "none"}}
    if getattr(e.averaging, "overwrite_every", None):
        yield {"averaging.overwrite_every": None}


# --- The schedule ----------------------------------------------------------------------------------------------------


def _boundary(word: schedules.PiecewiseConstant) -> Iterator[Fields]:
    yield {"boundary": "exclusive" if word.boundary == "inclusive" else "inclusive"}
    for offset in (1, -1):
        yield {"boundaries": [step + offset for step in word.boundaries]}


def _one_off(word: Any) -> list[Fields]:
    names = [name for name in PERIODS if hasattr(word, name)]
    return [{name: getattr(word, name) + offset} for name in names for offset in (1, -1)]


def _late(e: Experiment) -> Iterator[Changes]:
    """`rate(max(t - 1, 0))`, as a warm-up of one step that starts where it ends."""
    first = float(oracle(e.schedule, np.zeros(1, int))[0])
    yield {"schedule": {"kind": "warmup_then", "warmup_steps": 1, "start_rate": first, "then": as_written(e.schedule)}}


# --- The model and the loss ------------------------------------------------------------------------------------------


def _by_other_statistics(e: Experiment) -> Iterator[Changes]:
    """A frozen batch norm by the batch or by its moving statistics; one in a frozen layer is not frozen by itself."""
    if any(isinstance(word, layers.BatchNorm) and not word.trainable for word in e.model.words()):
        yield from of_words(layers.BatchNorm, lambda word: other(word, "frozen_statistics", ("moving", "batch")))(e)


def _momentum_convention(word: layers.BatchNorm) -> list[Fields]:
    # Rounded, because 1 - 0.99 is not exactly 0.01.
    return [{"momentum": round(1 - word.momentum, 12)}]


def _padded(word: layers.Convolution) -> list[Fields]:
    # Between `valid` and another padding the shape of the output would change.
    return other(word, "padding", ("same", "same_lower")) if word.padding != "valid" else []


def _factor_of_scores(word: layers.MultiHeadAttention) -> list[Fields]:
    return [{"scale": None if word.scale == 1 else 1.0}, *([{"scale": None}] if word.scale not in (None, 1) else [])]


def _reset(word: layers.Gru) -> list[Fields]:
    # With a bias the two have parameters of different shapes.
    return [] if word.use_bias else other(word, "reset", ("after", "before"))


def _lookalike(word: act.Activation) -> list[Fields]:
    pairs = [(a, b) for first, second in LOOKALIKES for a, b in ((first, second), (second, first))]
    return [{"kind": b} for a, b in pairs if a == word.word()]


def _variant(word: Any) -> list[Fields]:
    if isinstance(word, act.Gelu):
        return other(word, "form", ("erf", "tanh"))
    return other(word, "slope", SLOPES) + other(word, "alpha", (1.0, 0.2, 0.3))


def _from_logits(e: Experiment) -> Iterator[Changes]:
    pairs = (
        ("softmax_cross_entropy", "categorical_cross_entropy"),
        ("sigmoid_cross_entropy", "binary_cross_entropy"),
    )
    for logits, probabilities in pairs:
        if e.loss.word() in (logits, probabilities):
            kind = probabilities if e.loss.word() == logits else logits
            yield {"loss": {"kind": kind, "reduction": e.loss.reduction}}


def _smooth_l1(e: Experiment) -> Iterator[Changes]:
    if isinstance(e.loss, losses.Huber):
        yield {"loss": {"kind": "smooth_l1", "beta": e.loss.delta, "reduction": e.loss.reduction}}
    if isinstance(e.loss, losses.SmoothL1):
        yield {"loss": {"kind": "huber", "delta": e.loss.beta, "reduction": e.loss.reduction}}


MASKED = (layers.Dropout, layers.StochasticDepth)
FORMS = (
    Form("momentum form", of_words((opt.HeavyBall, opt.Nesterov), _momentum_form)),
    Form("boundary", of_words(schedules.PiecewiseConstant, _boundary)),
    Form("epsilon place", of_words(opt.Optimizer, lambda word: other(word, "epsilon_place", _places(word)))),
    Form("coupled for decoupled decay", _coupled),
    Form("bias correction", of_words(opt.Optimizer, lambda word: other(word, "bias_correction", (True, False)))),
    Form("layout", of_words(layers.Flatten, lambda word: other(word, "order", ("channels_last", "channels_first")))),
    Form("padding", of_words(layers.Convolution, _padded)),
    Form("batch normalisation's momentum convention", of_words(layers.BatchNorm, _momentum_convention)),
    Form("biased for unbiased variance", of_words(layers.BatchNorm, lambda word: other(word, "kept_variance", KEPT))),
    Form("a decay that is not multiplied by the rate", _rate_free),
    Form("frozen layer", of_words(layers.Layer, lambda word: [] if word.trainable else [{"trainable": True}])),
    Form("statistics of a frozen batch norm", _by_other_statistics),
    Form("groups of parameters", _without_groups),
    Form("factor of the scores", of_words(layers.MultiHeadAttention, _factor_of_scores)),
    Form("mask of an attention", of_words(layers.MultiHeadAttention, lambda w: other(w, "mask", ("none", "causal")))),
    Form("place of a GRU's reset", of_words(layers.Gru, _reset)),
    Form("look-ahead of Nesterov momentum", _look_ahead),
    Form("dampening", of_words(opt.HeavyBall, _dampening)),
    Form("staircase", of_words(schedules.Schedule, lambda word: other(word, "staircase", (True, False)))),
    Form("length of a decay or warm-up", of_words(schedules.Schedule, _one_off)),
    Form("cycle", of_words(schedules.Schedule, lambda word: other(word, "cycle", (True, False)))),
    Form("shift of the decay by the warm-up", of_words(schedules.WarmupThen, lambda w: [{"shifts": not w.shifts}])),
    Form("rate of the previous step", _late),
    Form("size of epsilon", of_words(Word, lambda word: other(word, "epsilon", EPSILONS))),
    Form("what decays", of_words(Word, lambda word: other(word, "decayed", ("kernels", "all")))),
    Form("factor of a decay or penalty", of_words((decay.WeightDecay, reg.Regularizer, opt.Optimizer), _scaled)),
    Form("no decay", _no_decay),
    Form("clipping", _other_clipping),
    Form("sum or mean of accumulated gradients", of_words(Accumulation, _accumulation)),
    Form("what the schedule counts", of_words(Accumulation, lambda w: other(w, "schedule_counts", COUNTED))),
    Form("no accumulation", _no_accumulation),
    Form("number of batches or updates", of_words((Accumulation, SlowWeights, Exponential), _counts)),
    Form("start of an average", of_words(Exponential, lambda w: other(w, "start", STARTS))),
    Form("no look-ahead or replacing average", _nothing_follows),
    Form("activation's variant", of_words(act.Activation, _variant)),
    Form("activation", of_words(act.Activation, _lookalike)),
    Form("reduction of the loss", of_words(losses.Loss, lambda word: other(word, "reduction", ("mean", "sum")))),
    Form("label smoothing", of_words(losses.Loss, lambda word: other(word, "label_smoothing", (0.0, 0.1)))),
    Form("smooth-L1 for Huber", _smooth_l1),
    Form("mean or sum over the classes", of_words(losses.KlDivergence, lambda w: other(w, "classes", CLASSES))),
    Form("class weights", of_words(losses.Loss, lambda word: other(word, "weighting", ("sum_of_weights", "batch")))),
    Form("loss of logits or of probabilities", _from_logits),
    Form("start of the sum of squares", of_words(opt.Adagrad, lambda w: other(w, "initial_accumulator", (0.0, 0.1)))),
    Form("interpolation", of_words(layers.Upsampling2d, lambda w: other(w, "interpolation", ("nearest", "bilinear")))),
    Form("rescaling of dropout", of_words(MASKED, lambda w: [{"rate": 0.0}, {"rate": 1 - w.rate}]), False),
)


def _places(word: Any) -> tuple[str, ...]:
    inside: tuple[str, ...] = ("before_correction", "after_correction", "inside_root")
    return inside if isinstance(word, opt.Adam | opt.Adamw) else ("inside_root", "outside_root")
