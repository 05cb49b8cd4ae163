"""One model trained with digests and without, in one process, epoch by epoch in turn.

Run as `python digest_loops.py FRAMEWORK MODE EXPERIMENT ROUNDS`; prints one line of JSON.
"""

import json
import sys
import time

import numpy as np

import adapters
from harness.composition import compose
from harness.data import load
from harness.data.dataset import scaled
from harness.plan import draw_plan
from harness.records.step_columns import DIGESTS
from harness.spec.arm import Arm

STEPS = 20


def main(framework: str, mode: str, name: str, rounds: int) -> None:
    experiment = compose([f"experiment={name}"]).experiment
    adapter = adapters.load(Arm(name="digests", adapter=framework, mode=mode))
    data = load(experiment.data)
    drawn = draw_plan(experiment, len(data.x_train))
    order = drawn.orders[0][: STEPS * drawn.batch_size].reshape(STEPS, drawn.batch_size)
    x, y = scaled(data.x_train, "float32"), np.array(data.y_train)

    ways = {}
    for way, watch in (("plain", ()), ("traced", DIGESTS)):
        ways[way] = adapter.trainer(experiment.recipe, drawn.weights, 10**6, watch)
        ways[way].bind(x, y)
        ways[way].compile(*order.shape)
    first = {way: trainer.train_epoch(order) for way, trainer in ways.items()}
    times: dict[str, list[float]] = {way: [] for way in ways}
    processor: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in list(ways)[:: 1 if number % 2 else -1]:
            start, used = time.perf_counter(), time.process_time()
            ways[way].train_epoch(order)
            times[way].append((time.perf_counter() - start) / STEPS)
            processor[way].append((time.process_time() - used) / STEPS)
    same = np.array_equal(first["plain"].losses, first["traced"].losses)
    columns = first["traced"].watched.shape[1]
    print(json.dumps({"times": times, "processor": processor, "same_losses": same, "columns": columns}))


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))
