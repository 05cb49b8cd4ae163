"""Every layer that users of both frameworks write runs as a side of a pair does, and in float64 is the same function.

The measure of a pair is its float64 run. Here each layer's is compared with its float32 run, its gradient with finite
differences, which only a gradient that is computed in float64 throughout can meet.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from typing import Any

import numpy as np
import own_layers_of
import pytest
from quiet import hush

TIMEOUT_S = 600.0
MODES = {"mindspore": "pynative", "tensorflow": "eager"}
BY_DAY = {"layers": 24, "models": 5}  # of as many one is tried by day
ROUNDING = 5e-3  # of float32, relative: a batch normalisation of three samples magnifies it most
SLOPE = 1e-7  # a gradient in float32 is off by more

Ask = Callable[..., Any]


@pytest.fixture(scope="module", params=MODES)
def framework(request: pytest.FixtureRequest) -> Iterator[tuple[str, Ask]]:
    """A process of its own: a pair's worker replaces MindSpore's kernels in float64, which other tests look at."""
    name: str = request.param
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn, initializer=hush) as pool:
        yield name, lambda function, *given: pool.submit(function, *given).result(TIMEOUT_S)


def test_every_layer_is_the_same_function_in_float64(framework: tuple[str, Ask]) -> None:
    name, ask = framework
    every = _every("layers")
    count, answers = ask(own_layers_of.all_measured, name, MODES[name], every)
    assert count > 80
    assert len(answers) >= count // every
    wrong = {layer: told for layer, answer in answers.items() if (told := _wrong(answer))}
    assert wrong == {}


def _every(what: str) -> int:
    return 1 if os.environ.get("TWINRUN_NIGHTLY") else BY_DAY[what]


def _wrong(answer: dict[str, Any]) -> str:
    """Why an answer is not that of a layer that computes the same in both precisions; empty if it is."""
    if "told" in answer:
        return str(answer["told"])
    worst = max(answer["off"], key=answer["off"].get)
    if not (answer["off"][worst] < ROUNDING and answer["finite"]):
        return f"{worst} is {answer['off'][worst]:g} off in float32"
    if not answer["slope_off"] < SLOPE:
        return f"the gradient is {answer['slope_off']:g} off a finite difference"
    if answer["dtypes"] != ["float64"]:
        return f"computes {answer['dtypes']}"
    return "" if np.all(np.isfinite(answer["losses"])) else f"losses {answer['losses']}"


def test_a_gradient_in_float32_is_noticed() -> None:
    right = {"off": {"output": 1e-6}, "slope_off": 1e-9, "finite": True, "dtypes": ["float64"], "losses": [1.0]}
    assert _wrong(right) == ""
    for change in (
        {"off": {"output": 0.1}},
        {"slope_off": 1e-6},
        {"slope_off": np.nan},
        {"finite": False},
        {"dtypes": ["float32", "float64"]},
        {"losses": [np.inf]},
        {"told": "TypeError"},
    ):
        assert _wrong({**right, **change})


ROWS = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
USERS, ITEMS = np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32) * 2
NAMED = {"users": USERS, "items": ITEMS}
TARGETS, LABELS = np.zeros((4, 3), np.float32), np.array([0, 1, 2, 1], np.int32)
BINARY = np.array([[0.0], [1.0], [1.0], [0.0]], np.float32)
IMAGES = np.random.default_rng(0).normal(size=(4, 8, 6, 3)).astype(np.float32)
STEPS = np.random.default_rng(0).normal(size=(4, 7, 6)).astype(np.float32)
# By builder: x, y, and the outputs' names and shapes, or what is told.
WHOLE: dict[str, tuple[Any, Any, Any]] = {
    "ncf": ((USERS, ITEMS), BINARY, [("", (4, 1))]),
    "ncf, by name": ({"items": ITEMS, "users": USERS}, BINARY, [("", (4, 1))]),
    "ncf, of one": (USERS, BINARY, "takes 2 inputs (users, items), and a batch's x is one array; yield ((a, b), y)"),
    "ncf, of three": ((USERS, ITEMS, ITEMS), BINARY, "takes 2 inputs (users, items); x has 3 arrays"),
    "ncf, of another name": ({"user": USERS, "items": ITEMS}, BINARY, "x has 2 arrays: user (4,), items (4,)"),
    "of_mapping": (NAMED, BINARY, [("", (4, 1))]),
    "one": (ROWS, TARGETS, [("", (4, 3))]),
    "one, of labels": (ROWS, LABELS, [("", (4, 3))]),
    "one, beyond the classes": (
        ROWS,
        LABELS + 1,
        "the labels in y go from 1 to 3, and the output of the model has 3 c",
    ),
    "one, below them": (ROWS, LABELS - 1, "the labels in y go from -1 to 1, and the output of the model has 3 classes"),
    "one, of other targets": (ROWS, np.zeros((4, 5), np.float32), "y has shape (4, 5) and float32, the output of the"),
    "one, of other rows": (ROWS[:, :5], TARGETS, "does not take a batch of shape (4, 5), channels last"),
    "several": (ROWS, TARGETS, [("0", (4, 3)), ("1.0", (4, 6))]),
    "several, with a target each": (ROWS, (TARGETS, ROWS), [("0", (4, 3)), ("1.0", (4, 6))]),
    "several, with three targets": (ROWS, (TARGETS,) * 3, "y has 3 parts (0, 1, 2), the model 2 outputs (0, 1.0)"),
    "mapping": (ROWS, {"state": ROWS}, [("logits", (4, 3)), ("state", (4, 6))]),
    "auxiliary": (ROWS, TARGETS, [("", (4, 3))]),
    "auxiliary, with a target each": (ROWS, (TARGETS, TARGETS), [("", (4, 3))]),
    "number": (ROWS, TARGETS, "the model returns a number (float); it must return tensors"),
    "scalar": (ROWS, TARGETS, "the output of the model has shape (), whose first axis is not that of the 4 samples"),
    "with_loss": (ROWS, LABELS, "a model that takes labels and returns its loss cannot be compared"),
    "wrapped": (ROWS, TARGETS, [("", (4, 3))]),
    "trained": (ROWS, TARGETS, [("", (4, 3))]),
    "graph_mode": (ROWS, TARGETS, [("", (4, 3))]),
    "compiled": (ROWS, TARGETS, [("", (4, 3))]),
    "masked": ((ROWS, ROWS > 0), TARGETS, [("", (4, 3))]),
    "tagging": (STEPS, np.zeros((4, 7), np.int32), [("", (4, 7, 4))]),
    "tagging, with one target": (STEPS, np.zeros((4, 7, 4), np.float32), [("", (4, 7, 4))]),
    "tagging, of other steps": (
        STEPS,
        np.zeros((4, 6), np.int32),
        "y has shape (4, 6) and int32, the output of the mod",
    ),
    "the_class": (ROWS, TARGETS, "the_class returned the class Net, not an instance; it must return a"),
    "with_optimizer": (ROWS, TARGETS, "returned a tuple with the model among its 2 elements; it must return a"),
    "dropping": (ROWS, TARGETS, [("", (4, 3))]),
    "frozen": (ROWS, TARGETS, [("", (4, 3))]),
    "in_16_bits": (ROWS, TARGETS, [("", (4, 3))]),
    "held_in_16_bits": (
        ROWS,
        TARGETS,
        "other parameters in float16; layers may compute in 16 bits, but what is trained",
    ),
}
ONLY: dict[str, dict[str, tuple[Any, Any, Any]]] = {
    "mindspore": {
        "segmenting": (IMAGES, np.zeros((4, 8, 6), np.int32), [("", (4, 5, 8, 6))]),
        "constants": (ROWS, TARGETS, [("", (4, 3))]),
        "raising": (ROWS, TARGETS, "of shape (4, 6), channels last (at layer 1: ValueError: no such luck)"),
        "in_a_model": (ROWS, TARGETS, "returned a Model, whose _network is the model; it must return an nn.Cell"),
    },
    "tensorflow": {
        "segmenting": (IMAGES, np.zeros((4, 8, 6), np.int32), [("", (4, 8, 6, 5))]),
        "functional_ncf": ((USERS, ITEMS), BINARY, [("", (4, 1))]),
        "functional_ncf, by name": (NAMED, BINARY, [("", (4, 1))]),
        "functional_ncf, of one": (USERS, BINARY, "the model takes 2 inputs (users, items); x has shape (4,)"),
        "functional_of_names": (NAMED, BINARY, [("", (4, 1))]),
        "functional_of_names, in order": ((USERS, ITEMS), BINARY, [("", (4, 1))]),
    },
}
IGNORED = {
    "mindspore": {
        "wrapped": "WithLossCell with MSELoss: only the network in it is compared",
        "trained": "TrainOneStepCell with Momentum (learning_rate 0.5), WithLossCell with MSELoss: only the network",
        "compiled": "Compiled.construct: compiled only as the arm's mode says, not by ms.jit",
    },
    "tensorflow": {
        "wrapped": "compiled with optimizer SGD (learning_rate 0.5), loss mse, metrics: only the network in it",
        "trained": "a train_step of OwnStep's own: only the network in it is compared",
        "compiled": "Compiled.call: compiled only as the arm's mode says, not by tf.function",
    },
}


def test_whole_models_are_taken_or_refused_in_words(framework: tuple[str, Ask]) -> None:
    name, ask = framework
    cases = dict(list({**WHOLE, **ONLY[name]}.items())[:: _every("models")])
    asked = {
        case: (case.partition(",")[0], x, y, "channels_first" if case == "segmenting" else "channels_last")
        for case, (x, y, _) in cases.items()
        if not (name == "tensorflow" and case == "segmenting")
    }
    if name == "tensorflow" and "segmenting" in cases:
        asked["segmenting"] = ("segmenting", *cases["segmenting"][:2], "channels_last")
    answers = ask(own_layers_of.all_built, name, MODES[name], asked)
    wrong = {}
    for case, (_, _, expected) in cases.items():
        answer = answers[case]
        ignored = " ".join(answer.get("ignored", []))
        right = expected in answer["told"] if isinstance(expected, str) else answer.get("outputs") == expected
        if not (right and ignored.startswith(IGNORED[name].get(case, "")) and bool(ignored) == (case in IGNORED[name])):
            wrong[case] = answer
    assert wrong == {}


def test_the_loss_of_several_outputs_is_the_sum(framework: tuple[str, Ask]) -> None:
    name, ask = framework
    asked = {
        "first": ("several", ROWS, TARGETS, "channels_last"),
        "second": ("mapping", ROWS, {"state": ROWS}, "channels_last"),
        "both": ("several", ROWS, (TARGETS, ROWS), "channels_last"),
    }
    losses = {case: answer["loss"] for case, answer in ask(own_layers_of.all_built, name, MODES[name], asked).items()}
    assert losses["first"] > 0
    np.testing.assert_allclose(losses["both"], losses["first"] + losses["second"], rtol=1e-6)
