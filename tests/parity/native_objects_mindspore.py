"""Models, losses, optimizers and schedules in MindSpore, as one would write them."""

import numpy as np
from mindspore import Tensor, load_checkpoint, load_param_into_net, nn, ops, save_checkpoint


def network():
    return nn.SequentialCell(nn.Dense(6, 8), nn.ReLU(), nn.Dense(8, 3))


def _trained():
    """A network with the weights that a training would have left."""
    rng = np.random.default_rng(0)
    trained = network()
    for parameter in trained.get_parameters():
        parameter.set_data(Tensor(rng.normal(size=parameter.shape).astype(np.float32)))
    return trained


def loaded():
    save_checkpoint(_trained(), "trained.ckpt")
    net = network()
    load_param_into_net(net, load_checkpoint("trained.ckpt"))
    return net


def loaded_safetensors():
    save_checkpoint(_trained(), "trained", format="safetensors")
    net = network()
    load_param_into_net(net, load_checkpoint("trained.safetensors", format="safetensors"))
    return net


class Normalised(nn.Cell):
    def __init__(self, group, layer, pad_mode="same", padding=0):
        super().__init__()
        self.conv = nn.Conv2d(2, 8, 3, stride=2, pad_mode=pad_mode, padding=padding, has_bias=True)
        self.group = nn.GroupNorm(2, 8, eps=group)
        self.act = nn.ReLU()
        self.flat = nn.Flatten()
        self.fc1 = nn.Dense(128, 12)
        self.layer = nn.LayerNorm((12,), epsilon=layer)
        self.fc2 = nn.Dense(12, 3)

    def construct(self, x):
        x = self.flat(self.act(self.group(self.conv(x))))
        return self.fc2(self.layer(self.fc1(x)))


def normalised():
    return Normalised(1e-5, 1e-12)


def padded():
    return Normalised(1e-5, 1e-12, "pad", 1)


def cross_entropy():
    return nn.CrossEntropyLoss()


def smoothed():
    return nn.CrossEntropyLoss(label_smoothing=0.1)


def summed():
    return nn.CrossEntropyLoss(reduction="sum")


def by_sample():
    return nn.CrossEntropyLoss(reduction="none")


def of_functions(logits, labels):
    return ops.cross_entropy(logits, labels)


def adam(parameters, learning_rate):
    return nn.Adam(parameters, learning_rate, eps=1e-7)


def adam_default(parameters, learning_rate):
    return nn.Adam(parameters, learning_rate)


def adam_coarse(parameters, learning_rate):
    return nn.Adam(parameters, learning_rate, eps=1e-3)


def grouped(parameters, learning_rate):
    """The parameters in groups, which MindSpore orders anew."""
    kernels = [parameter for parameter in parameters if parameter.name.endswith("weight")]
    others = [parameter for parameter in parameters if not parameter.name.endswith("weight")]
    return nn.Momentum([{"params": others}, {"params": kernels}], learning_rate, 0.9)


def momentum(parameters):
    return nn.SGD(parameters, 0.01, momentum=0.9)


def half_of_them(parameters):
    return nn.SGD(parameters[:2], 0.01)


def cosine():
    return nn.CosineDecayLR(0.0, 0.01, 12)


def stairs():
    return nn.exponential_decay_lr(0.01, 0.5, 12, 3, 1, True)


def short():
    return [0.1, 0.2]
