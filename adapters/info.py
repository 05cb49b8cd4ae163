"""The description of an adapter, which its entry point names and which is read without importing the framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from adapters.protocol import Adapter
from adapters.setting import Entries
from harness.spec.arm import AUTO, NONE, Arm


class AdapterError(Exception):
    """An adapter cannot be used, because its module fails or has no valid `INFO`. The message is one line."""


@dataclass(frozen=True)
class Requirement:
    """Where all packages of `beside` are installed, the version of `package` must be within `allowed`, for `reason`."""

    beside: tuple[str, ...]
    package: str
    allowed: str
    reason: str


@dataclass(frozen=True)
class UserModels:
    """How the framework runs models that a user wrote in it.

    `module` has the function `user_model`. `arm` is the config of the arm that runs native code one operation at a
    time, and `eager_mode` its mode. `words` has the functions `own_loss`, `own_rates` and `own_optimizer`. `spellings`
    maps each way in which pairs of models are known to differ to the framework's code for it. `template`: the file with
    a model to begin with, whose function `network` makes it.
    """

    module: str
    arm: str
    eager_mode: str
    words: str = ""
    spellings: Mapping[str, str] = field(default_factory=dict)
    template: Path | None = None


@dataclass(frozen=True)
class UserLoops:
    """The training loops that the framework's users type. `module` has the function `user_loop`, which takes a name."""

    module: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Arrangement:
    """Environment variables with which the framework may be faster. They are set before it is imported.

    It can matter only on a processor that has one of `processor_flags`, as /proc/cpuinfo names them.
    """

    environment: Mapping[str, str]
    processor_flags: tuple[str, ...]


@dataclass(frozen=True)
class AdapterInfo:
    """The properties of an adapter. `create(arm)` imports the framework; nothing imports it earlier.

    `modes` are the execution modes, the default first. `entries` states how each word is made, by the word's class.
    `distribution` is the package that contains the framework, `versions` the range that the adapter supports,
    `packages` all packages whose versions decide the numbers, and `install` the command that installs them. `ledger`
    is the folder of the ledger's entries; their evidence runs with the variables of `evidence_environment`. `omitted`
    is a YAML file that states what the framework does where an argument of a layer is left out. Of the
    packages in `exclusive` only one may be installed. `arrangements` are tried against none, by name, where they can
    matter (`harness.worker.arrangement`). `is_oracle` marks the reference, by which frameworks are judged.
    """

    title: str
    distribution: str
    modes: tuple[str, ...]
    entries: Entries
    create: Callable[[Arm], Adapter]
    versions: str = ""
    packages: tuple[str, ...] = ()
    devices: tuple[str, ...] = ("cpu",)
    install: str = ""
    ledger: Path | None = None
    omitted: Path | None = None
    user_models: UserModels | None = None
    user_loops: UserLoops | None = None
    requirements: tuple[Requirement, ...] = ()
    exclusive: tuple[str, ...] = ()
    evidence_environment: Mapping[str, str] = field(default_factory=dict)
    arrangements: Mapping[str, Arrangement] = field(default_factory=dict)
    is_oracle: bool = False

    def __post_init__(self) -> None:
        """Raises AdapterError, which names every invalid field."""
        problems = [f"{name} is {value!r}" for name, value in self._misfits()]
        if problems:
            raise AdapterError("; ".join(problems))

    def _misfits(self) -> list[tuple[str, Any]]:
        kinds = get_type_hints(type(self))
        texts = [attribute.name for attribute in fields(self) if kinds[attribute.name] is str]
        tuples = [attribute.name for attribute in fields(self) if kinds[attribute.name] == tuple[str, ...]]
        misfits = [(name, getattr(self, name)) for name in texts if not isinstance(getattr(self, name), str)]
        misfits += [(name, getattr(self, name)) for name in ("title", "distribution") if not getattr(self, name)]
        misfits += [(name, value) for name in tuples if not _is_tuple_of_texts(value := getattr(self, name))]
        misfits += [] if self.modes else [("modes", self.modes)]
        misfits += [] if callable(self.create) else [("create", self.create)]
        misfits += [] if isinstance(self.entries, Mapping) else [("entries", self.entries)]
        misfits += [] if _are_arrangements(self.arrangements) else [("arrangements", self.arrangements)]
        paths = [(name, getattr(self, name)) for name in ("ledger", "omitted")]
        misfits += [(name, value) for name, value in paths if not (value is None or isinstance(value, Path))]
        try:
            SpecifierSet(self.versions)
        except (InvalidSpecifier, TypeError, AttributeError):
            misfits.append(("versions", self.versions))
        return misfits


def _is_tuple_of_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(text, str) for text in value)


def _are_arrangements(value: Any) -> bool:
    """Whether this is a mapping from names, none of them a setting of `Arm.arrangement`, to arrangements."""
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and name not in ("", AUTO, NONE) and isinstance(arrangement, Arrangement)
        for name, arrangement in value.items()
    )
