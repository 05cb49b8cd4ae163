"""Random models, each written natively in both frameworks as right ports of one another: the files of a pair.

A model is a random body (dense, convolutional, recurrent, attention) and a dense head. The two files differ as people's
do: attributes have the same names or others, layers are made in another order than they are called, Keras models are
subclassed or sequential, branches are called in another order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

BATCH, STEPS, CLASSES = 4, 3, 3
# In MindSpore and in Keras. Some meet errors that a ledger knows: tanh of large numbers, the gradient of mish and selu.
ACTIVATIONS = (
    ("nn.ReLU()", "layers.Activation('relu')"),
    ("nn.Tanh()", "layers.Activation('tanh')"),
    ("nn.Sigmoid()", "layers.Activation('sigmoid')"),
    ("nn.ELU()", "layers.Activation('elu')"),
    ("nn.SiLU()", "layers.Activation('silu')"),
    ("nn.Mish()", "layers.Activation('mish')"),
    ("nn.SeLU()", "layers.Activation('selu')"),
    ("nn.ReLU6()", "layers.ReLU(max_value=6)"),
    ("nn.LeakyReLU(0.2)", "layers.LeakyReLU(negative_slope=0.2)"),
)
OPTIMIZERS = ("sgd", "{use: momentum, momentum: 0.9}", "adam", "{use: adam, beta2: 0.99}")
RECURRENT = {"LSTM": "LSTM", "GRU": "GRU", "RNN": "SimpleRNN"}
NORM = "epsilon=1e-5"


@dataclass
class Port:
    """Both files as they grow. A layer's code may name the attribute of its own framework as `{name}`."""

    rng: random.Random
    layers: list[tuple[str, str, str]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    frozen: list[str] = field(default_factory=list)
    is_sequential: bool = True

    def layer(self, stem: str, mindspore: str, keras: str, call: bool = True) -> str:
        """Adds a layer; returns its name, by which calls name it."""
        name = f"{stem}{len(self.layers)}"
        self.layers.append((name, mindspore, keras))
        if call:
            self.calls.append((f"x = self.{name}(x)", f"x = self.{name}(x)"))
        return name

    def call(self, mindspore: str, keras: str) -> None:
        """Adds a line that is no call of a single layer."""
        self.calls.append((mindspore, keras))
        self.is_sequential = False

    def dense(self, width: int, units: int, call: bool = True) -> str:
        bias = self.rng.random() < 0.8
        return self.layer(
            "fc", f"nn.Dense({width}, {units}, has_bias={bias})", f"layers.Dense({units}, use_bias={bias})", call
        )

    def activation(self) -> None:
        self.layer("act", *self.rng.choice(ACTIVATIONS))

    def dropout(self) -> None:
        if self.rng.random() < 0.3:
            self.layer("drop", "nn.Dropout(p=0.2)", "layers.Dropout(0.2)")


def written(folder: Path, seed: int, number: int) -> Path:
    """Writes a random pair into the folder; returns its file."""
    rng = random.Random(f"{seed}, {number}")
    port = Port(rng)
    body = rng.choice((_dense, _convolutional, _recurrent, _attention))
    x = body(port, np.random.default_rng(rng.getrandbits(32)))
    return _write(port, folder, f"random_{number}", x, is_image=body is _convolutional)


def known_layers(folder: Path) -> Path:
    """Writes a pair with recurrent layers of every kind and both attentions into the folder; returns its file."""
    port = Port(random.Random(0))
    draws = np.random.default_rng(0)
    port.layer("words", "nn.Embedding(20, 8)", "layers.Embedding(20, 8)")
    for kind, count, both, is_frozen in (("LSTM", 2, True, True), ("GRU", 1, True, False), ("RNN", 1, False, False)):
        _recurrent_layer(port, kind, 8, 8 // (2 if both else 1), count, both, is_frozen)
    _native_attention(port, 8, 2)
    _written_attention(port, 8, 2)
    port.call("x = x.mean(1)", "x = ops.mean(x, 1)")
    port.layer("fc", f"nn.Dense(8, {CLASSES})", f"layers.Dense({CLASSES})")
    return _write(port, folder, "known_layers", draws.integers(0, 20, (BATCH * STEPS, 5)), is_image=False)


def _write(port: Port, folder: Path, name: str, x: Any, is_image: bool) -> Path:
    rng = port.rng
    targets = rng.choice(("labels", "values"))
    draws = np.random.default_rng(rng.getrandbits(32))
    rows = BATCH * STEPS
    y = draws.integers(0, CLASSES, rows) if targets == "labels" else draws.normal(size=(rows, CLASSES))
    folder.mkdir(parents=True)
    np.savez(folder / "batches.npz", x=x, y=y)
    (folder / "ms_model.py").write_text(_mindspore(port))
    (folder / "tf_model.py").write_text(_keras(port))
    layout = ", layout: channels_first" if is_image else ""
    file = folder / "pair.yaml"
    file.write_text(
        f"name: {name}\n"
        "models:\n"
        f"  mindspore: {{builder: 'ms_model.py:model'{layout}}}\n"
        "  tensorflow: {builder: 'tf_model.py:model'}\n"
        "batches: batches.npz\n"
        f"batch_size: {BATCH}\nsteps: {STEPS}\nforced_steps: 2\n"
        f"loss: {'softmax_cross_entropy' if targets == 'labels' else 'mean_squared_error'}\n"
        f"optimizer: {rng.choice(OPTIMIZERS)}\n"
        f"schedule: {{kind: constant, rate: {rng.choice((0.001, 0.01, 0.05))}}}\n"
    )
    return file


def _dense(port: Port, draws: np.random.Generator) -> Any:
    width = port.rng.randint(2, 9)
    x = draws.normal(0, port.rng.choice((1, 1, 5)), (BATCH * STEPS, width))
    for _ in range(port.rng.randint(1, 4)):
        units = width if port.rng.random() < 0.4 else port.rng.randint(2, 12)
        is_residual = units == width and port.rng.random() < 0.5
        if is_residual:
            port.call("kept = x", "kept = x")
        port.dense(width, units)
        _normalised(port, units, "nn.BatchNorm1d", (units,))
        port.activation()
        port.dropout()
        if is_residual:
            port.call("x = x + kept", "x = x + kept")
        width = units
    port.dense(width, CLASSES)
    return x


def _normalised(port: Port, channels: int, batch_norm: str, layer_shape: tuple[int, ...] | None) -> None:
    kind = port.rng.choice(("batch", "layer", ""))
    if kind == "batch":
        port.layer(
            "norm",
            f"{batch_norm}({channels}, momentum=0.9, eps=1e-5)",
            f"layers.BatchNormalization(momentum=0.9, {NORM})",
        )
    elif kind == "layer" and layer_shape:
        port.layer("norm", f"nn.LayerNorm({layer_shape}, {NORM})", f"layers.LayerNormalization({NORM})")


def _convolutional(port: Port, draws: np.random.Generator) -> Any:
    size, channels = port.rng.choice((8, 9, 12)), port.rng.choice((2, 4))
    x = draws.normal(size=(BATCH * STEPS, size, size, channels))
    for _ in range(port.rng.randint(1, 3)):
        filters, kernel = port.rng.choice((2, 4, 6)), port.rng.choice((1, 2, 3))
        pad, stride, bias = port.rng.choice(("same", "valid")), port.rng.choice((1, 1, 2)), port.rng.random() < 0.5
        groups = port.rng.choice((1, 1, 2, channels))
        filters = filters if filters % groups == 0 else groups
        after = -(-size // stride) if pad == "same" else (size - kernel) // stride + 1
        if after < 2:
            break
        common = f"stride={stride}, pad_mode='{pad}', group={groups}, has_bias={bias}"
        keras = (
            f"layers.Conv2D({filters}, {kernel}, strides={stride}, padding='{pad}', groups={groups}, use_bias={bias})"
        )
        if groups == channels and groups > 1 and port.rng.random() < 0.5:
            multiplier = filters // channels
            keras = (
                f"layers.DepthwiseConv2D({kernel}, strides={stride}, padding='{pad}', depth_multiplier={multiplier}, "
                f"use_bias={bias})"
            )
        port.layer("conv", f"nn.Conv2d({channels}, {filters}, {kernel}, {common})", keras)
        size, channels = after, filters
        _normalised(port, channels, "nn.BatchNorm2d", None)
        port.activation()
        if size >= 4 and port.rng.random() < 0.5:
            ours, theirs = port.rng.choice((("MaxPool2d", "MaxPooling2D"), ("AvgPool2d", "AveragePooling2D")))
            port.layer("pool", f"nn.{ours}(kernel_size=2, stride=2)", f"layers.{theirs}(2)")
            size //= 2
    if port.rng.random() < 0.6:
        port.layer("flat", "nn.Flatten()", "layers.Flatten()")
        width = size * size * channels
    else:
        port.call("x = x.mean((2, 3))", "x = ops.mean(x, (1, 2))")
        width = channels
    port.dropout()
    if port.rng.random() < 0.5:
        units = port.rng.randint(2, 10)
        port.dense(width, units)
        port.activation()
        width = units
    port.dense(width, CLASSES)
    return x


def _sequences(port: Port, draws: np.random.Generator) -> tuple[Any, int]:
    """Sequences of vectors, or of words with their embedding, and the width of a vector."""
    length, width = port.rng.randint(3, 7), port.rng.choice((4, 6, 8))
    if port.rng.random() < 0.5:
        words = port.rng.randint(5, 30)
        port.layer("words", f"nn.Embedding({words}, {width})", f"layers.Embedding({words}, {width})")
        return draws.integers(0, words, (BATCH * STEPS, length)), width
    return draws.normal(size=(BATCH * STEPS, length, width)), width


def _recurrent(port: Port, draws: np.random.Generator) -> Any:
    x, width = _sequences(port, draws)
    for _ in range(port.rng.randint(1, 2)):
        kind, units = port.rng.choice(list(RECURRENT)), port.rng.choice((2, 4, 5))
        count, both = port.rng.choice((1, 1, 2)), port.rng.random() < 0.4
        _recurrent_layer(port, kind, width, units, count, both, kind != "GRU" and port.rng.random() < 0.7)
        width = units * (2 if both else 1)
        if port.rng.random() < 0.3:
            port.layer("norm", f"nn.LayerNorm(({width},), {NORM})", f"layers.LayerNormalization({NORM})")
    _pooled_in_time(port)
    port.dropout()
    port.dense(width, CLASSES)
    return x


def _recurrent_layer(port: Port, kind: str, width: int, units: int, count: int, both: bool, is_frozen: bool) -> None:
    """A layer that MindSpore stacks by itself and Keras one by one. `is_frozen`: its second bias is 0 and fixed."""
    options = f"num_layers={count}, batch_first=True, bidirectional={both}"
    name = port.layer("rnn", f"nn.{kind}({width}, {units}, {options})", "None", call=False)
    port.calls.append((f"x, _ = self.{name}(x)", ""))
    for _ in range(count):
        layer = f"layers.{RECURRENT[kind]}({units}, return_sequences=True)"
        inner = port.layer("seq", "None", f"layers.Bidirectional({layer})" if both else layer, call=False)
        port.calls.append(("", f"x = self.{inner}(x)"))
    if is_frozen:
        port.frozen.append(name)


def _pooled_in_time(port: Port) -> None:
    if port.rng.random() < 0.5:
        port.call("x = x[:, -1, :]", "x = x[:, -1, :]")
    else:
        port.call("x = x.mean(1)", "x = ops.mean(x, 1)")


def _attention(port: Port, draws: np.random.Generator) -> Any:
    x, width = _sequences(port, draws)
    for _ in range(port.rng.randint(1, 2)):
        heads = port.rng.choice((1, 2))
        attention = port.rng.choice((_native_attention, _written_attention, _fused_attention))
        attention(port, width, heads)
        port.layer("norm", f"nn.LayerNorm(({width},), {NORM})", f"layers.LayerNormalization({NORM})")
        if port.rng.random() < 0.6:
            up, down = port.dense(width, 2 * width, call=False), port.dense(2 * width, width, call=False)
            port.call(f"x = x + self.{down}(ops.relu(self.{up}(x)))", f"x = x + self.{down}(ops.relu(self.{up}(x)))")
    _pooled_in_time(port)
    port.dense(width, CLASSES)
    return x


def _native_attention(port: Port, width: int, heads: int) -> None:
    name = port.layer(
        "att",
        f"nn.MultiheadAttention({width}, {heads}, batch_first=True)",
        f"layers.MultiHeadAttention({heads}, {width // heads})",
        call=False,
    )
    port.call(f"y, _ = self.{name}(x, x, x)", f"y = self.{name}(x, x)")
    port.call("x = x + y", "x = x + y")


def _written_attention(port: Port, width: int, heads: int) -> None:
    q, k, v, o = (
        port.layer(f"{stem}_", f"nn.Dense({width}, {width})", f"layers.Dense({width})", call=False) for stem in "qkvo"
    )
    lines = [[f"{name[0]} = split(self.{name}(x), {heads})" for name in (q, k, v)] for _ in range(2)]
    port.rng.shuffle(lines[1])
    for ours, theirs in zip(*lines, strict=True):
        port.call(ours, theirs)
    port.call(f"x = x + self.{o}(attend(q, k, v))", f"x = x + self.{o}(attend(q, k, v))")


def _fused_attention(port: Port, width: int, heads: int) -> None:
    """One projection for query, key and value in MindSpore, in which they lie one after another or in each head."""
    fused = port.layer("qkv", f"nn.Dense({width}, {3 * width})", "None", call=False)
    q, k, v = (port.layer(f"{stem}_", "None", f"layers.Dense({width})", call=False) for stem in "qkv")
    o = port.layer("o_", f"nn.Dense({width}, {width})", f"layers.Dense({width})", call=False)
    by_heads = port.rng.random() < 0.5
    port.call(f"q, k, v = parts(self.{fused}(x), {heads}, {by_heads})", "")
    for name in port.rng.sample([q, k, v], 3):
        port.call("", f"{name[0]} = split(self.{name}(x), {heads})")
    port.call(f"x = x + self.{o}(attend(q, k, v))", f"x = x + self.{o}(attend(q, k, v))")


MINDSPORE = """import math

from mindspore import nn, ops
from mindspore.common.initializer import initializer


def split(x, heads):
    b, t, w = x.shape
    return x.reshape(b, t, heads, w // heads).swapaxes(1, 2)


def attend(q, k, v):
    b, h, t, s = q.shape
    scores = ops.softmax(ops.matmul(q, k.swapaxes(2, 3)) / math.sqrt(s), -1)
    return ops.matmul(scores, v).swapaxes(1, 2).reshape(b, t, h * s)


def parts(y, heads, by_heads):
    b, t, w = y.shape
    if by_heads:
        y = y.reshape(b, t, heads, 3, w // 3 // heads).transpose(3, 0, 2, 1, 4)
    else:
        y = y.reshape(b, t, 3, heads, w // 3 // heads).transpose(2, 0, 3, 1, 4)
    return y[0], y[1], y[2]


class Net(nn.Cell):
    def __init__(self):
        super().__init__()
{layers}
    def construct(self, x):
{calls}
        return x


def model():
    return Net()
"""
FREEZE = """        for key, parameter in self.{name}._params.items():
            if key.startswith("bias_hh"):
                parameter.set_data(initializer("zeros", parameter.shape))
                parameter.requires_grad = False
"""
KERAS = """import math

import keras
from keras import layers, ops


def split(x, heads):
    b, t, w = x.shape
    return ops.swapaxes(ops.reshape(x, (b, t, heads, w // heads)), 1, 2)


def attend(q, k, v):
    b, h, t, s = q.shape
    scores = ops.softmax(ops.matmul(q, ops.swapaxes(k, 2, 3)) / math.sqrt(s), -1)
    return ops.reshape(ops.swapaxes(ops.matmul(scores, v), 1, 2), (b, t, h * s))


{model}"""
SUBCLASSED = """class Net(keras.Model):
    def __init__(self):
        super().__init__()
{layers}
    def call(self, x):
{calls}
        return x


def model():
    return Net()
"""
SEQUENTIAL = """def model():
    return keras.Sequential([{layers}])
"""


def _mindspore(port: Port) -> str:
    made = [f"        self.{name} = {code}\n" for name, code, _ in port.layers if code != "None"]
    port.rng.shuffle(made)
    freezing = [FREEZE.format(name=name) for name in port.frozen]
    calls = [f"        {line}\n" for line, _ in port.calls if line]
    return MINDSPORE.format(layers="".join([*made, *freezing]), calls="".join(calls).rstrip("\n"))


def _keras(port: Port) -> str:
    layers = [(name, code) for name, _, code in port.layers if code != "None"]
    if port.is_sequential and port.rng.random() < 0.5:
        return KERAS.format(model=SEQUENTIAL.format(layers=", ".join(code for _, code in layers)))
    # Attributes that say nothing, or those of the other file. Branches of one shape keep names that tell them apart.
    renamed = port.rng.random() < 0.4 and not any(name[1] == "_" for name, _ in layers)
    names = {name: f"layer{number}" if renamed else name for number, (name, _) in enumerate(layers)}
    made = [f"        self.{names[name]} = {code}\n" for name, code in layers]
    port.rng.shuffle(made)
    calls = []
    for _, line in port.calls:
        for name in sorted(names, key=len, reverse=True):
            line = line.replace(f"self.{name}(", f"self.<{names[name]}(")
        calls.append(f"        {line.replace('self.<', 'self.')}\n" if line else "")
    body = SUBCLASSED.format(layers="".join(made), calls="".join(calls).rstrip("\n"))
    return KERAS.format(model=body)
