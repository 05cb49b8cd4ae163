"""Three ways to train the same MindSpore model in one process, epoch by epoch in turn: ours, by hand, `Model.train`.

Run as `python mindspore_loops.py EXPERIMENT MODE ROUNDS`; prints one line of JSON.
"""

import sys

from sides import compare, digits, experiment, plan

import adapters
from harness.spec.arm import Arm


def main(name: str, mode: str, rounds: int) -> None:
    adapter = adapters.load(Arm(name="ours", adapter="mindspore", mode=mode))
    import mindspore as ms
    from mindspore import Tensor, nn, ops
    from mindspore.dataset import NumpySlicesDataset
    from mindspore.train import Model

    e = experiment(name)
    x, y = digits(e)
    drawn = plan(e)
    order = drawn.orders[0].reshape(-1, drawn.batch_size)
    ours = adapter.trainer(e.recipe, drawn.weights, 10**6)
    ours.bind(x, y)
    ours.compile(*order.shape)

    def build():
        values = list(drawn.weights.values())

        def dense(number, activation, images=None):
            kernel, bias = values[2 * number : 2 * number + 2]
            if images is not None:  # its inputs are images, which lie channels first here
                kernel = kernel.reshape(*images, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
            init = {"weight_init": Tensor(kernel.T, ms.float32), "bias_init": Tensor(bias, ms.float32)}
            return nn.Dense(*kernel.shape, activation=activation, **init)

        def convolution(number):
            kernel, bias = values[2 * number : 2 * number + 2]
            init = {
                "weight_init": Tensor(kernel.transpose(3, 2, 0, 1), ms.float32),
                "bias_init": Tensor(bias, ms.float32),
            }
            height, width, channels, filters = kernel.shape
            return nn.Conv2d(channels, filters, (height, width), pad_mode="valid", has_bias=True, **init)

        if name == "cnn":
            rows = [convolution(0), nn.Tanh(), convolution(1), nn.Tanh(), nn.MaxPool2d(2, 2), nn.Flatten()]
            network = nn.SequentialCell(*rows, dense(2, "tanh", images=(11, 11, 8)), dense(3, None))
            rate = nn.InverseDecayLR(0.05, 1e-6, 1)
            optimizer = nn.SGD(network.trainable_params(), rate, momentum=0.9, nesterov=True)
        else:
            network = nn.SequentialCell(nn.Flatten(), dense(0, "sigmoid"), dense(1, "sigmoid"), dense(2, None))
            optimizer = nn.Adam(network.trainable_params(), 1e-3, eps=1e-7)
        return network, nn.SoftmaxCrossEntropyWithLogits(sparse=True, reduction="mean"), optimizer

    network, loss, optimizer = build()
    x = x.transpose(0, 3, 1, 2)  # as users of this framework store images

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
    data = NumpySlicesDataset({"x": x, "y": y}, shuffle=True).batch(drawn.batch_size)

    def model_train():
        if mode == "jit":
            ms.set_context(mode=ms.GRAPH_MODE)
        trained.train(1, data, dataset_sink_mode=False)
        ms.set_context(mode=ms.PYNATIVE_MODE)
        return [0.0]

    ways = {"ours": lambda: ours.train_epoch(order).losses, "by_hand": by_hand, "Model.train": model_train}
    compare(ways, rounds, len(order))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
