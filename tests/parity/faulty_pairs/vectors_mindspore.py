"""Models of vectors in MindSpore as one would write them; `vectors_tensorflow.py` has ports with planted faults."""

import mindspore as ms
import numpy as np
from mindspore import Tensor, mint, nn, ops


class Mixed(nn.Cell):
    """Functions between layers: a residual, a joint of two branches, a square, a softmax, a layer called twice."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Dense(6, 6)
        self.fc2 = nn.Dense(6, 6)
        self.gate = nn.Dense(6, 6)
        self.twice = nn.Dense(12, 12)
        self.head = nn.Dense(12, 3)

    def construct(self, x):
        hidden = ops.relu(self.fc1(x))
        hidden = x + self.fc2(hidden)
        gate = ops.softmax(self.gate(hidden), axis=-1)
        joined = ops.cat((gate, ops.square(hidden)), axis=-1)
        joined = ops.tanh(self.twice(joined))
        joined = ops.tanh(self.twice(joined))
        return self.head(joined)


class Saturating(nn.Cell):
    """A tanh of large inputs, which MindSpore's float32 computes coarsely."""

    def __init__(self, tanh):
        super().__init__()
        self.fc1, self.tanh, self.fc2 = nn.Dense(6, 8), tanh, nn.Dense(8, 3)

    def construct(self, x):
        return self.fc2(self.tanh(4 * self.fc1(x)))


class Minted(nn.Cell):
    """Layers of mindspore.mint.nn of which MindSpore has kernels on a CPU; `lacking` is one that has none."""

    def __init__(self, lacking=None):
        super().__init__()
        self.fc1, self.act, self.fc2 = mint.nn.Linear(6, 8), lacking or mint.nn.SiLU(), mint.nn.Linear(8, 8)
        self.slope, self.norm, self.flat = mint.nn.PReLU(8, 0.1), mint.nn.GroupNorm(2, 8), mint.nn.Flatten()
        self.last = mint.nn.Linear(8, 3)

    def construct(self, x):
        x = self.act(self.fc1(x))
        x = self.norm(self.slope(mint.tanh(self.fc2(x))))
        return mint.nn.functional.softmax(self.last(self.flat(x)), -1)


class Norm(nn.Cell):
    """A layer of the user's own."""

    def __init__(self):
        super().__init__()
        self.scale = ms.Parameter(Tensor(np.linspace(0.5, 1.5, 6), ms.float32))

    def construct(self, x):
        mean_square = ops.mean(ops.square(x), axis=-1, keep_dims=True)
        return x * ops.rsqrt(mean_square + 1e-3) * self.scale


class Own(nn.Cell):
    def __init__(self):
        super().__init__()
        self.fc1, self.norm, self.fc2 = nn.Dense(6, 6), Norm(), nn.Dense(6, 3)

    def construct(self, x):
        return self.fc2(self.norm(self.fc1(x)))


class Scalar(Own):
    """`own` with a parameter of no axes."""

    def __init__(self):
        super().__init__()
        self.temperature = ms.Parameter(ms.Tensor(1.5, ms.float32), name="temperature")

    def construct(self, x):
        return super().construct(x) * self.temperature


class Listed(Own):
    """`own` whose last layer is in a plain list."""

    def __init__(self):
        super().__init__()
        del self.fc2
        self.heads = [nn.Dense(6, 3)]

    def construct(self, x):
        return self.heads[0](self.norm(self.fc1(x)))


class Shared(nn.Cell):
    """Two inputs of one layer, compared."""

    def __init__(self):
        super().__init__()
        self.tower, self.head = nn.Dense(3, 4), nn.Dense(4, 3)

    def construct(self, x):
        left, right = self.tower(x[:, :3]), self.tower(x[:, 3:])
        return self.head(ops.abs(left - right))


def minted():
    return Minted()


def unregistered():
    return Minted(mint.nn.GELU())


def saturating():
    return Saturating(nn.Tanh())


def saturating_function():
    return Saturating(ops.tanh)


def saturating_method():
    return Saturating(lambda x: x.tanh())


def zero_rows():
    """A PReLU of samples that are 0, as padding is, behind biases that are 0 yet."""
    return nn.SequentialCell(nn.Dense(6, 4, bias_init="zeros"), nn.PReLU(4, 0.25), nn.Dense(4, 3))


def shared():
    return Shared()


def mixed():
    return Mixed()


def own():
    return Own()


def scalar():
    return Scalar()


def listed():
    return Listed()
