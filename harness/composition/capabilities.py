"""Words of a training that an arm does not support, by its adapter's table, before any framework is started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import adapters
from adapters.setting import Realisation, Setting
from harness.spec.arm import Arm, DeviceName
from harness.spec.base import Word
from harness.spec.changes import changed
from harness.spec.experiment import Experiment

# The devices that `auto` may select.
_DEVICES: tuple[DeviceName, ...] = ("cpu", "gpu", "ascend")


def unsupported(experiment: Experiment, arms: Sequence[Arm], further_arms: Callable[[], Iterable[Arm]]) -> list[str]:
    """A sentence for each word that one of the arms does not support, with the names of the arms that do.

    `further_arms` is called only if there is such a word. Initializers are left out, since the plan draws the weights.
    """
    usable = adapters.usable()
    known_arms = [arm for arm in arms if arm.adapter in usable]
    lacking = [(arm, word) for arm in known_arms for word in _words(experiment, arm) if _unmade(arm, word)]
    candidates = [*experiment.arms, *further_arms()] if lacking else []
    sentences = []
    for arm, word in lacking:
        named = f"{word.family.replace('_', ' ')} {word.word()}"
        supporting = able_to_make(word, arm, candidates)
        instead = f"arms that do: {', '.join(supporting)}" if supporting else "no arm does"
        sentences.append(f"arm {arm.name} does not support {named}: {realisation(arm, word).reason}; {instead}")
    return sentences


def _words(experiment: Experiment, arm: Arm) -> list[Word]:
    return [word for word in changed(experiment, arm.spec).words() if word.family != "initializer"]


def _unmade(arm: Arm, word: Word) -> bool:
    return realisation(arm, word).kind == "unsupported"


def able_to_make(word: Word, instead_of: Arm, arms: Iterable[Arm]) -> list[str]:
    """The names of the arms that support the word in the precision and under the policy of `instead_of`, sorted."""
    setting = {"precision": instead_of.precision, "realisation": instead_of.realisation}
    usable = adapters.usable()
    arms_by_name = {arm.name: arm.model_copy(update=setting) for arm in arms if arm.adapter in usable}
    return sorted(name for name, arm in arms_by_name.items() if realisation(arm, word).kind != "unsupported")


def realisation(arm: Arm, word: Word) -> Realisation:
    """How the arm makes the word. On `auto`: on the first device that supports it, since no device is detected yet."""
    devices = _DEVICES if arm.device == "auto" else (arm.device,)
    realisations = [adapters.realisation(word, Setting.of(arm, device)) for device in devices]
    return next((candidate for candidate in realisations if candidate.kind != "unsupported"), realisations[0])
