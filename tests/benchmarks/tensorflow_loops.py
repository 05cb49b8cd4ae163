"""Three ways to train the same Keras model in one process, epoch by epoch in turn: ours, by hand, `fit`.

Run as `python tensorflow_loops.py EXPERIMENT MODE ROUNDS`; prints one line of JSON.
"""

import sys

from sides import compare, digits, experiment, plan

import adapters
from harness.spec.arm import Arm


def main(name: str, mode: str, rounds: int) -> None:
    adapter = adapters.load(Arm(name="ours", adapter="tensorflow", mode=mode))
    import keras
    import tensorflow as tf

    e = experiment(name)
    x, y = digits(e)
    drawn = plan(e)
    order = drawn.orders[0].reshape(-1, drawn.batch_size)
    ours = adapter.trainer(e.recipe, drawn.weights, 10**6)
    ours.bind(x, y)
    ours.compile(*order.shape)

    def build():
        layers, flatten = keras.layers, keras.layers.Flatten()
        if name == "cnn":
            rows = [layers.Conv2D(4, 5, activation="tanh"), layers.Conv2D(8, 3, activation="tanh")]
            rows += [layers.MaxPooling2D(2), flatten, layers.Dense(128, "tanh"), layers.Dense(10)]
            rate = keras.optimizers.schedules.InverseTimeDecay(0.05, 1, 1e-6)
            optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
        else:
            rows = [flatten, layers.Dense(784, "sigmoid"), layers.Dense(784, "sigmoid"), layers.Dense(10)]
            optimizer = keras.optimizers.Adam(1e-3, epsilon=1e-7)
        model = keras.Sequential([keras.Input((28, 28, 1)), *rows])
        for variable, value in zip(model.trainable_variables, drawn.weights.values(), strict=True):
            variable.assign(value)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        return model, loss, optimizer

    model, loss, optimizer = build()
    variables = model.trainable_variables
    optimizer.build(variables)
    x_all, y_all = tf.constant(x), tf.constant(y)

    def update(rows):
        with tf.GradientTape() as tape:
            value = loss(tf.gather(y_all, rows), model(tf.gather(x_all, rows), training=True))
        optimizer.apply(tape.gradient(value, variables), variables)
        return value

    @tf.function(jit_compile=mode == "xla")
    def compiled(order, steps):
        losses = tf.zeros((order.shape[0],))
        for step in tf.range(steps):
            losses = tf.tensor_scatter_nd_update(losses, [[step]], [update(order[step])])
        return losses

    def eager(order, steps):
        return tf.stack([update(rows) for rows in order])

    by_hand_epoch = eager if mode == "eager" else compiled
    fitted, fit_loss, fit_optimizer = build()
    fitted.compile(fit_optimizer, fit_loss, run_eagerly=mode == "eager", jit_compile=mode == "xla")

    ways = {
        "ours": lambda: ours.train_epoch(order).losses,
        "by_hand": lambda: by_hand_epoch(tf.constant(order), tf.constant(len(order))).numpy(),
        "fit": lambda: fitted.fit(x, y, batch_size=drawn.batch_size, verbose=0).history["loss"],
    }
    compare(ways, rounds, len(order))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
