"""Ports of the models in `images_mindspore.py` to Keras, right and with one fault each."""

from functools import partial

import keras
from keras import layers, ops


def _cnn(activation="relu", pooling=layers.MaxPooling2D, between=(), head=(), normalised=(), last="relu"):
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3),
            *normalised,
            layers.Activation(activation),
            pooling(2),
            *between,
            layers.Conv2D(4, 3, activation=last),
            layers.Flatten(),
            layers.Dense(3, name="fc"),
            *head,
        ]
    )


def _bn(**options):
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="bn", **options)


class Frozen(layers.Layer):
    """A batch normalisation that is called for evaluation."""

    def __init__(self):
        super().__init__()
        self.bn = _bn()

    def call(self, x):
        return self.bn(x, training=False)


class Probabilities(layers.Layer):
    """A softmax that evaluation leaves out."""

    def call(self, x, training=False):
        return ops.softmax(x) if training else x


def softmax_in_training():
    return _cnn(head=[Probabilities()])


def cnn():
    return _cnn()


def average():
    return _cnn(pooling=layers.AveragePooling2D)


def gelu():
    return _cnn(last="gelu")


def no_activation():
    return _cnn(last=None)


def extra_activation():
    return _cnn(between=[layers.Activation("tanh", name="extra")])


def softmax_at_the_end():
    return _cnn(head=[layers.Softmax(name="probabilities")])


def normalised():
    return _cnn(normalised=[_bn()])


def normalised_epsilon():
    return _cnn(normalised=[layers.BatchNormalization(momentum=0.9, epsilon=1e-3)])


def normalised_momentum():
    return _cnn(normalised=[layers.BatchNormalization(momentum=0.1, epsilon=1e-5)])


def moving_statistics():
    return _cnn(normalised=[Frozen()])


def normalised_later():
    model = [keras.Input((8, 8, 2)), layers.Conv2D(4, 3), layers.ReLU(name="act"), _bn(), layers.MaxPooling2D(2)]
    return keras.Sequential(
        [*model, layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3, name="fc")]
    )


def _normed(*norm, activation=None, **options):
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3, **options),
            *norm,
            activation or layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )


def _grouped(groups=2, epsilon=1e-5):
    return _normed(layers.GroupNormalization(groups, epsilon=epsilon))


grouped = partial(_grouped)
grouped_epsilon = partial(_grouped, epsilon=1e-3)
other_groups = partial(_grouped, groups=4)


def _instanced(epsilon=1e-5):
    return _normed(layers.GroupNormalization(-1, epsilon=epsilon))


instanced = partial(_instanced)
instanced_epsilon = partial(_instanced, epsilon=1e-3)


def padded():
    return keras.Sequential([keras.Input((8, 8, 2)), layers.ZeroPadding2D(1), *_normed(strides=2).layers])


padded_same = partial(_normed, strides=2, padding="same")


def _sloped(slope=0.2):
    return _normed(activation=layers.LeakyReLU(negative_slope=slope))


sloped = partial(_sloped)
steeper = partial(_sloped, slope=0.3)


def _curved(alpha=1.0):
    return _normed(activation=layers.ELU(alpha))


curved = partial(_curved)
flatter = partial(_curved, alpha=0.5)


def _tokens(activation="relu", epsilon=1e-7, frozen=False, biased=True):
    return keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.Conv2D(6, 1),
            layers.Reshape((16, 6)),
            layers.LayerNormalization(epsilon=epsilon),
            layers.Dense(6, activation=activation, trainable=not frozen, use_bias=biased),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3),
        ]
    )


tokens = partial(_tokens)
tokens_gelu = partial(_tokens, activation="gelu")
tokens_epsilon = partial(_tokens, epsilon=1e-3)
tokens_frozen = partial(_tokens, frozen=True)
tokens_unbiased = partial(_tokens, biased=False)
