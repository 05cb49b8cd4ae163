"""Models in MindSpore, each as one would write it; `faulty_pairs_tensorflow.py` has ports with planted faults."""

import math

import mindspore as ms
import numpy as np
from mindspore import Tensor, mint, nn, ops


class Cnn(nn.Cell):
    def __init__(self, normalised=False):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, pad_mode="valid", has_bias=True)
        self.bn = nn.BatchNorm2d(4) if normalised else None
        self.conv2 = nn.Conv2d(4, 4, 3, pad_mode="valid", has_bias=True)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2, 2)
        self.flatten = nn.Flatten()
        self.fc = nn.Dense(4, 3)

    def construct(self, x):
        x = self.conv1(x)
        if self.bn is not None:
            x = self.bn(x)
        x = self.pool(self.relu(x))
        x = self.relu(self.conv2(x))
        return self.fc(self.flatten(x))


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


class Attention(nn.Cell):
    """Causal self-attention over (batch, 5, 8), two heads."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = nn.Dense(8, 8), nn.Dense(8, 8), nn.Dense(8, 8)
        self.out = nn.Dense(8, 8)
        self.mask = Tensor(np.triu(np.full((5, 5), -1e9), k=1), ms.float32)

    def heads(self, x):
        return x.reshape(x.shape[0], 5, 2, 4).transpose(0, 2, 1, 3)

    def construct(self, x):
        query, key, value = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        scores = ops.matmul(query, key.transpose(0, 1, 3, 2)) / math.sqrt(4)
        scores = scores + self.mask.astype(scores.dtype)
        mixed = ops.matmul(ops.softmax(scores, axis=-1), value)
        mixed = mixed.transpose(0, 2, 1, 3).reshape(x.shape[0], 5, 8)
        return self.out(mixed).mean(1)


class Fused(Attention):
    """The same attention with a single projection: query, key and value one after another, or in each head."""

    def __init__(self, by_heads=False):
        super().__init__()
        del self.query, self.key, self.value
        self.qkv, self.by_heads = nn.Dense(8, 24), by_heads

    def construct(self, x):
        joined = self.qkv(x)
        if self.by_heads:
            query, key, value = joined.reshape(x.shape[0], 5, 2, 3, 4).transpose(3, 0, 2, 1, 4)
        else:
            query, key, value = joined.reshape(x.shape[0], 5, 3, 2, 4).transpose(2, 0, 3, 1, 4)
        scores = ops.matmul(query, key.transpose(0, 1, 3, 2)) / math.sqrt(4)
        mixed = ops.matmul(ops.softmax(scores + self.mask.astype(scores.dtype), axis=-1), value)
        return self.out(mixed.transpose(0, 2, 1, 3).reshape(x.shape[0], 5, 8)).mean(1)


class FusedParameter(nn.Cell):
    """The projections of query, key and value in one parameter of the user's own, (24, 8)."""

    def __init__(self):
        super().__init__()
        weights = np.random.default_rng(0).normal(0, 0.4, (24, 8))
        self.wqkv = ms.Parameter(Tensor(weights, ms.float32))
        self.head = nn.Dense(8, 3)

    def construct(self, x):
        query, key, value = ops.split(ops.matmul(x, self.wqkv.T), 8, axis=-1)
        weights = ops.softmax(ops.matmul(query, key.transpose(0, 2, 1)) / math.sqrt(8), axis=-1)
        return self.head(ops.matmul(weights, value).mean(1))


class Normed(nn.Cell):
    """A convolution, a normalisation and a dense layer."""

    def __init__(self, norm, activation=None, **padding):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, has_bias=True, **(padding or {"pad_mode": "valid"}))
        self.norm, self.relu = norm, activation or nn.ReLU()
        self.fc = nn.Dense(4, 3)

    def construct(self, x):
        x = self.conv(x)
        x = x if self.norm is None else self.norm(x)
        return self.fc(self.relu(x).mean((2, 3)))


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


