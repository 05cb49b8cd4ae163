"""An encoder block of a Transformer, written out: attention of two heads, layer normalisation after each addition."""

from mindspore import nn, ops


class Block(nn.Cell):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Dense(width, width)
        self.key = nn.Dense(width, width)
        self.value = nn.Dense(width, width)
        self.output = nn.Dense(width, width)
        self.norm1 = nn.LayerNorm((width,), epsilon=1e-5)
        self.fc1 = nn.Dense(width, 2 * width)
        self.fc2 = nn.Dense(2 * width, width)
        self.norm2 = nn.LayerNorm((width,), epsilon=1e-5)

    def construct(self, x):
        batch, length, width = x.shape

        def split(y):
            return y.reshape(batch, length, self.heads, width // self.heads).transpose(0, 2, 1, 3)

        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = ops.matmul(query, key.transpose(0, 1, 3, 2)) / (width // self.heads) ** 0.5
        mixed = ops.matmul(ops.softmax(scores, -1), value).transpose(0, 2, 1, 3).reshape(batch, length, width)
        x = self.norm1(x + self.output(mixed))
        return self.norm2(x + self.fc2(ops.relu(self.fc1(x))))


class Encoder(nn.Cell):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(40, 16)
        self.block = Block(16, 2)
        self.head = nn.Dense(16, 4)

    def construct(self, words):
        return self.head(self.block(self.embedding(words)).mean(1))


def encoder():
    return Encoder()
