"""Three ways to train the same MindSpore model in one process, epoch by epoch in turn: ours, by hand, `Model.train`.

Run as `python mindspore_loops.py MODE ROUNDS`; prints one line of JSON.
"""

import sys

from sides import BATCH, EXPERIMENT, compare, digits, plan

import adapters
from harness.spec.arm import Arm


def main(mode: str, rounds: int) -> None:
    adapter = adapters.load(Arm(name="ours", adapter="mindspore", mode=mode))
    import mindspore as ms
    from mindspore import Tensor, nn, ops
    from mindspore.dataset import NumpySlicesDataset
    from mindspore.train import Model

    x, y = digits()
    drawn = plan()
    order = drawn.orders[0].reshape(-1, BATCH)
    e = EXPERIMENT
    ours = adapter.trainer(e.recipe, drawn.weights, 10**6)
    ours.bind(x, y)
    ours.compile(*order.shape)

    def build():
        values = list(drawn.weights.values())

        def dense(number, activation):
            kernel, bias = values[2 * number : 2 * number + 2]
            init = {"weight_init": Tensor(kernel.T, ms.float32), "bias_init": Tensor(bias, ms.float32)}
            return nn.Dense(*kernel.shape, activation=activation, **init)

        network = nn.SequentialCell(nn.Flatten(), dense(0, "sigmoid"), dense(1, "sigmoid"), dense(2, None))
        loss = nn.SoftmaxCrossEntropyWithLogits(sparse=True, reduction="mean")
        return network, loss, nn.Adam(network.trainable_params(), 1e-3, eps=1e-7)

    network, loss, optimizer = build()

    def value_of(x, y):
        return loss(network(x), y)

    gradient = ms.value_and_grad(value_of, None, optimizer.parameters)
    x_all, y_all = Tensor(x), Tensor(y)

    @ms.jit
    def compiled(x, y, order, step, steps):
        losses = ops.zeros((order.shape[0],), ms.float32)
        while step < steps:
            rows = ops.gather(order, step, 0)
            value, gradients = gradient(ops.gather(x, rows, 0), ops.gather(y, rows, 0))
            value = ops.depend(value, optimizer(gradients))
            losses = ops.tensor_scatter_update(losses, step.reshape(1, 1), value.reshape(1))
            step = step + 1
        return losses

    def eager(order):
        losses = []
        for rows in Tensor(order):
            value, gradients = gradient(ops.gather(x_all, rows, 0), ops.gather(y_all, rows, 0))
            optimizer(gradients)
            losses.append(value)
        return ops.stack(losses)

    def by_hand():
        if mode == "pynative":
            return eager(order).asnumpy()
        zero, steps = Tensor(0, ms.int32), Tensor(len(order), ms.int32)
        return compiled(x_all, y_all, Tensor(order), zero, steps).asnumpy()

    # What a user would type runs in graph mode, which this switches on for it alone.
    trained = Model(*build())
    data = NumpySlicesDataset({"x": x, "y": y}, shuffle=True).batch(BATCH)

    def model_train():
        if mode == "jit":
            ms.set_context(mode=ms.GRAPH_MODE)
        trained.train(1, data, dataset_sink_mode=False)
        ms.set_context(mode=ms.PYNATIVE_MODE)
        return [0.0]

    ways = {"ours": lambda: ours.train_epoch(order).losses, "by_hand": by_hand, "Model.train": model_train}
    compare(ways, rounds, len(order))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
