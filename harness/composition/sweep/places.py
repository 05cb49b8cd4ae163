"""The folders of a sweep's jobs, as `hydra.sweep.subdir` names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from harness.composition.base import literal
from harness.composition.groups import ConfigGroups
from harness.composition.mistakes import UserMistake
from harness.composition.pipeline import compose_dict
from harness.composition.preflight import unusable
from harness.composition.sweep.hydra_options import HydraNode
from harness.system.text import printable

if TYPE_CHECKING:
    from harness.composition.sweep.jobs import ValidJob

BY_NUMBER = "${hydra.job.num}"
TAKEN = ("jobs", "sweep.json", "claim.json", "complete.json", "cancel", "handed.json")  # of the sweep itself


def places_of(
    jobs: Sequence[ValidJob],
    node: HydraNode,
    beside: Mapping[str, Any],
    first: int,
    groups: ConfigGroups,
    folder: Path,
) -> list[str]:
    """The folder of each job below that of the sweep. `first`: the number of the first job.

    Raises UserMistake where one would lie elsewhere.
    """
    template = str(node.tree["sweep"]["subdir"])
    if template == BY_NUMBER:
        return [str(first + number) for number in range(len(jobs))]
    places, mistakes = [], list[str]()
    for number, job in enumerate(jobs, first):
        try:
            place = _place_of(job, number, node, beside, groups)
            mistakes += _faults(place, folder)
            places.append(place)
        except UserMistake as mistake:
            mistakes += mistake.mistakes
    if mistakes:
        raise UserMistake(list(dict.fromkeys(mistakes)))
    return places


def _place_of(job: ValidJob, number: int, node: HydraNode, beside: Mapping[str, Any], groups: ConfigGroups) -> str:
    config = literal(compose_dict(job.combination.overrides, (), groups))
    name = _override_dirname(job.combination.overrides, node.tree["job"]["config"]["override_dirname"], groups)
    beside = {**config, **beside}
    return str(node.resolved(beside, "sweep.subdir", num=number, override_dirname=name)["sweep.subdir"])


def _override_dirname(overrides: Sequence[str], settings: Mapping[str, Any], groups: ConfigGroups) -> str:
    """The overrides in one name, as Hydra makes it."""
    from hydra._internal.config_loader_impl import get_overrides_dirname

    from harness.composition.sweep.grid import parsed

    read = [override for text in overrides if (override := parsed(text, groups.all_options())) is not None]
    return str(get_overrides_dirname(read, settings["exclude_keys"], settings["item_sep"], settings["kv_sep"]))


def _faults(place: str, folder: Path) -> list[str]:
    path = PurePosixPath(place)
    if not path.parts or path.is_absolute() or ".." in path.parts or path.parts[0] in TAKEN:
        taken = f"a folder below that of the sweep, and none of {', '.join(TAKEN)}"
        return [f"hydra.sweep.subdir: given {printable(place)!r}; allowed: {taken}"]
    return unusable("hydra.sweep.subdir", folder / place)
