"""Parameter groups: parameters for which an optimizer has another rate or another factor of the decay.

A pattern selects parameters by their names, such as `residual_1/conv2d_2/kernel`. It is the name of a kind of
parameters (`KINDS`), of a layer with all its parameters (`dense_2`), or of one parameter (`dense_2/bias`). In the names
of layers and parameters `*` stands for any characters: `residual_*`, `*/kernel`. The name of a layer or parameter must
select something; a kind need not, if the group selects anything at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from harness.spec.base import Spec
from harness.spec.parameters import Parameter
from harness.spec.weight_decay import DecayFactor

Pattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9_*/]+$", max_length=200)]
RateFactor = Annotated[float, Field(gt=0)]
MOST_GROUPS = 100

# By the name of a kind, whether the parameter with this last part of its name is of the kind.
KINDS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "kernel": lambda last: last.endswith("kernel"),
        "bias": lambda last: last.endswith("bias"),
        "norm": lambda last: last in ("gamma", "beta"),
        "embedding": lambda last: last == "embeddings",
    }
)


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class ParameterGroup(Spec):
    """The parameters that one of the patterns selects, with what is different for them.

    `rate_factor`: the rate of every update is `rate_factor * r`, wherever the optimizer's formula or the weight decay
    has the rate r of the schedule. `weight_decay`: the factor of the decay, in place of the `factor` of the optimizer
    or of the weight decay, whichever the experiment has; `decayed` then no longer counts for them. With 0 they do not
    decay. What is not given is as without the group.

    Of several groups that select a parameter, the first one that states a setting decides about this setting: biases
    without a decay in one group and a layer with another rate in the next both hold for that layer's bias.
    """

    parameters: Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=MOST_GROUPS), BeforeValidator(_listed)]
    rate_factor: RateFactor | None = None
    weight_decay: DecayFactor | None = None

    @model_validator(mode="after")
    def _says_something(self) -> ParameterGroup:
        if not self.stated:
            raise ValueError(f"the group of {', '.join(self.parameters)} must have a rate_factor or a weight_decay")
        return self

    @property
    def stated(self) -> tuple[str, ...]:
        """The names of the settings that the group states."""
        return tuple(name for name in SETTINGS if getattr(self, name) is not None)

    def selects(self, name: str) -> bool:
        """Whether the parameter with this name belongs to the group."""
        return any(selected(pattern, name) for pattern in self.parameters)


class GroupSettings(NamedTuple):
    """What the groups state for one parameter; a `weight_decay` of None is that of the experiment."""

    rate_factor: float = 1.0
    weight_decay: float | None = None


SETTINGS = GroupSettings._fields
Groups = tuple[ParameterGroup, ...]


def selected(pattern: str, name: str) -> bool:
    """Whether the pattern selects the parameter with this name."""
    if pattern in KINDS:
        return KINDS[pattern](name.rpartition("/")[2])
    return _compiled(pattern).fullmatch(name) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))) + "(/.*)?")


def settings_of(groups: Groups, name: str) -> GroupSettings:
    """What the groups state for the parameter with this name."""
    stated: dict[str, Any] = {}
    for group in reversed(groups):
        if group.selects(name):
            stated |= {setting: getattr(group, setting) for setting in group.stated}
    return GroupSettings(**stated)


def misfits(groups: Groups, parameters: Iterable[Parameter], decays: Sequence[str]) -> list[str]:
    """Why the groups do not go with the parameters of a model, in words; empty if they do.

    `decays`: the fields of the experiment that hold a factor of a decay.
    """
    listed = list(parameters)
    names = [parameter.name for parameter in listed if parameter.trainable]
    others = [parameter.name for parameter in listed if not parameter.trainable]
    faults = []
    for number, group in enumerate(groups):
        where = f"optimizer.groups.{number}"
        selects_some = any(group.selects(name) for name in names)
        unmatched = [
            _unmatched(pattern, names, others)
            for pattern in group.parameters
            if not (pattern in KINDS and selects_some)
        ]
        clashes = [_clash(pattern, [*names, *others]) for pattern in group.parameters]
        wrong = [fault for fault in (*clashes, *unmatched) if fault]
        faults += [f"{where}.parameters: {fault}" for fault in wrong]
        faults += [] if wrong else _without_effect(groups, number, names, where)
        faults += _without_decay(group, decays, where)
    return faults


def _unmatched(pattern: str, names: list[str], others: list[str]) -> str:
    """Why the pattern selects no parameter; empty if it selects some."""
    if any(selected(pattern, name) for name in names):
        return ""
    if any(selected(pattern, name) for name in others):
        return f"{pattern} selects only parameters that no optimizer moves: frozen ones, or statistics of a layer"
    if pattern in KINDS:
        return f"{pattern} selects no parameter: the model has none of this kind"
    layers = _layers([*names, *others])
    near = get_close_matches(pattern, [*KINDS, *layers, *names], n=1)
    meant = f"; did you mean {near[0]}? There are" if near else "; there are"
    return f"{pattern} selects no parameter{meant} the kinds {', '.join(KINDS)} and the layers {', '.join(layers)}"


def _clash(pattern: str, names: list[str]) -> str:
    """Why it is not clear what the pattern selects; empty if it is."""
    if pattern in KINDS and pattern in _layers(names):
        return f"{pattern} is the name of a layer and of a kind of parameters; for the layer type {pattern}/*"
    return ""


def _layers(names: list[str]) -> dict[str, None]:
    """The layers that have parameters with these names, and the layers around those."""
    return dict.fromkeys(layer for name in names for layer in _leading(name))


def _leading(name: str) -> list[str]:
    """The layers around a parameter, the outermost first: `a` and `a/b` of `a/b/kernel`."""
    parts = name.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts))]


def _without_effect(groups: Groups, number: int, names: list[str], where: str) -> list[str]:
    """The settings of a group that earlier groups state for all its parameters."""
    group = groups[number]
    chosen = [name for name in names if group.selects(name)]
    earlier = groups[:number]
    return [
        f"{where}.{setting}: it has no effect, since groups before it state it for all these parameters"
        for setting in group.stated
        if all(any(setting in other.stated and other.selects(name) for other in earlier) for name in chosen)
    ]


def _without_decay(group: ParameterGroup, decays: Sequence[str], where: str) -> list[str]:
    """Why the experiment has no factor that the group's weight decay can replace."""
    if group.weight_decay is None:
        return []
    if len(decays) > 1:
        return [f"{where}.weight_decay: it is not clear whether it replaces {' or '.join(decays)}; choose one decay"]
    if not decays and group.weight_decay > 0:
        return [
            f"{where}.weight_decay: nothing decays whose factor it could replace; choose weight_decay=decoupled or "
            "coupled, or an optimizer with a decay of its own: adamw or lamb"
        ]
    return []
