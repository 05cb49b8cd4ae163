"""Words of a training that an arm cannot make: known from its adapter's table, before any framework is started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import adapters
from adapters.setting import Realisation, Setting
from harness.spec.arm import Arm, DeviceName
from harness.spec.base import Word
from harness.spec.changes import changed
from harness.spec.experiment import Experiment

# Any that `auto` may turn out to be.
_DEVICES: tuple[DeviceName, ...] = ("cpu", "gpu", "ascend")


def unsupported(experiment: Experiment, arms: Sequence[Arm], others: Callable[[], Iterable[Arm]]) -> list[str]:
    """A sentence for each word that one of the arms cannot make, with the arms that can.

    `others` are asked for only where there is such a word. Initializers do not count, since the plan draws the weights.
    """
    usable = adapters.usable()
    known_arms = [arm for arm in arms if arm.adapter in usable]
    lacking = [(arm, word) for arm in known_arms for word in _words(experiment, arm) if _unmade(arm, word)]
    known = [*experiment.arms, *others()] if lacking else []
    found = []
    for arm, word in lacking:
        named = f"{word.family.replace('_', ' ')} {word.word()}"
        able = able_to_make(word, arm, known)
        instead = f"arms that do: {', '.join(able)}" if able else "no arm does"
        found.append(f"arm {arm.name} does not support {named}: {realisation(arm, word).reason}; {instead}")
    return found


def _words(experiment: Experiment, arm: Arm) -> list[Word]:
    return [word for word in changed(experiment, arm.spec).words() if word.family != "initializer"]


def _unmade(arm: Arm, word: Word) -> bool:
    return realisation(arm, word).kind == "unsupported"


def able_to_make(word: Word, instead_of: Arm, arms: Iterable[Arm]) -> list[str]:
    """The names of the arms that can, in the precision and by the policy of the one that cannot."""
    wanted = {"precision": instead_of.precision, "realisation": instead_of.realisation}
    usable = adapters.usable()
    known = {arm.name: arm.model_copy(update=wanted) for arm in arms if arm.adapter in usable}
    return sorted(name for name, arm in known.items() if realisation(arm, word).kind != "unsupported")


def realisation(arm: Arm, word: Word) -> Realisation:
    """How the arm makes the word; on `auto`, as on the first device where it can, for none has been looked for yet."""
    devices = _DEVICES if arm.device == "auto" else (arm.device,)
    made = [adapters.realisation(word, Setting.of(arm, device)) for device in devices]
    return next((each for each in made if each.kind != "unsupported"), made[0])
