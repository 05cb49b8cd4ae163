"""Builders of whole models, as users of MindSpore write them: of several inputs and outputs, wrapped, shared."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops


class Ncf(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.user, self.item, self.fc = nn.Embedding(20, 8), nn.Embedding(30, 8), nn.Dense(16, 1)

    def construct(self, users: Any, items: Any) -> Any:
        return self.fc(ops.cat((self.user(users), self.item(items)), -1))


class OfMapping(Ncf):
    def construct(self, both: Any) -> Any:
        return super().construct(both["users"], both["items"])


class Net(nn.Cell):
    """Its outputs by `form`; nested, with a list of layers, one of which is called twice."""

    def __init__(self, form: str = "one") -> None:
        super().__init__()
        self.body = nn.CellList([nn.Dense(6, 6), nn.SequentialCell(nn.Dense(6, 6), nn.ReLU())])
        self.fc, self.form = nn.Dense(6, 3), form

    def construct(self, x: Any) -> Any:
        for layer in self.body:
            x = layer(x)
        x = self.body[0](x)
        y = self.fc(x)
        if self.form == "tuple":
            return y, (x, None)
        if self.form == "mapping":
            return {"logits": y, "state": x}
        if self.form == "auxiliary":
            return (y, y * 2) if self.training else y
        if self.form == "number":
            return 3.0
        return y


class WithLoss(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.network, self.loss = Net(), nn.CrossEntropyLoss()

    def construct(self, x: Any, label: Any) -> Any:
        return self.loss(self.network(x), label)


class Scalar(Net):
    def construct(self, x: Any) -> Any:
        return super().construct(x).mean()


class Compiled(Net):
    @ms.jit
    def construct(self, x: Any) -> Any:
        return self.fc(ops.relu(self.body[0](x)))


class Masked(Net):
    def construct(self, x: Any, mask: Any, scale: float = 2.0) -> Any:
        return self.fc(ops.masked_fill(x, mask, 0.0)) * scale


class Constants(Net):
    def __init__(self) -> None:
        super().__init__()
        self.table = Tensor([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]], ms.float32)

    def construct(self, x: Any) -> Any:
        return self.fc(ops.matmul(x * self.table, ops.eye(6, 6, x.dtype)))


class Segmenting(nn.Cell):
    """Images with channels first to a class for each position."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, has_bias=True)

    def construct(self, x: Any) -> Any:
        return self.conv(x)


class Tagging(nn.Cell):
    """Sequences to a class for each step."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.fc = nn.LSTM(6, 5, batch_first=True), nn.Dense(5, 4)

    def construct(self, x: Any) -> Any:
        return self.fc(self.lstm(x)[0])


class Raising(nn.Cell):
    def construct(self, x: Any) -> Any:
        raise ValueError("no such luck\nand more of it")


def raising() -> Any:
    return nn.SequentialCell(nn.Dense(6, 3), Raising())


def ncf() -> Any:
    return Ncf()


def of_mapping() -> Any:
    return OfMapping()


def one() -> Any:
    return Net()


def several() -> Any:
    return Net("tuple")


def mapping() -> Any:
    return Net("mapping")


def auxiliary() -> Any:
    return Net("auxiliary")


def number() -> Any:
    return Net("number")


def scalar() -> Any:
    return Scalar()


def with_loss() -> Any:
    return WithLoss()


def wrapped() -> Any:
    network = Net()
    return nn.WithLossCell(network, nn.MSELoss())


def trained() -> Any:
    network = Net()
    optimizer = nn.Momentum(network.trainable_params(), 0.5, 0.9)
    return nn.TrainOneStepCell(nn.WithLossCell(network, nn.MSELoss()), optimizer)


def graph_mode() -> Any:
    ms.set_context(mode=ms.GRAPH_MODE)
    return Net()


def compiled() -> Any:
    return Compiled()


def masked() -> Any:
    return Masked()


def constants() -> Any:
    return Constants()


def segmenting() -> Any:
    return Segmenting()


def tagging() -> Any:
    return Tagging()


def the_class() -> Any:
    return Net


def with_optimizer() -> Any:
    network = Net()
    return network, nn.SGD(network.trainable_params(), 0.1)


def in_a_model() -> Any:
    return ms.train.Model(Net())


def dropping() -> Any:
    return nn.SequentialCell(nn.Dense(6, 64), nn.Dropout(p=0.5), nn.Dense(64, 3))


def frozen() -> Any:
    network = Net()
    network.fc.weight.requires_grad = False
    return network


def in_16_bits() -> Any:
    network = Net()
    network.to_float(ms.float16)
    return network


def held_in_16_bits() -> Any:
    network = Net()
    for parameter in network.get_parameters():
        parameter.set_dtype(ms.float16)
    return network
