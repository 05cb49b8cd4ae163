"""Builders that are no builders, or that misbehave: each is told in words, with the exit code of its kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command import finish, start

PAIR = """
name: wrong
models:
  mindspore: {builder: "builders.py:net"}
batches: batches.npz
batch_size: 2
steps: 2
forced_steps: 1
loss: mean_squared_error
optimizer: sgd
schedule: {kind: constant, rate: 0.1}
arms: [{use: mindspore_pynative, name: one}, {use: mindspore_pynative, name: two}]
"""
BUILDERS = """
import os, sys, threading, time
import numpy as np
from mindspore import nn, ops


def good():
    return nn.SequentialCell(nn.Dense(3, 4), nn.ReLU(), nn.Dense(4, 1))


class Noisy(nn.Cell):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Dense(3, 64), nn.Dense(64, 1)

    def construct(self, x):
        return self.fc2(ops.dropout(self.fc1(x), p=0.5, training=self.training))


def net():
    {body}
"""
# By name: the builder's body, the exit code, and what is said.
CASES = {
    "no return": ("good()", 2, "one: builders.py:net returned None, as a function without a return statement does"),
    "a function": ("return lambda x: x", 2, "one: builders.py:net returned a function; it must return an nn.Cell"),
    "a generator": ("yield good()", 2, "one: builders.py:net returned a generator; it must return an nn.Cell"),
    "no parameters": ("return nn.ReLU()", 2, "y has shape (2, 1) and float32"),
    "frozen": (
        "cell = nn.Dense(3, 1)\n    for p in cell.get_parameters(): p.requires_grad = False\n    return cell",
        2,
        "one: the model of builders.py:net has no parameter that is trained",
    ),
    "prints": ("[print('x' * 10**6) for _ in range(100)]\n    return good()", 0, "AGREES"),
    "leaves": ("os.chdir('/')\n    sys.stdout.close()\n    sys.stderr.close()\n    return good()", 0, "AGREES"),
    "strict": ("import warnings; warnings.simplefilter('error'); np.seterr(all='raise'); return good()", 0, "AGREES"),
    "ends": (
        "os._exit(5)",
        3,
        "ended with exit code 5; the builder builders.py:net, or its model on one batch, was ru",
    ),
    "hangs": ("time.sleep(1000)", 3, "not done within timeout_s=20; the builder builders.py:net, or its model on one"),
    "recurses": (
        "return net()",
        3,
        "CRASHED: pair wrong, one: builders.py:net raised RecursionError: maximum recursion",
    ),
    "random": (
        "return Noisy()",
        4,
        "UNVERIFIED: pair wrong, one: one is not the same twice in training although every",
    ),
}


@pytest.mark.nightly  # by day tests/unit/adapters/test_user_model.py and tests/parity/test_user_layers.py
@pytest.mark.parametrize("case", CASES)
def test_a_builder_that_misbehaves_is_told(case: str, tmp_path: Path) -> None:
    body, code, said = CASES[case]
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "batches.npz", x=generator.normal(size=(4, 3)), y=generator.normal(size=(4, 1)))
    (tmp_path / "builders.py").write_text(BUILDERS.replace("{body}", body))
    (tmp_path / "pair.yaml").write_text(PAIR)
    arguments = ["check", "pair=pair.yaml", "out=run", *(["arm.timeout_s=20"] if case == "hangs" else [])]
    found, out, err = finish(start(arguments, tmp_path))
    printed = " ".join((out + err).split())
    assert (found, said in printed) == (code, True), printed
    assert "Traceback" not in printed
    assert (tmp_path / "run").exists() == (code != 2)
    assert len(out) < 100_000
