"""Models of images in MindSpore as one would write them; `images_tensorflow.py` has ports with planted faults."""

from mindspore import nn, ops


class Cnn(nn.Cell):
    def __init__(self, normalised=False):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, pad_mode="valid", has_bias=True)
        self.bn = nn.BatchNorm2d(4) if normalised else None
        self.conv2 = nn.Conv2d(4, 4, 3, pad_mode="valid", has_bias=True)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2, 2)
        self.flatten = nn.Flatten()
        self.fc = nn.Dense(4, 3)

    def construct(self, x):
        x = self.conv1(x)
        if self.bn is not None:
            x = self.bn(x)
        x = self.pool(self.relu(x))
        x = self.relu(self.conv2(x))
        return self.fc(self.flatten(x))


class Normed(nn.Cell):
    """A convolution, a normalisation and a dense layer."""

    def __init__(self, norm, activation=None, **padding):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, has_bias=True, **(padding or {"pad_mode": "valid"}))
        self.norm, self.relu = norm, activation or nn.ReLU()
        self.fc = nn.Dense(4, 3)

    def construct(self, x):
        x = self.conv(x)
        x = x if self.norm is None else self.norm(x)
        return self.fc(self.relu(x).mean((2, 3)))


class Tokens(nn.Cell):
    """(batch, 2, 4, 4) images, whose pixels become tokens (batch, 16, 6)."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(2, 6, 1, pad_mode="valid", has_bias=True)
        self.norm = nn.LayerNorm((6,))
        self.mix = nn.Dense(6, 6)
        self.head = nn.Dense(6, 3)

    def construct(self, x):
        tokens = self.patch(x).reshape(x.shape[0], 6, 16).transpose(0, 2, 1)
        tokens = ops.relu(self.mix(self.norm(tokens)))
        return self.head(tokens.mean(1))


def grouped():
    return Normed(nn.GroupNorm(2, 4))


def instanced():
    return Normed(nn.InstanceNorm2d(4))


def padded():
    return Normed(None, pad_mode="pad", padding=1, stride=2)


def sloped():
    return Normed(None, nn.LeakyReLU(0.2))


def curved():
    return Normed(None, nn.ELU())


def cnn():
    return Cnn()


def normalised():
    return Cnn(normalised=True)


def tokens():
    return Tokens()
