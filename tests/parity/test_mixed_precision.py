"""Mixed precision in both frameworks: layers of every kind, with a factor of the loss and with a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import word_answers
from residents import Resident

from adapters.setting import Setting
from harness.composition.capabilities import realisation
from harness.data import load
from harness.judging.cases import Case
from harness.judging.context import Answer, Context
from harness.plan import draw_plan
from harness.records.tensor_key import keyed
from harness.records.verdict import Verdict
from harness.rungs import registry
from harness.spec.activations import Prelu
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.spec.layers import (
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    Dense,
    DepthwiseConv2d,
    Lstm,
    MultiHeadAttention,
    PositionEmbedding,
    SeparableConv2d,
)
from harness.spec.model import place
from harness.worker.sharing import share

ASKED = ("activation", "loss", "layer", "optimizer", "model", "step", "trajectory")
DENSE = {"kind": "dense", "kernel_initializer": "xavier_uniform"}
CONV = {"kind": "conv2d", "kernel_size": [3, 3], "padding": "same", "kernel_initializer": "he_normal"}
MLP = ["flatten", {**DENSE, "units": 16, "activation": "relu"}, {**DENSE, "units": 16, "activation": "tanh"}]
CNN = [
    {**CONV, "filters": 4, "activation": "relu"},
    {"kind": "max_pool2d", "pool_size": [2, 2], "strides": [2, 2]},
    {**CONV, "filters": 6, "strides": [2, 2]},
    {"kind": "batch_norm", "momentum": 0.9},
    {"kind": "activation", "activation": "relu"},
    {"kind": "residual", "layers": [{**CONV, "filters": 6, "activation": "relu"}]},
    {"kind": "average_pool2d", "pool_size": [2, 2], "strides": [2, 2]},
    {"kind": "dropout", "rate": 0.25},
    "flatten",
]
IMAGES = [
    {"kind": "max_pool2d", "pool_size": [4, 4], "strides": [4, 4]},
    {**CONV, "filters": 4, "activation": "tanh"},
    {"kind": "group_norm", "groups": 2},
    {**CONV, "kind": "conv2d_transpose", "filters": 4, "strides": [2, 2], "activation": "relu"},
    {"kind": "instance_norm"},
    {"kind": "max_pool2d", "pool_size": [2, 2], "strides": [2, 2]},
    {"kind": "upsampling2d", "size": [2, 2], "interpolation": "nearest"},
    {"kind": "average_pool2d", "pool_size": [4, 4], "strides": [4, 4]},
    {"kind": "rms_norm"},
    {"kind": "upsampling2d", "size": [2, 2], "interpolation": "bilinear"},
    "flatten",
]
ROWS = {"kind": "reshape", "target_shape": [28, 28]}
SEQUENCES = [
    ROWS,
    {
        "kind": "conv1d",
        "filters": 8,
        "kernel_size": 3,
        "strides": 4,
        "padding": "same",
        "kernel_initializer": "he_normal",
        "activation": "relu",
    },
    {"kind": "position_embedding", "embeddings_initializer": {"kind": "normal", "mean": 0.0, "stddev": 0.1}},
    {"kind": "group_norm", "groups": 4},
    "flatten",
]
HEADS = {"kind": "multi_head_attention", "heads": 2, "key_size": 3, "kernel_initializer": "xavier_uniform"}
SMALLER = [
    {"kind": "average_pool2d", "pool_size": [4, 4], "strides": [4, 4]},
    {"kind": "reshape", "target_shape": [7, 7]},
]
ATTENTION = [
    *SMALLER,
    {"kind": "position_embedding", "embeddings_initializer": {"kind": "normal", "stddev": 0.5}},
    {**HEADS, "mask": "causal"},
    {"kind": "residual", "layers": [{**HEADS, "dropout": 0.25}]},
    "flatten",
]
RECURRENT = {
    "units": 6,
    "kernel_initializer": "xavier_uniform",
    "recurrent_initializer": "xavier_uniform",
    "return_sequences": True,
}
RECURRENCES = [
    *SMALLER,
    {**RECURRENT, "kind": "simple_rnn"},
    {**RECURRENT, "kind": "lstm"},
    {**RECURRENT, "kind": "gru"},
    {**RECURRENT, "kind": "gru", "reset": "before", "return_sequences": False},
]
MODELS = {
    "mlp": MLP,
    "cnn": CNN,
    "images": IMAGES,
    "sequences": SEQUENCES,
    "attention": ATTENTION,
    "recurrences": RECURRENCES,
}
# Gradients times 2^17 overflow, so that the first updates are skipped, and so are some after it was doubled again.
RULE = {"initial": 2.0**22, "factor": 2.0, "window": 2}
STATED: dict[str, Any] = {
    "name": "mixed",
    "seed": 3,
    "data": "mnist5k",
    "loss": "softmax_cross_entropy",
    "optimizer": "adam",
    "schedule": {"kind": "exponential", "initial_rate": 0.003, "decay_rate": 0.5, "decay_steps": 10},
    "training": {"epochs": 1, "batch_size": 32, "max_steps": 16},
}
BFLOAT16 = 2.0**-8  # half of the distance of 1 to the next number: terms and their sum are rounded by so much
MODES = {"compiled": ("jit", "graph"), "eager": ("pynative", "eager")}
EVERY_DAY = {
    ("mlp", "compiled"),
    ("cnn", "eager"),
    ("images", "compiled"),
    ("sequences", "compiled"),
}


def verdicts(
    start: Callable[..., dict[str, Resident]], scratch: Path, layers: list[Any], modes: str, **fields: Any
) -> tuple[Context, list[Verdict]]:
    """What the rungs say of both frameworks, whose arms have these fields."""
    arms = [
        {"name": adapter, "adapter": adapter, "mode": mode, **fields}
        for adapter, mode in zip(("mindspore", "tensorflow"), MODES[modes], strict=True)
    ]
    model = {"input": {"shape": [28, 28, 1]}, "layers": [*layers, {**DENSE, "units": 10}]}
    experiment = Experiment.model_validate({**STATED, "model": model, "arms": arms})
    data = load(experiment.data)
    context = Context(experiment, draw_plan(experiment, len(data.x_train)), data, scratch)
    share(scratch, experiment, context.plan, data)
    questions = {rung: registry.questions()[rung] for rung in ASKED}
    payloads = {rung: question.ask(context) for rung, question in questions.items()}
    residents = start(list(experiment.arms), scratch)

    def answers(resident: Resident) -> dict[str, Answer]:
        return {
            rung: Answer(resident.arm, *resident.ask(questions[rung].task, **payload))
            for rung, payload in payloads.items()
        }

    with ThreadPoolExecutor(len(residents)) as pool:
        told = dict(zip(residents, pool.map(answers, residents.values()), strict=True))
    found = [
        verdict
        for rung, question in questions.items()
        for verdict in question.judge(context, {arm: told[arm][rung] for arm in told})
    ]
    return context, found


def shown(found: list[Verdict]) -> str:
    """What does not agree, in words."""
    return "\n".join(
        f"{v.rung} | {v.subject} | {v.status} | {v.culprit} | {v.error_over_tolerance} | {v.worst_index} | {v.cause}"
        for v in found
        if v.status not in ("agrees", "known")
    )


@pytest.mark.parametrize(
    ("name", "modes"),
    [pytest.param(*each, marks=[] if each in EVERY_DAY else pytest.mark.nightly) for each in product(MODELS, MODES)],
)
def test_both_frameworks_agree_in_mixed_float16(start, tmp_path, name, modes) -> None:  # type: ignore[no-untyped-def]
    _, found = verdicts(start, tmp_path, MODELS[name], modes, precision="mixed_float16", loss_scale=1024)
    assert not shown(found), shown(found)
    by_rung = Counter(verdict.rung for verdict in found)
    assert all(by_rung[rung] for rung in ASKED)


@pytest.mark.parametrize("modes", ["compiled", pytest.param("eager", marks=pytest.mark.nightly)])
def test_both_frameworks_skip_the_same_updates_by_a_rule(start, tmp_path, modes) -> None:  # type: ignore[no-untyped-def]
    context, found = verdicts(start, tmp_path, MLP, modes, precision="mixed_float16", loss_scale=RULE)
    assert not shown(found), shown(found)
    (losses,) = [verdict for verdict in found if verdict.subject.startswith("free run: train_loss")]
    assert losses.subject.endswith("steps 0 to 15")
    assert "updates are skipped" in losses.cause
    assert context.oracle.loss_scale.window == 2


def test_layers_that_are_not_made_so_are_refused_by_name() -> None:
    """Before any framework is started."""
    for adapter, mode in (("mindspore", "jit"), ("tensorflow", "graph")):
        arm = Arm(name=adapter, adapter=adapter, mode=mode, precision="mixed_float16")
        word = Prelu.specimens()[0]
        assert Setting.of(arm).half == "float16"
        assert realisation(arm, word).reason == "prelu is not made in mixed precision yet"


def test_layers_without_a_kernel_are_refused_with_its_name() -> None:
    """On a CPU in bfloat16, and in MindSpore alone."""
    kernels = {
        Conv1d: "Conv2D",
        Conv2dTranspose: "Conv2DBackpropInput",
        Lstm: "MatMul",
        MultiHeadAttention: "BatchMatMul",
        PositionEmbedding: "ReduceSum",
    }
    for adapter, mode in (("mindspore", "jit"), ("tensorflow", "graph")):
        arm = Arm(name=adapter, adapter=adapter, mode=mode, device="cpu", precision="mixed_bfloat16")
        for word, kernel in kernels.items():
            reason = f"MindSpore has no CPU kernel of {kernel} in bfloat16" if adapter == "mindspore" else ""
            for specimen in word.specimens():
                made = realisation(arm, specimen)
                assert (made.kind == "unsupported") == bool(reason)
                assert made.reason == reason or not reason


def test_gradients_of_biases_over_many_positions_are_whole_in_tensorflow(in_tensorflow: Any) -> None:
    """On a CPU in bfloat16, where Keras' own layers lose most of them."""
    initializers = dict.fromkeys(("kernel_initializer", "depthwise_initializer", "pointwise_initializer"), "zeros")
    image = {"filters": 2, "kernel_size": (1, 1)}
    shapes: dict[Any, tuple[int, ...]] = {
        Dense: (3,),
        Conv1d: (1000, 1),
        Conv2d: (30, 30, 1),
        DepthwiseConv2d: (30, 30, 2),
        SeparableConv2d: (30, 30, 1),
        Conv2dTranspose: (30, 30, 1),
    }
    sizes: dict[Any, dict[str, Any]] = {Dense: {"units": 2}, Conv1d: {"filters": 2, "kernel_size": 1}}
    cases, wanted = [], []
    for layer, shape in shapes.items():
        fields = {**initializers, **sizes.get(layer, image)}
        word = layer(**{name: value for name, value in fields.items() if name in layer.model_fields})
        (placed,) = place((word,), shape)
        samples = 20 if len(shape) > 1 else 20_000
        weights = {p.name: np.zeros(p.shape, np.float32) for p in placed.parameters}
        upstream = np.random.default_rng(0).normal(1, 1, (samples, *placed.output_shape)).astype(np.float32)
        arrays = {"x": np.ones((samples, *shape), np.float32), "upstream": upstream, "training": np.array(True)}
        cases.append(Case(word, placed, {**arrays, **keyed("weight", weights)}))
        wanted.append(upstream.reshape(-1, 2).sum(axis=0, dtype=np.float64))
    arms = [
        Arm(name=mode, adapter="tensorflow", mode=mode, device="cpu", precision="mixed_bfloat16")
        for mode in ("graph", "eager")
    ]
    for found in in_tensorflow(word_answers.to_cases, arms, cases).values():
        for answer, total in zip(found, wanted, strict=True):
            np.testing.assert_allclose(answer["gradient/bias"], total, rtol=2 * BFLOAT16)
