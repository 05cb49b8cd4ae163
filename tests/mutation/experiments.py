"""What the faults are planted into: small experiments that use what they break, and arms to break it in."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.data import Dataset
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment

MINDSPORE = {"adapter": "mindspore", "mode": "pynative"}
TENSORFLOW = {"adapter": "tensorflow", "mode": "eager"}
REFERENCE = {"adapter": "reference", "mode": "numpy"}
MIXED = {"precision": "mixed_float16", "loss_scale": 128}
ARMS: dict[str, Arm] = {
    name: Arm(name=name, **said)
    for name, said in {
        "mindspore": MINDSPORE,
        "mindspore-exact": {**MINDSPORE, "realisation": "exact"},
        "mindspore-jit": {**MINDSPORE, "mode": "jit"},
        "mindspore-mixed": {**MINDSPORE, **MIXED},
        "tensorflow": TENSORFLOW,
        "tensorflow-exact": {**TENSORFLOW, "realisation": "exact"},
        "tensorflow-graph": {**TENSORFLOW, "mode": "graph"},
        "tensorflow-mixed": {**TENSORFLOW, **MIXED},
        "one": REFERENCE,
        "other": REFERENCE,
    }.items()
}
# Beside which arm's true answers those of a faulty one are judged.
BESIDE = {"mindspore": "tensorflow", "tensorflow": "mindspore", "reference": "other"}

# 20 samples in batches of 8: two whole ones and a short one, twice. The middle kernel is square, and has the shape of
# the next; the rate changes in the first epoch and in the second; the biases are not 0, so that a penalty would show.
DENSE = {"kind": "dense", "units": 12, "bias_initializer": {"kind": "uniform", "low": -0.5, "high": 0.5}}
MLP: dict[str, Any] = {
    "name": "mlp",
    "seed": 5,
    "data": "mnist5k",
    "model": {
        "input": {"shape": [28, 28, 1]},
        "layers": [
            "flatten",
            {**DENSE, "activation": "relu", "kernel_initializer": "he_normal"},
            {**DENSE, "activation": "gelu", "kernel_initializer": "xavier_uniform"},
            {**DENSE, "activation": "relu", "kernel_initializer": "xavier_uniform"},
            {**DENSE, "units": 10, "kernel_initializer": "xavier_uniform"},
        ],
    },
    "loss": {"kind": "softmax_cross_entropy", "label_smoothing": 0.1},
    "regularizer": {"kind": "l2", "l2": 0.01},
    "clipping": {"kind": "by_global_norm", "bound": 0.5},
    "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_outside"},
    "schedule": {
        "kind": "piecewise_constant",
        "boundaries": [1, 4],
        "values": [0.1, 0.05, 0.02],
        "boundary": "inclusive",
    },
    "training": {"epochs": 2, "batch_size": 8},
    "arms": [{"name": "one", **REFERENCE}, {"name": "other", **REFERENCE}],
}
CONVOLUTIONS = [
    {
        "kind": "conv2d",
        "filters": 4,
        "kernel_size": [3, 3],
        "strides": [2, 2],
        "padding": "same",
        "kernel_initializer": "he_normal",
    },
    {"kind": "batch_norm", "momentum": 0.7},
    {"kind": "activation", "activation": "relu"},
    {"kind": "max_pool2d", "pool_size": [2, 2], "strides": [2, 2]},
    {"kind": "dropout", "rate": 0.25},
    "flatten",
    {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"},
]
# As many cells of padding in all above and below as beside: turned around, the shape is the same.
GATE = {
    "kind": "conv2d",
    "filters": 2,
    "kernel_size": [1, 1],
    "kernel_initializer": "he_normal",
    "activation": "sigmoid",
}
LARGER = {"kernel_size": [3, 3], "padding": "same", "kernel_initializer": "he_normal"}
BRANCHES = [
    {"kind": "max_pool2d", "pool_size": [4, 4], "strides": [4, 4]},
    {"kind": "conv2d", "filters": 4, **LARGER},
    {"kind": "conv2d", "filters": 4, "groups": 2, **LARGER},
    {"kind": "zero_padding2d", "padding": [[1, 2], [0, 3]]},
    {"kind": "group_norm", "groups": 2},
    {"kind": "conv2d_transpose", "filters": 2, "strides": [2, 2], **LARGER},
    {"kind": "max_pool2d", "pool_size": [4, 4], "strides": [4, 4]},
    {"kind": "upsampling2d", "size": [2, 2], "interpolation": "bilinear"},
    "instance_norm",
    {
        "kind": "parallel",
        "join": "add",
        "branches": [[{"kind": "dropout", "rate": 0.5}], [{"kind": "dropout", "rate": 0.5}]],
    },
    {"kind": "parallel", "join": "multiply", "branches": [[], [GATE]]},
    {"kind": "concatenate", "layers": [GATE]},
    {"kind": "stochastic_depth", "rate": 0.5},
    "rms_norm",
    {"kind": "reshape", "target_shape": [100, 4]},
    {
        "kind": "conv1d",
        "filters": 2,
        "kernel_size": 3,
        "dilation": 2,
        "padding": "same",
        "kernel_initializer": "he_normal",
    },
    "flatten",
    {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"},
]
DRAWN = {"kind": "normal", "stddev": 0.4}
GATED = {"kernel_initializer": DRAWN, "recurrent_initializer": DRAWN, "bias_initializer": DRAWN}
ATTENTION = {"kind": "multi_head_attention", "heads": 2, "key_size": 3, "kernel_initializer": DRAWN, "use_bias": False}
SEQUENCES = [
    {"kind": "average_pool2d", "pool_size": [4, 4], "strides": [4, 4]},
    {"kind": "reshape", "target_shape": [7, 7]},
    {"kind": "position_embedding", "embeddings_initializer": DRAWN},
    {**ATTENTION, "mask": "causal", "dropout": 0.25},
    {"kind": "permute", "axes": [2, 1]},
    {**ATTENTION, "scale": 1.0, "mask": [[1] * 5 + [0, 1]] * 7},
    {"kind": "simple_rnn", "units": 5, "return_sequences": True, **GATED},
    {"kind": "lstm", "units": 5, "return_sequences": True, **GATED},
    {"kind": "gru", "units": 5, "return_sequences": True, **GATED},
    {"kind": "gru", "units": 5, "reset": "before", **GATED},
    {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"},
]
FROZEN = [
    {**CONVOLUTIONS[0], "trainable": False},
    {"kind": "batch_norm", "momentum": 0.7, "trainable": False},
    {"kind": "max_pool2d", "pool_size": [2, 2], "strides": [2, 2]},
    "flatten",
    {**DENSE, "activation": "relu", "kernel_initializer": "he_normal"},
    {**DENSE, "units": 10, "kernel_initializer": "xavier_uniform", "name": "last"},
]
CHANGES: dict[str, dict[str, Any]] = {
    "mlp": {},
    "conv": {
        "model": {"input": {"shape": [28, 28, 1]}, "layers": CONVOLUTIONS},
        "loss": "softmax_cross_entropy",
        "regularizer": "none",
        "clipping": "none",
        "optimizer": "adam",
        "schedule": {
            "kind": "exponential",
            "initial_rate": 0.01,
            "decay_rate": 0.5,
            "decay_steps": 2,
            "staircase": True,
        },
    },
    "branches": {"model": {"input": {"shape": [28, 28, 1]}, "layers": BRANCHES}},
    "sequences": {
        "model": {"input": {"shape": [28, 28, 1]}, "layers": SEQUENCES},
        "loss": "softmax_cross_entropy",
        "regularizer": "none",
        "clipping": "none",
        "optimizer": "sgd",
        "schedule": {"kind": "constant", "rate": 0.1},
    },
    "nesterov": {"optimizer": {"kind": "nesterov", "momentum": 0.9, "form": "rate_outside"}},
    "amsgrad": {"optimizer": {"kind": "adam", "amsgrad": True}},
    "decoupled": {"optimizer": "adam", "weight_decay": {"kind": "decoupled", "factor": 0.1}},
    "grouped": {
        "model": {"input": {"shape": [28, 28, 1]}, "layers": FROZEN},
        "loss": "softmax_cross_entropy",
        "regularizer": "none",
        "clipping": "none",
        "optimizer": {
            "kind": "adamw",
            "factor": 0.1,
            "decayed": "all",
            "groups": [{"parameters": "bias", "weight_decay": 0}, {"parameters": "last", "rate_factor": 0.25}],
        },
        "schedule": {"kind": "exponential", "initial_rate": 0.01, "decay_rate": 0.5, "decay_steps": 2},
    },
    "frozen": {"model": {"input": {"shape": [28, 28, 1]}, "layers": FROZEN}},
    "slow_biases": {"optimizer": {**MLP["optimizer"], "groups": [{"parameters": "bias", "rate_factor": 0.25}]}},
    "decayed_biases": {
        "optimizer": {"kind": "adam", "groups": [{"parameters": "bias", "weight_decay": 0.2}]},
        "weight_decay": {"kind": "decoupled", "factor": 0.1},
    },
    "accumulated": {
        "accumulation": {"kind": "mean", "batches": 2, "schedule_counts": "batches"},
        "clipping": "none",
    },
    "followed": {
        "clipping": "none",
        "lookahead": {"kind": "slow_weights", "steps": 2},
        "averaging": {"kind": "exponential", "decay": 0.5, "overwrite_every": 3},
    },
    "counted": {
        "accumulation": {"kind": "mean", "batches": 2, "schedule_counts": "batches"},
        "optimizer": "adam",
        "schedule": {"kind": "exponential", "initial_rate": 0.01, "decay_rate": 0.5, "decay_steps": 2},
    },
    "initializers": {"vocabulary": ["initializer"]},
    "cycles": {"suite": [{"kind": "triangular", "minimum": 0.01, "maximum": 0.1, "half_period": 3}]},
}
AUGMENTED = {"kind": "mnist5k", "augmentation": {"shift": 3, "rotate": 20, "flip": True}}
NOISY = [
    "flatten",
    {"kind": "dense", "units": 12, "activation": "rrelu", "kernel_initializer": "he_normal"},
    {"kind": "dropout", "rate": 0.25},
    {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"},
]
LATE = {
    "training": {"epochs": 5, "batch_size": 8},
    "comparison": {"free_steps": 4, "loss_margin": 0.03},
    "schedule": {"kind": "exponential", "initial_rate": 0.1, "decay_rate": 0.8, "decay_steps": 1},
}
CHANGES |= {
    "passes": {"training": {"epochs": 2, "batch_size": 8, "passes_per_epoch": 2}},
    "moved": {"data": AUGMENTED},
    "standardised": {"data": {"kind": "mnist5k", "normalisation": "standardise"}},
    "slopes": {"model": {"input": {"shape": [28, 28, 1]}, "layers": NOISY}},
    "late": LATE,
    "averaged": {
        **LATE,
        "clipping": "none",
        "accumulation": {"kind": "mean", "batches": 2},
        "lookahead": {"kind": "slow_weights", "steps": 1},
        "averaging": {"kind": "exponential", "decay": 0.5},
    },
    "noisy": {**LATE, "data": AUGMENTED, "model": {"input": {"shape": [28, 28, 1]}, "layers": NOISY}},
}


def experiment(name: str) -> Experiment:
    return Experiment.model_validate({**MLP, **CHANGES[name], "name": name})


def digits() -> Dataset:
    """Of no digit in particular: 20 to train on and 20 to test on."""
    rng = np.random.default_rng(4)

    def part(count: int) -> tuple[Any, Any]:
        return rng.integers(0, 256, (count, 28, 28, 1), np.uint8), rng.integers(0, 10, count).astype(np.int32)

    (x_train, y_train), (x_test, y_test) = part(20), part(20)
    return Dataset(x_train, y_train, x_test, y_test, "noise")
