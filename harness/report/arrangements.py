"""The table of `doctor` on arrangements: how fast each framework is here in each of its own, and which one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import adapters
from harness.records.arrangement import ChosenArrangement
from harness.spec.arm import NONE, Arm
from harness.worker.arrangement.calibration import CalibrationError
from harness.worker.arrangement.choice import Chooser, candidates_for
from harness.worker.arrangement.figures import Figures

COLUMNS = ("adapter", "arrangement", "sets", "convolution", "matrix product", "used", "why")


def arrangement_rows(arms: Iterable[Arm], say: Callable[[str], None]) -> list[list[str]]:
    """A row for each arrangement of each arm whose adapter states any. `say`: see `Chooser`."""
    chooser = Chooser(say)
    return [row for arm in arms if adapters.arrangements(arm.adapter) for row in _rows(arm, chooser)]


def _rows(arm: Arm, chooser: Chooser) -> list[list[str]]:
    choice = chooser.choice(arm, has_convolutions=True)
    offered = adapters.arrangements(arm.adapter)
    sets = {name: _settings(entry.environment.items()) for name, entry in offered.items()}
    figures = _figures(arm, choice, chooser)
    if not figures:
        return [[arm.adapter, choice.name, _settings(choice.variables.items()), "", "", "yes", _why(choice)]]
    return [
        [
            arm.adapter,
            name,
            sets.get(name, ""),
            f"{1e3 * measured.convolution_s:.1f} ms",
            f"{1e3 * measured.product_s:.1f} ms",
            "yes" if name == choice.name else "",
            _why(choice) if name == choice.name else "",
        ]
        for name, measured in figures.items()
    ]


def _figures(arm: Arm, choice: ChosenArrangement, chooser: Chooser) -> dict[str, Figures]:
    """The figures that the choice rests on; empty where it rests on none."""
    candidates, _ = candidates_for(arm, adapters.arrangements(arm.adapter))
    if choice.reason == "stated" or not candidates:
        return {}
    try:
        return chooser.figures(arm, candidates, may_measure=True)
    except CalibrationError:
        return {}


def _settings(variables: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name}={value}" for name, value in variables)


def _why(choice: ChosenArrangement) -> str:
    return choice.detail if choice.name == NONE and choice.detail else choice.reason
