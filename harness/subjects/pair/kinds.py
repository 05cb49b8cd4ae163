"""The kinds of layers and operations, in one spelling for all frameworks."""

from __future__ import annotations

import re

# Kinds that move numbers but compute nothing; the frameworks need them in different places.
MOVERS = {
    *("flatten", "reshape", "view", "permute", "transpose", "swapaxes", "moveaxis", "expanddims", "squeeze"),
    *("unsqueeze", "getitem", "split", "chunk", "unstack", "unbind", "zeropad", "zeropadding"),
    *("identity", "dropout", "stopgradient", "contiguous", "copy", "clone"),
}
ALIKE = {"normalization": "norm", "pooling": "pool", "average": "avg", "swish": "silu"}
# Operations that have several names, without underscores and in lower case.
SAME = {
    "absolute": "abs",
    "concatenate": "concat",
    "cat": "concat",
    "iadd": "add",
    "subtract": "sub",
    "multiply": "mul",
    "imul": "mul",
    "truedivide": "div",
    "truediv": "div",
    "divide": "div",
    "realdiv": "div",
    "neg": "negative",
    "power": "pow",
    "dot": "matmul",
    "einsum": "matmul",
    "batchmatmul": "matmul",
    "bmm": "matmul",
    "reducemean": "mean",
    "reducesum": "sum",
    "reducemax": "max",
    "amax": "max",
    "amin": "min",
    "astype": "cast",
    "to": "cast",
    "half": "cast",
    "float": "cast",
    "maskedfill": "where",
    "select": "where",
    "multiheadattention": "attention",
}
SPOKEN = {
    "batchnorm": "batch_norm",
    "layernorm": "layer_norm",
    "groupnorm": "group_norm",
    "instancenorm": "instance_norm",
    "maxpool": "max_pool",
    "avgpool": "average_pool",
    "attention": "multi_head_attention",
    "leakyrelu": "leaky_relu",
}


def kind_of(kind: str) -> str:
    """A kind as no framework spells it: `BatchNorm2d` is `batchnorm`, `softmax_v2` and `SoftmaxExt` are `softmax`."""
    plain = re.sub(r"v[2-4]$|[1-3]d$", "", re.sub(r"[_\W]", "", kind.removesuffix("Ext").lower()))
    for long, short in ALIKE.items():
        plain = plain.replace(long, short)
    return SAME.get(plain, plain)


def spoken_kind(kind: str) -> str:
    """A kind of `kind_of` as it is written in a sentence."""
    return SPOKEN.get(kind, kind)


def moves_only(kind: str) -> bool:
    """Whether a call of this kind computes nothing."""
    return kind_of(kind) in MOVERS
