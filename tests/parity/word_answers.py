"""What adapters answer about single words, in the one process that holds their framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import adapters
from harness.judging.cases import Case, answer
from harness.spec.activations import Activation
from harness.spec.arm import Arm
from harness.spec.initializers import Initializer

Arrays = dict[str, Any]


def to_cases(arms: Sequence[Arm], cases: Sequence[Case]) -> dict[str, list[Arrays]]:
    """By the arm's name: the answer to each case."""
    found = {}
    for arm in arms:
        adapter = adapters.load(arm)
        found[arm.name] = [answer(adapter, case.call, case.given, case.arrays) for case in cases]
    return found


def values(arms: Sequence[Arm], asked: Sequence[tuple[Activation, list[float]]]) -> dict[str, list[Any]]:
    """By the arm's name: each activation's value."""
    found = {}
    for arm in arms:
        adapter = adapters.load(arm)
        found[arm.name] = [
            adapter.activation(word, np.array([x], arm.precision), np.ones((1, len(x)), arm.precision), {})["value"][0]
            for word, x in asked
        ]
    return found


def samples(arms: Sequence[Arm], words: Sequence[Initializer], shape: Any, seed: int) -> dict[str, list[Any]]:
    """By the arm's name: a sample of each initializer."""
    found = {}
    for arm in arms:
        adapter = adapters.load(arm)
        found[arm.name] = [adapter.initializer(word, shape, seed) for word in words]
    return found
