"""Hints where people first reach: keys that other frameworks have, and what says the same here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Tree = Mapping[str, Any]
Hint = Callable[[Tree, str], str]

RATE_FIELDS = ("rate", "initial_rate", "target_rate", "maximum")  # of schedules
RATE_KEYS = ("lr", "learning_rate", "rate")
DECAYING_INSIDE = ("adamw", "lamb")  # optimizers with a decay of their own, `factor`


def hint_for(path: tuple[str, ...], value: str, tree: Tree) -> str:
    """What to type in place of a key that does not exist, in words; empty if there is no hint.

    `value`: as it was typed. `tree`: the config around the key.
    """
    if path[-1] in RATE_KEYS and path[:2] == ("optimizer", "groups"):
        return f"the rate of a group is rate_factor times that of the schedule: {'.'.join(path[:-1])}.rate_factor=0.1"
    if path[-1] in RATE_KEYS and path[:-1] in ((), ("optimizer",), ("training",), ("schedule",)):
        return _rate(tree, value)
    hint = HINTS.get(".".join(path[-2:])) if len(path) > 1 else HINTS.get(path[0])
    return hint(tree, value) if hint else ""


def weight_decay_hint(value: str) -> str:
    """What to type for a factor of weight decay."""
    return (
        f"the factor is typed weight_decay=decoupled weight_decay.factor={value} (or coupled, which goes through the "
        "optimizer's rule, as weight_decay= of MindSpore's and PyTorch's Adam does)"
    )


def accumulation_hint(value: str) -> str:
    """What to type for a number of batches whose gradients are accumulated."""
    return (
        f"the number of batches is typed accumulation=mean accumulation.batches={value} (or sum), and "
        "accumulation.schedule_counts=batches where the schedule's step is the batch, as in Keras"
    )


def averaging_hint(value: str) -> str:
    """What to type for the decay of an average of the weights."""
    return f"the average of the weights is typed averaging=exponential averaging.decay={value}"


def _rate(tree: Tree, value: str) -> str:
    schedule = tree.get("schedule")
    fields = schedule if isinstance(schedule, Mapping) else {}
    field = next((name for name in RATE_FIELDS if name in fields), "")
    typed = f"schedule.{field}={value}" if field else f"schedule=constant schedule.rate={value}"
    kind = f", whose kind is {fields['kind']} here" if field and "kind" in fields else ""
    return f"the rate belongs to the schedule{kind}: {typed}"


def _weight_decay(tree: Tree, value: str) -> str:
    optimizer = tree.get("optimizer")
    kind = optimizer.get("kind") if isinstance(optimizer, Mapping) else optimizer
    if kind in DECAYING_INSIDE:
        return f"the decay of {kind} is optimizer.factor={value}"
    return weight_decay_hint(value)


def _beta(tree: Tree, value: str) -> str:
    return (
        f"loss=smooth_l1 loss.beta={value} is SmoothL1Loss(beta={value}); huber with loss.delta={value} is {value} "
        "times as large: huber(delta) = delta * smooth_l1(beta=delta)"
    )


HINTS: dict[str, Hint] = {
    "optimizer.weight_decay": _weight_decay,
    "optimizer.wd": _weight_decay,
    "loss.beta": _beta,
    "optimizer.betas": lambda tree, value: "they are two numbers: optimizer.beta1=0.9 optimizer.beta2=0.999",
    "optimizer.nesterov": lambda tree, value: "it is an optimizer of its own: optimizer=nesterov",
    "optimizer.use_nesterov": lambda tree, value: "it is an optimizer of its own: optimizer=nesterov",
    "optimizer.clipnorm": lambda tree, value: f"clipping is a word of its own: clipping=by_norm clipping.bound={value}",
    "optimizer.clipvalue": lambda tree, value: (
        f"clipping is a word of its own: clipping=by_value clipping.bound={value}"
    ),
    "optimizer.global_clipnorm": lambda tree, value: (
        f"clipping is a word of its own: clipping=by_global_norm clipping.bound={value}"
    ),
    "optimizer.gradient_accumulation_steps": lambda tree, value: accumulation_hint(value),
    "optimizer.use_ema": lambda tree, value: averaging_hint("0.99"),
    "optimizer.ema_momentum": lambda tree, value: averaging_hint(value),
    "optimizer.ema_overwrite_frequency": lambda tree, value: (
        f"the average is a word of its own: averaging=exponential averaging.overwrite_every={value}"
    ),
    "optimizer.lookahead": lambda tree, value: (
        "it is a word of its own: lookahead=slow_weights lookahead.steps=5 lookahead.factor=0.5"
    ),
    "training.accumulate_grad_batches": lambda tree, value: accumulation_hint(value),
    "loss.from_logits": lambda tree, value: (
        "losses of logits and of probabilities have names of their own: softmax_cross_entropy and "
        "sigmoid_cross_entropy take logits, categorical_cross_entropy and binary_cross_entropy probabilities"
    ),
}


# What to type in place of a number, for a family of words.
OF_A_NUMBER: dict[str, Callable[[str], str]] = {
    "weight_decay": weight_decay_hint,
    "accumulation": accumulation_hint,
    "averaging": averaging_hint,
}


def reduction_hint(path: tuple[str, ...], value: object, tree: Tree) -> str:
    """What to type for a reduction that has another name here; empty if there is none."""
    if path[-1:] != ("reduction",):
        return ""
    loss = tree.get("loss")
    kind = loss.get("kind") if isinstance(loss, Mapping) else loss
    if value == "batchmean" and kind == "kl_divergence":
        return "batchmean is loss.reduction=mean loss.classes=summed, the mean over all elements loss.classes=averaged"
    if value == "batchmean":
        return "it is loss.reduction=mean, the mean over the samples"
    if value == "sum_over_batch_size":
        return "it is loss.reduction=mean"
    return "a training needs one number: mean or sum" if value in ("none", None) else ""
