"""A residual network of one block: images channels first, batch normalisation, ReLU after the addition."""

from mindspore import nn, ops


class Block(nn.Cell):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, pad_mode="pad", padding=1)
        self.bn1 = nn.BatchNorm2d(channels, momentum=0.9, eps=1e-5)
        self.conv2 = nn.Conv2d(channels, channels, 3, pad_mode="pad", padding=1)
        self.bn2 = nn.BatchNorm2d(channels, momentum=0.9, eps=1e-5)

    def construct(self, x):
        y = ops.relu(self.bn1(self.conv1(x)))
        return ops.relu(self.bn2(self.conv2(y)) + x)


class ResNet(nn.Cell):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, pad_mode="pad", padding=1, has_bias=True)
        self.block = Block(8)
        self.head = nn.Dense(8, 10)

    def construct(self, x):
        x = self.block(ops.relu(self.stem(x)))
        return self.head(x.mean((2, 3)))


def network():
    return ResNet()
