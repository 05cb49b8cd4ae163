"""ResNet-18 for images of 32x32, as one writes it in MindSpore."""

from mindspore import nn


def conv(channels, filters, kernel, stride):
    return nn.Conv2d(channels, filters, kernel, stride, pad_mode="pad", padding=kernel // 2)


class Block(nn.Cell):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(channels, filters, 3, stride), nn.BatchNorm2d(filters)
        self.conv2, self.bn2 = conv(filters, filters, 3, 1), nn.BatchNorm2d(filters)
        self.relu = nn.ReLU()
        self.shortcut = None
        if stride > 1:
            self.shortcut = nn.SequentialCell(conv(channels, filters, 1, stride), nn.BatchNorm2d(filters))

    def construct(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class ResNet18(nn.Cell):
    def __init__(self):
        super().__init__()
        self.stem = nn.SequentialCell(conv(3, 64, 3, 1), nn.BatchNorm2d(64), nn.ReLU())
        widths = ((64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1))
        widths += ((128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1))
        self.blocks = nn.SequentialCell(*[Block(*each) for each in widths])
        self.fc = nn.Dense(512, 10)

    def construct(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


def network():
    return ResNet18()
