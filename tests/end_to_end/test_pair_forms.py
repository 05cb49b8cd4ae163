"""Pairs of models with several inputs and outputs, with labels for each position, and wrapped in a training."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import finish, start

BATCHES = """
import numpy as np

rng = np.random.default_rng(3)


def rows(count, *shape):
    return rng.normal(size=(count, *shape)).astype(np.float32)


def named():
    while True:
        yield {"users": rng.integers(0, 20, 8), "items": rng.integers(0, 30, 8)}, rng.integers(0, 2, 8)


def ordered():
    while True:
        yield (rng.integers(0, 20, 8), rng.integers(0, 30, 8)), rng.integers(0, 2, (8, 1))


def positions():
    while True:
        yield rows(8, 8, 8, 3), rng.integers(0, 5, (8, 8, 8))


def two():
    while True:
        yield rows(8, 6), (rng.integers(0, 3, 8), rng.integers(0, 4, 8))


def one():
    while True:
        yield rows(8, 6), rng.integers(0, 3, 8)


def wrong():
    while True:
        yield rows(8, 6), rng.integers(0, 3, 8) + 1
"""
MINDSPORE = """
from mindspore import nn, ops


class Ncf(nn.Cell):
    def __init__(self):
        super().__init__()
        self.user, self.item, self.fc = nn.Embedding(20, 8), nn.Embedding(30, 8), nn.Dense(16, 1)

    def construct(self, users, items):
        return self.fc(ops.cat((self.user(users), self.item(items)), -1))


class Segmenting(nn.Cell):
    def __init__(self):
        super().__init__()
        self.conv, self.down = nn.Conv2d(3, 6, 3, has_bias=True), nn.Conv2d(6, 8, 3, 2, has_bias=True)
        self.up, self.out = nn.Conv2dTranspose(8, 6, 2, 2, has_bias=True), nn.Conv2d(12, 5, 1, has_bias=True)

    def construct(self, x):
        high = ops.relu(self.conv(x))
        return self.out(ops.cat((ops.relu(self.up(ops.relu(self.down(high)))), high), 1))


class Heads(nn.Cell):
    def __init__(self):
        super().__init__()
        self.body, self.first, self.second = nn.Dense(6, 8, activation="relu"), nn.Dense(8, 3), nn.Dense(8, 4)

    def construct(self, x):
        x = self.body(x)
        return self.first(x), self.second(x)


def dense():
    return nn.SequentialCell(nn.Dense(6, 8, activation="relu"), nn.Dense(8, 3))


def trained():
    network = dense()
    return nn.TrainOneStepCell(nn.WithLossCell(network, nn.MSELoss()), nn.Adam(network.trainable_params(), 0.5))
"""
TENSORFLOW = """
import keras
from keras import layers


def joined(by_name):
    user, item = keras.Input((), dtype="int32", name="users"), keras.Input((), dtype="int32", name="items")
    x = layers.Concatenate()([layers.Embedding(20, 8)(user), layers.Embedding(30, 8)(item)])
    return keras.Model({"users": user, "items": item} if by_name else [user, item], layers.Dense(1)(x))


def named():
    return joined(True)


def ordered():
    return joined(False)


def segmenting():
    x = keras.Input((8, 8, 3))
    high = layers.Conv2D(6, 3, padding="same", activation="relu")(x)
    down = layers.Conv2D(8, 3, 2, padding="same", activation="relu")(high)
    up = layers.Conv2DTranspose(6, 2, 2, activation="relu")(down)
    return keras.Model(x, layers.Conv2D(5, 1)(layers.Concatenate()([up, high])))


def heads():
    x = keras.Input((6,))
    body = layers.Dense(8, activation="relu")(x)
    return keras.Model(x, [layers.Dense(3)(body), layers.Dense(4)(body)])


def trained():
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(3)])
    model.compile("sgd", "mse")
    return model
"""
PAIR = """
name: mine
models:
  mindspore: {{builder: "models_mindspore.py:{mindspore}", layout: {layout}}}
  tensorflow: {{builder: "models_tensorflow.py:{tensorflow}"}}
batches: batches.py:{batches}
batch_size: 8
steps: 3
forced_steps: 2
loss: {loss}
optimizer: adam
schedule: {{kind: constant, rate: 0.01}}
"""
CLASSES, BINARY = "softmax_cross_entropy", "sigmoid_cross_entropy"
# By name: both builders, the batches, the loss, the exit code and what is said.
CASES = {
    "inputs by name": ("Ncf", "named", "named", BINARY, 0, ["AGREES"]),
    "inputs in order": ("Ncf", "ordered", "ordered", BINARY, 0, ["AGREES"]),
    "a label per position": ("Segmenting", "segmenting", "positions", CLASSES, 0, ["AGREES"]),
    "two outputs": ("Heads", "heads", "two", CLASSES, 0, ["AGREES"]),
    "wrapped": (
        "trained",
        "trained",
        "one",
        CLASSES,
        0,
        [
            "AGREES",
            "mindspore: TrainOneStepCell with Adam (learning_rate 0.5), WithLossCell with MSELoss: only the network",
            "tensorflow: compiled with optimizer SGD (learning_rate 0.01), loss mse: only the network in it is",
        ],
    ),
    "labels beyond the classes": (
        "dense",
        "trained",
        "wrong",
        CLASSES,
        2,
        ["tensorflow: batches: the labels in y go from 1 to 3, and the output of the model has 3 classes (0 to 2)"],
    ),
}


@pytest.mark.nightly  # by day tests/parity/test_user_layers.py
@pytest.mark.parametrize("case", CASES)
def test_a_pair_of_this_form_is_judged(case: str, tmp_path: Path) -> None:
    mindspore, tensorflow, batches, loss, code, said = CASES[case]
    layout = "channels_first" if mindspore == "Segmenting" else "channels_last"
    files = {"models_mindspore.py": MINDSPORE, "models_tensorflow.py": TENSORFLOW, "batches.py": BATCHES}
    names = {"mindspore": mindspore, "tensorflow": tensorflow, "batches": batches, "loss": loss, "layout": layout}
    for name, text in {**files, "pair.yaml": PAIR.format(**names)}.items():
        (tmp_path / name).write_text(text)
    found, out, err = finish(start(["check", "pair=pair.yaml", "out=run"], tmp_path))
    printed = " ".join((out + err).split())
    assert found == code, printed
    assert [text for text in said if text not in printed] == [], printed
    assert "Traceback" not in printed
