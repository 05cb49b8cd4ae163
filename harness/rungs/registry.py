"""All rungs, in the ladder's order: each presumes those before it.

This is the one list of their names. A rung's module is imported when the rung is needed: a name can be checked without.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.rungs.rung import Question, Rung

# By the name that is typed and recorded: the module of this package that holds the `RUNG`.
MODULES = {
    "self": "self_consistency",
    "schedule": "schedule",
    "applied-lr": "applied_lr",
    "activation": "activation",
    "loss": "loss",
    "initializer": "initializer",
    "layer": "layer",
    "clipping": "clipping",
    "optimizer": "optimizer",
    "model": "model",
    "step": "step",
    "trajectory": "trajectory",
    "evaluation": "evaluation",
    "convergence": "convergence",
    "expected": "expected",
}


def names() -> tuple[str, ...]:
    return tuple(MODULES)


@cache
def rungs() -> tuple[Rung, ...]:
    """Every rung; ValueError where a module holds one of another name."""
    every: list[Rung] = []
    for name, module in MODULES.items():
        rung: Rung = import_module(f"harness.rungs.{module}").RUNG
        if rung.name != name:
            raise ValueError(f"harness.rungs.{module} holds the rung {rung.name}, and is registered as {name}")
        every.append(rung)
    return tuple(every)


def questions(chosen: Sequence[str] = ()) -> dict[str, Question]:
    """What live arms are asked, by the rung's name: of the rungs that are chosen by name, or of all where none is."""
    every = {rung.name: rung.question for rung in rungs() if rung.question is not None}
    return {name: question for name, question in every.items() if not chosen or name in chosen}


def of_trainings(chosen: Sequence[str] = ()) -> list[Rung]:
    """The rungs that judge recorded trainings.

    All of them, unless one is chosen that judges nothing else, such as `convergence`: then those that are chosen. A
    choice among the other rungs says what arms are asked, and leaves the trainings to be judged in full.
    """
    every = [rung for rung in rungs() if rung.judge_trainings is not None]
    return [rung for rung in every if rung.name in chosen] if training_only(chosen) else every


def training_only(chosen: Sequence[str]) -> list[str]:
    """The chosen rungs that have nothing to judge without a training."""
    return [rung.name for rung in rungs() if rung.name in chosen and rung.question is None]
