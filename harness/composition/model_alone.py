"""The model that overrides describe, whatever data and loss stand beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.composition.groups import ConfigGroups
from harness.composition.mistakes import UserMistake
from harness.composition.pipeline import compose
from harness.composition.variants import compose_study
from harness.spec.model import Model


def model_of(overrides: Sequence[str], config_dirs: Sequence[Path] = ()) -> Model:
    """The model of the experiment. Raises UserMistake, with every mistake.

    The data of the default experiment are replaced by some that fit, so that `model=NAME` is enough.
    """
    groups = ConfigGroups.beside(config_dirs)
    try:
        if any(text.startswith("variant=") for text in overrides):
            return compose_study(overrides, config_dirs, groups).first.experiment.model
        return compose(overrides, config_dirs, groups).experiment.model
    except UserMistake as mistake:
        if any(text.startswith(("data", "loss", "experiment=", "from=")) for text in overrides):
            raise
        fitting = _fitting(overrides, config_dirs, groups)
        if fitting is None:
            raise mistake from None
        return fitting


def _fitting(overrides: Sequence[str], config_dirs: Sequence[Path], groups: ConfigGroups) -> Model | None:
    """The model beside the first data set and loss with which it can be composed; None if there is none."""
    for data in groups.options("data"):
        for loss in ("mean_squared_error", "categorical_cross_entropy"):
            try:
                typed = [*overrides, f"data={data}", f"loss={loss}"]
                return compose(typed, config_dirs, groups).experiment.model
            except UserMistake:
                continue
    return None
