"""The rungs in the order of the ladder; each rung presumes that those before it agree.

This is the only list of their names. A rung's module is imported only when the rung is needed, so that a name can be
checked without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.rungs.rung import Question, Rung

# By the name that users type and records hold, the module of this package that defines the `RUNG`.
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
    "inputs": "inputs",
    "model": "model",
    "step": "step",
    "trajectory": "trajectory",
    "evaluation": "evaluation",
    "convergence": "convergence",
    "expected": "expected",
}


def names() -> tuple[str, ...]:
    """The names of all rungs, without importing any."""
    return tuple(MODULES)


@cache
def rungs() -> tuple[Rung, ...]:
    """Every rung. Raises ValueError if a module's rung has another name than the one it is registered by."""
    loaded: list[Rung] = []
    for name, module in MODULES.items():
        rung: Rung = import_module(f"harness.rungs.{module}").RUNG
        if rung.name != name:
            raise ValueError(f"harness.rungs.{module} holds the rung {rung.name}, and is registered as {name}")
        loaded.append(rung)
    return tuple(loaded)


def questions(chosen: Sequence[str] = ()) -> dict[str, Question]:
    """By the rung's name, the questions to live arms of the chosen rungs, or of all rungs if none is chosen."""
    by_name = {rung.name: rung.question for rung in rungs() if rung.question is not None}
    return {name: question for name, question in by_name.items() if not chosen or name in chosen}


def of_trainings(chosen: Sequence[str] = ()) -> list[Rung]:
    """The rungs that judge recorded trainings: all of them, or the chosen ones if any of these judges nothing else.

    A choice among rungs with questions, such as `model`, limits the questions; trainings are then judged in full.
    """
    judging = [rung for rung in rungs() if rung.judge_trainings is not None]
    return [rung for rung in judging if rung.name in chosen] if training_only(chosen) else judging


def training_only(chosen: Sequence[str]) -> list[str]:
    """The names of the chosen rungs that have no question, and so judge trainings only."""
    return [rung.name for rung in rungs() if rung.name in chosen and rung.question is None]
