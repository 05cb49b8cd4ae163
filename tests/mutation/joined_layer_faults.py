"""Faults of branches, and of layers that make images larger or normalise each sample."""

from __future__ import annotations

from faults import MS, TF, Fault


def _fault(name: str, module: str, old: str, new: str) -> Fault:
    return Fault(name, module, old, new, "layer", "mindspore" if module.startswith(MS) else "tensorflow", "branches")


JOINED_LAYERS = (
    _fault("branches in the wrong order", f"{MS}.layers.branches", "ops.concat(outputs,", "ops.concat(outputs[::-1],"),
    _fault(
        "branches added instead of multiplied",
        f"{TF}.layers.branches",
        'y + output if self.join == "add" else y * output',
        "y + output",
    ),
    _fault(
        "every branch with the first one's masks",
        f"{TF}.layers.branches",
        "self.noise_spans[index]",
        "self.noise_spans[0]",
    ),
    _fault("a branch left out", f"{MS}.layers.branches", "for output in outputs[1:]:", "for output in outputs[2:]:"),
    _fault(
        "a transposed convolution cropped on the other side",
        f"{MS}.layers.transposed",
        "pad_mode=word.padding,\n        padding=0,",
        'pad_mode="pad",\n        padding=(1, 0, 1, 0),',
    ),
    _fault(
        "the kernel of a transposed convolution turned around",
        f"{TF}.layers.transposed",
        '    return with_activation({"kernel": native.kernel, **bias}, call, placed',
        "    turned = lambda x: call(x[:, ::-1, ::-1])[:, ::-1, ::-1]\n"
        '    return with_activation({"kernel": native.kernel, **bias}, turned, placed',
    ),
    _fault(
        "each group of filters on the channels of another",
        f"{TF}.layers.convolution",
        "    return with_activation({**parameters, **bias}, call, placed",
        '    turned = lambda x: call(x[..., ::-1] if getattr(word, "groups", 1) > 1 else x)\n'
        "    return with_activation({**parameters, **bias}, turned, placed",
    ),
    _fault(
        "corners on corners in bilinear interpolation",
        f"{MS}.layers.resizing",
        '{"align_corners": False}',
        '{"align_corners": True}',
    ),
    _fault(
        "the nearest pixel instead of the two around",
        f"{TF}.layers.resizing",
        "interpolation=word.interpolation,",
        'interpolation="nearest",',
    ),
    _fault(
        "padding of the height along the width",
        f"{MS}.layers.resizing",
        "vertical, horizontal = word.padding",
        "horizontal, vertical = word.padding",
    ),
    _fault(
        "padding before for padding after",
        f"{TF}.layers.resizing",
        "ZeroPadding2D(word.padding,",
        "ZeroPadding2D([side[::-1] for side in word.padding],",
    ),
    _fault(
        "each channel instead of each group normalised",
        f"{TF}.layers.group_normalisation",
        "_in_groups(word.groups,",
        "_in_groups(placed.input_shape[-1],",
    ),
    _fault(
        "all channels of an instance normalised at once",
        f"{MS}.layers.group_normalisation",
        "_in_groups(placed.input_shape[-1],",
        "_in_groups(1,",
    ),
    _fault(
        "another epsilon in group normalisation",
        f"{MS}.layers.group_normalisation",
        "eps=word.epsilon",
        "eps=2 * word.epsilon",
    ),
    _fault(
        "epsilon outside the root of the mean square",
        f"{MS}.specifics.group_normalisation",
        "x / ops.sqrt(ops.mean(ops.square(x), -1, True) + self.epsilon)",
        "x / (ops.sqrt(ops.mean(ops.square(x), -1, True)) + self.epsilon)",
    ),
    _fault(
        "cells side by side in a dilated convolution",
        f"{TF}.layers.sequence_convolution",
        "dilation_rate=word.dilation,",
        "dilation_rate=1,",
    ),
    _fault(
        "samples left out and the others not rescaled",
        f"{MS}.layers.stochastic_depth",
        "noise[0].reshape(self.mask_shape) / self.keep_probability",
        "noise[0].reshape(self.mask_shape)",
    ),
    _fault(
        "samples scaled in evaluation",
        f"{TF}.layers.stochastic_depth",
        "            return x\n",
        "            return x * self.keep_probability\n",
    ),
)
