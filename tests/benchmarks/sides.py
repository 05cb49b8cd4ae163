"""What every side of a benchmark trains: the sigmoid network of `mnist_mlp` on the embedded digits."""

import numpy as np

from harness.composition import compose
from harness.data import load
from harness.data.dataset import scaled
from harness.plan import Plan, draw_plan

BATCH = 200
EXPERIMENT = compose([f"training.batch_size={BATCH}"]).experiment


def digits() -> tuple[np.ndarray, np.ndarray]:
    data = load(EXPERIMENT.data)
    return scaled(data.x_train, "float32"), np.array(data.y_train)


def plan() -> Plan:
    return draw_plan(EXPERIMENT, len(load(EXPERIMENT.data).x_train))
