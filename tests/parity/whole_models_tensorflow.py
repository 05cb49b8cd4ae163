"""Builders of whole models, as users of Keras write them: of several inputs and outputs, wrapped, nested, shared."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers


class Ncf(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.user, self.item, self.fc = layers.Embedding(20, 8), layers.Embedding(30, 8), layers.Dense(1)

    def call(self, users: Any, items: Any) -> Any:
        return self.fc(tf.concat((self.user(users), self.item(items)), -1))


class OfMapping(Ncf):
    def call(self, both: Any) -> Any:
        return super().call(both["users"], both["items"])


class Net(keras.Model):
    """Its outputs by `form`; nested, with a list of layers, one of which is called twice."""

    def __init__(self, form: str = "one") -> None:
        super().__init__()
        self.body = [layers.Dense(6), keras.Sequential([layers.Dense(6), layers.ReLU()])]
        self.fc, self.form = layers.Dense(3), form

    def call(self, x: Any, training: bool = False) -> Any:
        for layer in self.body:
            x = layer(x)
        x = self.body[0](x)
        y = self.fc(x)
        if self.form == "tuple":
            return y, (x, None)
        if self.form == "mapping":
            return {"logits": y, "state": x}
        if self.form == "auxiliary":
            return (y, y * 2) if training else y
        if self.form == "number":
            return 3.0
        return y


class WithLoss(Net):
    def call(self, x: Any, label: Any) -> Any:
        return keras.losses.sparse_categorical_crossentropy(label, super().call(x))


class Scalar(Net):
    def call(self, x: Any) -> Any:
        return tf.reduce_mean(super().call(x))


class Compiled(Net):
    @tf.function
    def call(self, x: Any) -> Any:
        return self.fc(tf.nn.relu(self.body[0](x)))


class Masked(Net):
    def call(self, x: Any, mask_of: Any, scale: float = 2.0) -> Any:
        return self.fc(tf.where(mask_of, tf.zeros_like(x), x)) * scale


class OwnStep(Net):
    def train_step(self, data: Any) -> Any:
        raise NotImplementedError


def functional(by_name: bool) -> Any:
    user, item = (keras.Input((), dtype="int32", name=name) for name in ("users", "items"))
    x = layers.Concatenate()([layers.Embedding(20, 8)(user), layers.Embedding(30, 8)(item)])
    return keras.Model({"users": user, "items": item} if by_name else [user, item], layers.Dense(1)(x))


def ncf() -> Any:
    return Ncf()


def functional_ncf() -> Any:
    return functional(by_name=False)


def functional_of_names() -> Any:
    return functional(by_name=True)


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
    network.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse", metrics=["mae"])
    return network


def trained() -> Any:
    return OwnStep()


def graph_mode() -> Any:
    keras.config.set_dtype_policy("float32")
    return Net()


def compiled() -> Any:
    return Compiled()


def masked() -> Any:
    return Masked()


def segmenting() -> Any:
    return keras.Sequential([keras.Input((8, 6, 3)), layers.Conv2D(5, 3, padding="same")])


def tagging() -> Any:
    return keras.Sequential([keras.Input((7, 6)), layers.LSTM(5, return_sequences=True), layers.Dense(4)])


def the_class() -> Any:
    return Net


def with_optimizer() -> Any:
    return Net(), keras.optimizers.SGD(0.1)


def dropping() -> Any:
    return keras.Sequential([keras.Input((6,)), layers.Dense(64), layers.Dropout(0.5), layers.Dense(3)])


def frozen() -> Any:
    network = Net()
    network.fc.trainable = False
    return network


def in_16_bits() -> Any:
    return _of_policy("mixed_float16")


def held_in_16_bits() -> Any:
    return _of_policy("float16")


def _of_policy(policy: str) -> Any:
    return keras.Sequential([keras.Input((6,)), layers.Dense(6, dtype=policy), layers.Dense(3, dtype=policy)])
