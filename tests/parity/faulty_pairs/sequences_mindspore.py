"""Models of sequences in MindSpore as one would write them; `sequences_tensorflow.py` has ports with planted faults."""

import math

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops


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


def padded_steps():
    return Lstm()


def attention():
    return Attention()


def rnn():
    layer = nn.RNN(6, 4, batch_first=True)
    layer.bias_hh_l0.set_data(ops.zeros(4, ms.float32))  # Keras has one bias
    layer.bias_hh_l0.requires_grad = False
    return Recurrent(layer)
