"""What every side of a benchmark trains: the network of an experiment on the embedded digits, by one plan."""

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.composition import compose
from harness.data import load
from harness.data.dataset import scaled
from harness.plan import Plan, draw_plan
from harness.spec import Experiment

EXPERIMENTS = {"mnist_mlp": ["training.batch_size=200"], "cnn": ["experiment=cnn", "model=cnn", "variants={}"]}


def experiment(name: str) -> Experiment:
    return compose(EXPERIMENTS[name]).experiment


def digits(trained: Experiment) -> tuple[np.ndarray, np.ndarray]:
    data = load(trained.data)
    return scaled(data.x_train, "float32"), np.array(data.y_train)


def plan(trained: Experiment) -> Plan:
    return draw_plan(trained, len(load(trained.data).x_train))


def compare(ways: dict[str, Callable[[], Any]], rounds: int, steps: int) -> None:
    """Runs the ways in turn, forth and back, and prints the time per step of each round as one line of JSON."""
    first = {name: np.asarray(way()) for name, way in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: 1 if number % 2 else -1]:
            start = time.perf_counter()
            ways[name]()
            times[name].append((time.perf_counter() - start) / steps)
    difference = float(np.max(np.abs(first["ours"] - first["by_hand"])))
    print(json.dumps({"times": times, "largest_loss_difference": difference}))
