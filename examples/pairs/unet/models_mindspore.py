"""A U-Net of one level: a class for every pixel, images channels first."""

from mindspore import nn, ops


class UNet(nn.Cell):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(1, 8, 3, pad_mode="same", has_bias=True)
        self.pool = nn.MaxPool2d(2, 2)
        self.bottom = nn.Conv2d(8, 16, 3, pad_mode="same", has_bias=True)
        self.up = nn.Conv2dTranspose(16, 8, 2, stride=2, pad_mode="valid", has_bias=True)
        self.merge = nn.Conv2d(16, 8, 3, pad_mode="same", has_bias=True)
        self.head = nn.Conv2d(8, 3, 1, has_bias=True)

    def construct(self, x):
        skip = ops.relu(self.down(x))
        deep = ops.relu(self.bottom(self.pool(skip)))
        merged = ops.relu(self.merge(ops.cat((self.up(deep), skip), axis=1)))
        return self.head(merged).permute(0, 2, 3, 1)


def unet():
    return UNet()
