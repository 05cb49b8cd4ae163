"""Two sides' calls of layers and operations, drawn with NumPy as an adapter records them."""

import numpy as np

from adapters.user_model import OwnParameter
from harness.subjects.pair.calls import Called, Calls
from harness.subjects.pair.mapping import Match

RNG = np.random.default_rng(2)
X = RNG.normal(size=(3, 4))
WEIGHTS = {name: RNG.normal(size=(4, 4)) for name in ("fc1", "fc2", "head")}


class Side:
    """Records what it computes, as an adapter does."""

    def __init__(self):
        self.called, self.arrays = [], {}

    def note(self, layer, kind, xs, y, **more):
        number = len(self.called)
        self.called.append(Called(layer, kind, len(xs), 1, **more))
        self.arrays |= {f"{number}/x{n}": x for n, x in enumerate(xs)} | {f"{number}/y0": y}
        return y

    def dense(self, name, x):
        return self.note(name, "Dense", [x], x @ WEIGHTS[name])

    def op(self, text, kind, *xs):
        functions = {
            "relu": lambda x: np.maximum(x, 0),
            "tanh": np.tanh,
            "add": np.add,
            "mul": np.multiply,
            "concat": lambda *parts: np.concatenate(parts, -1),
            "transpose": np.transpose,
        }
        return self.note("", kind, xs, functions[kind](*xs), text=text, source="net.py:1", operands=("x",) * len(xs))

    def layer(self, name, kind, x):
        return self.note(name, kind, [x], {"ReLU": lambda v: np.maximum(v, 0), "Tanh": np.tanh}[kind](x))

    def end(self, y):
        self.note("", "model", [X], y)
        return Calls(self.called, self.arrays)


def matches(*names):
    made = []
    for name in names:
        kernels = [OwnParameter(f"{side}{name}.w", name, "kernel", (4, 4), True) for side in "ab"]
        made.append(Match(f"{name}/kernel", *kernels))
    return made