class Tokens(nn.Cell):
    """(batch, 2, 4, 4) images, whose pixels become tokens (batch, 16, 6)."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(2, 6, 1, pad_mode="valid", has_bias=True)
        self.norm = nn.LayerNorm((6,))
        self.mix = nn.Dense(6, 6)
        self.head = nn.Dense(6, 3)

    def construct(self, x):
        tokens = self.patch(x).reshape(x.shape[0], 6, 16).transpose(0, 2, 1)
        tokens = ops.relu(self.mix(self.norm(tokens)))
        return self.head(tokens.mean(1))


class Recurrent(nn.Cell):
    def __init__(self, layer):
        super().__init__()
        self.layer, self.head = layer, nn.Dense(4, 3)

    def construct(self, x):
        y, _ = self.layer(x)
        return self.head(y[:, -1])


class Encoder(nn.Cell):
    """A block of a Transformer over (batch, 5, 8): normalisation after each residual, then the first position."""

    def __init__(self):
        super().__init__()
        self.attention = Attention()
        self.norm1, self.norm2 = nn.LayerNorm((8,)), nn.LayerNorm((8,))
        self.wide, self.narrow = nn.Dense(8, 12), nn.Dense(12, 8)
        self.head = nn.Dense(8, 3)
        self.positions = Tensor(np.linspace(-1, 1, 40).reshape(5, 8), ms.float32)

    def construct(self, x):
        x = x + self.positions.astype(x.dtype)
        x = self.norm1(x + self.attention(x).expand_dims(1))
        wide = ops.gelu(self.wide(x), approximate="none")
        x = self.norm2(x + self.narrow(wide))
        return self.head(x[:, 0])


class Lstm(nn.Cell):
    """An LSTM whose last state is read from what it returns beside the sequence."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(6, 4, batch_first=True)
        self.lstm.bias_hh_l0.set_data(ops.zeros(16, ms.float32))
        self.lstm.bias_hh_l0.requires_grad = False
        self.head = nn.Dense(4, 3)

    def construct(self, x):
        _, (hidden, _) = self.lstm(x)
        return self.head(hidden[0])


class Shared(nn.Cell):
    """Two inputs of one layer, compared."""

    def __init__(self):
        super().__init__()
        self.tower, self.head = nn.Dense(3, 4), nn.Dense(4, 3)

    def construct(self, x):
        left, right = self.tower(x[:, :3]), self.tower(x[:, 3:])
        return self.head(ops.abs(left - right))


class Heads(nn.Cell):
    """The framework's own attention over (batch, 5, 8)."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Dense(8, 3)

    def construct(self, x):
        mixed, _ = self.attention(x, x, x)
        return self.head(mixed.mean(1))


class Text(nn.Cell):
    """The mean of the embeddings of (batch, 7) words, the table of which also makes the logits."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.fc = nn.Dense(4, 4)

    def construct(self, x):
        hidden = ops.tanh(self.fc(self.embedding(x).mean(1)))
        return ops.matmul(hidden, self.embedding.embedding_table.T)


def fused():
    return Fused()


def fused_by_heads():
    return Fused(by_heads=True)


def fused_parameter():
    return FusedParameter()


def grouped():
    return Normed(nn.GroupNorm(2, 4))


def instanced():
    return Normed(nn.InstanceNorm2d(4))


def padded():
    return Normed(None, pad_mode="pad", padding=1, stride=2)


def sloped():
    return Normed(None, nn.LeakyReLU(0.2))


def curved():
    return Normed(None, nn.ELU())


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


def time_first():
    layer = nn.LSTM(6, 4)
    layer.bias_hh_l0.set_data(ops.zeros(16, ms.float32))
    layer.bias_hh_l0.requires_grad = False
    return Recurrent(layer)


def heads():
    return Heads()


def text():
    return Text()


def encoder():
    return Encoder()


def lstm():
    return Lstm()


def shared():
    return Shared()


def cnn():
    return Cnn()


def normalised():
    return Cnn(normalised=True)


def mixed():
    return Mixed()


def attention():
    return Attention()


def own():
    return Own()


def scalar():
    return Scalar()


def listed():
    return Listed()


def tokens():
    return Tokens()


def rnn():
    layer = nn.RNN(6, 4, batch_first=True)
    layer.bias_hh_l0.set_data(ops.zeros(4, ms.float32))  # Keras has one bias
    layer.bias_hh_l0.requires_grad = False
    return Recurrent(layer)
