"""A small convolutional network in mixed precision: `auto_mixed_precision` O2 keeps batch normalisation in float32."""

import mindspore as ms
from mindspore import amp, nn


class Network(nn.Cell):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, pad_mode="same", has_bias=True)
        self.bn = nn.BatchNorm2d(8, momentum=0.9, eps=1e-3)
        self.relu = nn.ReLU()
        self.flatten = nn.Flatten()
        self.fc = nn.Dense(8 * 12 * 12, 10)

    def construct(self, x):
        return self.fc(self.flatten(self.relu(self.bn(self.conv(x)))))


def network():
    return amp.auto_mixed_precision(Network(), "O2", dtype=ms.float16)
