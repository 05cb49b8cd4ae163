"""Finds English that is left in a Chinese text."""

from __future__ import annotations

import re

from harness.rungs import registry

# Words that stay: terms of twinrun and of the field, operations, names of modes and adapters.
TERMS = {
    *("arm", "arms", "spec", "epoch", "epochs", "logits", "twinrun", "bench", "gate", "match", "check", "label"),
    *("native", "composed", "custom", "exact", "eager", "graph", "jit", "cpu", "threads"),
    *("mindspore", "tensorflow", "reference", "keras", "json", "ms", "nan", "inf", "float"),
    *(
        "exp",
        "log",
        "sqrt",
        "sinh",
        "atanh",
        "pow",
        "max",
        "maximum",
        "min",
        "sum",
        "abs",
        "square",
        "mean",
        "where",
        "clip",
        "matmul",
    ),
    *(
        "rate",
        "mask",
        "slope",
        "alpha",
        "beta",
        "gamma",
        "epsilon",
        "dropout",
        "sigmoid",
        "softmax",
        "gelu",
        "tanh",
        "relu",
    ),
    *(
        "margin",
        "status",
        "size",
        "leaky",
        "mse",
        "cosine",
        "adam",
        "constant",
        "inclusive",
        "trajectory",
        "run",
        "logit",
        "verify",
        "report",
    ),
}
_CODE = re.compile(r"`[^`]*`|\"[^\"]*\"|'[^']*'")
_WORD = re.compile(r"(?<![\w.`'=/:-])[A-Za-z]?[a-z]{2,}(?![\w.`=/(-])")


def english_in(text: str) -> list[str]:
    """The English words of a text that are no terms, and no part of a name with other characters in it."""
    words = _WORD.findall(_CODE.sub("", text))
    return [word for word in words if word not in TERMS and word not in registry.MODULES and not word.istitle()]
