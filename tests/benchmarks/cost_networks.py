"""The networks whose checks are measured, as overrides of `experiment=mnist_mlp`."""

RELU = "{kind: activation, activation: relu}"
DENSE = "{kind: dense, units: 10, kernel_initializer: xavier_uniform}"


def convolution(filters: int, stride: int = 1) -> str:
    fields = "kernel_size: [3, 3], padding: same, use_bias: false, kernel_initializer: he_normal"
    return f"{{kind: conv2d, filters: {filters}, strides: [{stride}, {stride}], {fields}}}"


def block(filters: int) -> str:
    """A residual block of two convolutions, each with a normalisation."""
    inner = ", ".join([convolution(filters), "{kind: batch_norm}", RELU, convolution(filters), "{kind: batch_norm}"])
    return f"{{kind: residual, layers: [{inner}]}}, {RELU}"


def residual(first: int, second: int) -> str:
    """A residual network for digits: a block at 28x28 with `first` filters, one at 14x14 with `second`."""
    layers = [convolution(first), "{kind: batch_norm}", RELU, block(first)]
    layers += [convolution(second, 2), "{kind: batch_norm}", RELU, block(second), "global_average_pool2d", DENSE]
    return f"model.layers=[{', '.join(layers)}]"


# 112,682 parameters, 33 million multiply-adds a sample.
RESIDUAL = (residual(32, 64), "training.batch_size=128")
