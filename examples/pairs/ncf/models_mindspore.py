"""Neural collaborative filtering: which users will like which items. Two inputs."""

from mindspore import nn, ops


class Ncf(nn.Cell):
    def __init__(self):
        super().__init__()
        self.users = nn.Embedding(20, 8)
        self.items = nn.Embedding(30, 8)
        self.fc1 = nn.Dense(16, 16, activation="relu")
        self.fc2 = nn.Dense(16, 2)

    def construct(self, users, items):
        joined = ops.cat((self.users(users), self.items(items)), axis=1)
        return self.fc2(self.fc1(joined))


def ncf():
    return Ncf()
