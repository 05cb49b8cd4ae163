"""A gradient of the reference, beside matrix products of the shapes of its convolutions: ratios of one run."""

import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from rounds import rounds

from harness.composition import compose
from harness.data.loading import load
from harness.judging.context import Context
from harness.plan import draw_plan

CONVOLUTION = (
    "{kind: conv2d, filters: 32, kernel_size: [3, 3], padding: same, use_bias: false, kernel_initializer: he_normal}"
)
BEFORE = f"{CONVOLUTION},{{kind: batch_norm}},{{kind: activation, activation: relu}},{CONVOLUTION}"
AFTER = "global_average_pool2d,{kind: dense, units: 10, kernel_initializer: xavier_uniform}"
LAYERS = f"[{BEFORE},{{kind: residual, layers: [{CONVOLUTION}]}},{AFTER}]"
AIM = 2.0  # not a gate: how many times what the products alone take


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_gradient(precision, record, capsys):
    experiment = compose(["experiment=mnist_mlp", f"model.layers={LAYERS}", "training.batch_size=64"]).experiment
    data = load(experiment.data)
    context = Context(experiment, draw_plan(experiment, len(data.x_train)), data, Path())
    adapter = context.oracle if precision == "float64" else context.in_float32(experiment.arms[0])
    trainer, (batch,) = context.trainer(adapter, 1), context.batches(1)
    x, y = context.samples(batch, precision)
    rng = np.random.default_rng(0)
    # The windows of a sample and the kernel of each convolution: one product for the output, two for the gradients.
    products = [
        (rng.normal(size=(28 * 28, width)).astype(precision), rng.normal(size=(width, 32)).astype(precision))
        for width in (9 * 1, 9 * 32, 9 * 32)
    ]
    ours, alone = [], []
    for _ in range(rounds(8)):
        start = time.perf_counter()
        loss, _ = trainer.loss_and_gradients(x, y, batch.noise)
        between = time.perf_counter()
        for windows, kernel in products:
            for _ in range(3 * len(x)):
                windows @ kernel
        end = time.perf_counter()
        assert np.isfinite(loss)
        ours.append(between - start)
        alone.append(end - between)
    ratio = median(a / b for a, b in zip(ours, alone, strict=True))
    record(ours, ratio=ratio)
    with capsys.disabled():
        shown = f"{1e3 * median(ours):.0f} ms, the matrix products alone {1e3 * median(alone):.0f} ms"
        print(f"\na gradient in {precision}: {shown}: {ratio:.2f} (aim: at most {AIM})")
