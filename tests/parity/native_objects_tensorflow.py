"""Models, losses, optimizers and schedules in Keras, as one would write them."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from safetensors.numpy import load_file, save_file


def network():
    return keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(3)])


def _trained():
    rng = np.random.default_rng(0)
    model = network()
    # The order and the layout in which MindSpore's parameters were drawn.
    values = [rng.normal(size=w.shape[::-1]).astype(np.float32).T for w in model.weights]
    model.set_weights(values)
    return model


def loaded():
    """A whole model of a file, which states that it is of float32."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    _trained().save("trained.keras")
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])
    return keras.models.load_model("trained.keras")


def loaded_weights():
    _trained().save_weights("trained.weights.h5")
    model = network()
    model.load_weights("trained.weights.h5")
    return model


def loaded_safetensors():
    """By names, as a converted checkpoint has them, and in the layout of Keras."""
    trained = _trained()
    save_file(
        {f"{n}": np.ascontiguousarray(w) for n, w in enumerate(trained.get_weights())}, "trained_keras.safetensors"
    )
    model = network()
    of_file = load_file("trained_keras.safetensors")
    model.set_weights([of_file[f"{n}"] for n in range(len(of_file))])
    return model


def loaded_otherwise():
    model = loaded_weights()
    model.layers[0].bias.assign_add(0.25 * np.ones(8, np.float32))
    return model


def _normalised(group=1e-5, layer=1e-12):
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(8, 3, strides=2, padding="same", name="conv"),
            layers.GroupNormalization(2, epsilon=group, name="group"),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(12, name="fc1"),
            layers.LayerNormalization(epsilon=layer, name="layer"),
            layers.Dense(3, name="fc2"),
        ]
    )


def normalised():
    return _normalised()


def coarse_group():
    return _normalised(group=0.02)


def default_layer():
    return _normalised(layer=1e-3)


def cross_entropy():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def smoothed_over_others(labels, logits):
    """The smoothing is spread over the other classes only."""
    classes = logits.shape[-1]
    one_hot = tf.one_hot(labels, classes, dtype=logits.dtype)
    targets = one_hot * 0.9 + (1 - one_hot) * 0.1 / (classes - 1)
    return -tf.reduce_sum(targets * tf.nn.log_softmax(logits), -1)


def adam(learning_rate):
    return keras.optimizers.Adam(learning_rate)


def grouped(learning_rate):
    return keras.optimizers.SGD(learning_rate, momentum=0.9)


def momentum():
    return keras.optimizers.SGD(0.01, momentum=0.9)


def more_momentum():
    return keras.optimizers.SGD(0.01, momentum=0.95)


def cosine():
    return keras.optimizers.schedules.CosineDecay(0.01, 12)


def fast_cosine():
    return keras.optimizers.schedules.CosineDecay(0.01, 4)


def stairs():
    return keras.optimizers.schedules.ExponentialDecay(0.01, 1, 0.5, staircase=True)
