"""The draws of the chaos envelope at once, beside one after the other: ratios of one run, step by step in turn."""

import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from adapters.reference.ensemble import Ensemble, disturbed
from harness.composition import compose
from harness.data.loading import load
from harness.judging.context import Context
from harness.judging.tolerances import DRAWS
from harness.plan import draw_plan
from harness.records.step_columns import DIGESTS
from harness.spec.arm import Arm

STEPS = 12
# Aims, not gates: at once over one by one. Large matrix products take what they take.
AIMS = {"mlp_10_relu": 0.6, "mlp_sigmoid": 1.1, "cnn": 1.1}


@pytest.mark.parametrize("model", AIMS)
def test_envelope(model, record, capsys):
    experiment = compose(["experiment=mnist_mlp", f"model={model}"]).experiment
    data = load(experiment.data)
    context = Context(experiment, draw_plan(experiment, len(data.x_train)), data, Path())
    adapter = context.in_float32(Arm(name="arm", adapter="reference", mode="numpy"))
    starts = [disturbed(context.plan.weights, draw) for draw in range(DRAWS)]
    ensemble = Ensemble(adapter, experiment.recipe, starts, STEPS, DIGESTS)
    trainers = [adapter.trainer(experiment.recipe, start, STEPS, DIGESTS) for start in starts]
    at_once, one_by_one = [], []
    for batch in context.batches(STEPS):
        x, y = context.samples(batch, "float32")
        start = time.perf_counter()
        step = ensemble.step(x, y)
        between = time.perf_counter()
        losses = []
        for trainer in trainers:
            trainer.bind(x, y)
            losses.append(trainer.train_epoch(np.arange(len(x))[None]).losses[0])
        end = time.perf_counter()
        # Slower or faster, it has to be the same.
        np.testing.assert_array_equal(step.losses, losses)
        at_once.append(between - start)
        one_by_one.append(end - between)
    ratio = median(a / b for a, b in zip(at_once, one_by_one, strict=True))
    record(at_once, ratio=ratio)
    with capsys.disabled():
        shown = f"{1e3 * median(at_once):.1f} ms at once, {1e3 * median(one_by_one):.1f} ms one by one"
        print(f"\n{model}, {DRAWS} draws, median step: {shown}: {ratio:.2f} (aim: at most {AIMS[model]})")
