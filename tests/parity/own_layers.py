"""One layer of a framework as a user's model, run as a side of a pair runs it: in float32, in float64, and in training.

The functions are called in the framework's process. The model is a layer behind a parameter by which its input is
multiplied, so that the gradient by the input is seen too.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import adapters
from adapters.user_data import mapped
from harness.spec.arm import Arm
from harness.spec.losses import MeanSquaredError
from harness.spec.optimizers import Adam
from harness.spec.recipe import Update
from harness.spec.schedules import Constant

STEP = 1e-5  # of the finite differences, which are then right to about 1e-9
SEED = 3


def measured(adapter: str, mode: str, file: str, function: str, x: Any) -> dict[str, Any]:
    """What a layer does in both precisions.

    `off`: the largest distance of float32 from float64, of the output and of each gradient, relative to the largest.
    `slope_off`: the distance of the gradient from a finite difference in float64, relative. `losses`: of three updates
    in float32.
    """
    single, double = (_model(adapter, mode, file, function, x, precision) for precision in ("float32", "float64"))
    single.without_dropout()
    double.without_dropout()
    double.set_weights({name: value.astype(np.float64) for name, value in single.weights().items()})
    start = single.weights()
    y = np.random.default_rng(SEED).normal(size=single.outputs[0].shape).astype(np.float32)
    for training in (False, True):
        single.traced(x, training)
        double.traced(x, training)
    single.set_weights(start)
    double.set_weights({name: value.astype(np.float64) for name, value in start.items()})
    off = {"output": _off(single.forward(x)[0], double.forward(x)[0])}
    (_, in_single), (_, in_double) = (model.loss_and_gradients(x, y) for model in (single, double))
    # A gradient may be all rounding, as that of a bias of keys: the largest of all tensors is the measure.
    size = max(float(np.max(np.abs(value))) for value in in_double.values())
    for name in in_single:
        off[name] = float(np.max(np.abs(in_single[name] - in_double[name]))) / size
    slope_off = _slope_off(double, x, y, start, in_double)
    names = {p.name: p.name for p in single.parameters() if p.trainable}
    single.set_weights(start)
    single.begin(Update(optimizer=Adam(), schedule=Constant(rate=0.01)), names, 3)
    losses = [single.step(x, y) for _ in range(3)]
    finite = all(np.isfinite(value).all() for value in in_double.values())
    # Without a path to the loss a gradient is 0, in any precision.
    dtypes = sorted({str(value.dtype) for value in (double.forward(x)[0], *in_double.values()) if np.any(value)})
    return {
        "off": off,
        "slope_off": slope_off,
        "losses": losses,
        "composed": double.composed,
        "finite": finite,
        "dtypes": dtypes,
        "calls": [call.layer for call in single.traced(x, True)],
    }


def built(adapter: str, mode: str, file: str, function: str, x: Any, y: Any, layout: str = "channels_last") -> Any:
    """The outputs, the loss and the sentences on what is ignored of a model in float32, or the mistake that is told."""
    try:
        model = _model(adapter, mode, file, function, x, "float32", layout)
        model.require_targets(mapped(lambda values: np.asarray(values)[None], y))
        loss, gradients = model.loss_and_gradients(x, y)
        outputs = [(output.name, output.shape) for output in model.outputs]
    except Exception as error:
        return {"told": f"{type(error).__name__}: {error}"}
    return {"outputs": outputs, "loss": loss, "gradients": sorted(gradients), "ignored": model.ignored, "told": ""}


def _model(
    adapter: str, mode: str, file: str, function: str, x: Any, precision: Any, layout: str = "channels_last"
) -> Any:
    arm: Any = Arm(name="own", adapter=adapter, mode=mode, precision="float32")
    setting = replace(adapters.load(arm).setting, precision=precision, exact=precision == "float64")  # type: ignore[attr-defined]
    models = adapters.info(adapter).user_models
    assert models is not None
    path = str(Path(__file__).parent / file)
    return import_module(models.module).user_model(path, function, layout, MeanSquaredError(), SEED, setting, x)


def _slope_off(model: Any, x: Any, y: Any, start: Any, gradients: Any) -> float:
    generator = np.random.default_rng(SEED + 1)
    exact = {name: value.astype(np.float64) for name, value in start.items()}
    directions = {name: generator.normal(size=exact[name].shape) for name in gradients}
    losses = []
    for sign in (1, -1):
        moved = {name: exact[name] + sign * STEP * direction for name, direction in directions.items()}
        model.set_weights({**exact, **moved})
        losses.append(model.loss_and_gradients(x, y)[0])
    model.set_weights(exact)
    slope = (losses[0] - losses[1]) / (2 * STEP)
    expected = sum(float((gradients[name] * directions[name]).sum()) for name in gradients)
    scale = sum(float(np.linalg.norm(gradients[name])) for name in gradients)
    return abs(slope - expected) / (scale + 1e-12)


def _off(value: Any, exact: Any) -> float:
    return float(np.max(np.abs(value - exact), initial=0.0) / (np.max(np.abs(exact), initial=0.0) + 1e-12))
