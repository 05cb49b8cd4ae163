"""The MindSpore side of the example: a small convolutional network as one writes it there, channels first."""

from mindspore import nn


class SmallCnn(nn.Cell):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, pad_mode="same", has_bias=True)
        self.bn1 = nn.BatchNorm2d(8, momentum=0.9, eps=1e-3)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)
        self.conv2 = nn.Conv2d(8, 16, 3, pad_mode="same", has_bias=True)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Dense(16 * 3 * 3, 32, activation="relu")
        self.fc2 = nn.Dense(32, 10)

    def construct(self, x):
        x = self.pool(self.relu(self.bn1(self.conv1(x))))
        x = self.pool(self.relu(self.conv2(x)))
        return self.fc2(self.fc1(self.flatten(x)))


def small_cnn():
    return SmallCnn()
