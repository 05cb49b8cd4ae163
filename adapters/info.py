"""What is known of an adapter without its framework: one record, behind the entry point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from adapters.protocol import Adapter
from adapters.setting import Entries
from harness.spec.arm import Arm


class AdapterError(Exception):
    """An adapter that cannot be used: its module fails, or has no right `INFO`. The message is one line."""


@dataclass(frozen=True)
class Requirement:
    """Where all packages of `beside` are installed, the version of `package` must be within `allowed`, and why."""

    beside: tuple[str, ...]
    package: str
    allowed: str
    reason: str


@dataclass(frozen=True)
class UserModels:
    """How models that a user wrote in the framework are run.

    `module` has `user_model(...)`; `arm` is the config of the arm that runs any native code, one operation at a time.
    `spellings`: how the framework says what pairs of models are known to differ in, by what it is.
    """

    module: str
    arm: str
    spellings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AdapterInfo:
    """`create(arm)` imports the framework, and nothing before it does. `modes`: the first is the usual one.

    `entries`: how each word is made, by its class. `distribution`: the package that brings the framework; `versions` of
    it are those that the adapter was written for; `packages`: all whose version decides what it computes. `install`:
    the command that brings them. `ledger`: the folder of its entries, whose evidence runs with `evidence_environment`.
    `exclusive`: packages of which one may be there. `is_oracle`: it is no framework, but what they are judged by.
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
    user_models: UserModels | None = None
    requirements: tuple[Requirement, ...] = ()
    exclusive: tuple[str, ...] = ()
    evidence_environment: Mapping[str, str] = field(default_factory=dict)
    is_oracle: bool = False

    def __post_init__(self) -> None:
        """AdapterError, with every field that is wrong."""
        wrong = [f"{name} is {value!r}" for name, value in self._misfits()]
        if wrong:
            raise AdapterError("; ".join(wrong))

    def _misfits(self) -> list[tuple[str, Any]]:
        kinds = get_type_hints(type(self))
        texts = [each.name for each in fields(self) if kinds[each.name] is str]
        tuples = [each.name for each in fields(self) if kinds[each.name] == tuple[str, ...]]
        found = [(name, getattr(self, name)) for name in texts if not isinstance(getattr(self, name), str)]
        found += [(name, getattr(self, name)) for name in ("title", "distribution") if not getattr(self, name)]
        found += [(name, value) for name in tuples if not _are_texts(value := getattr(self, name))]
        found += [] if self.modes else [("modes", self.modes)]
        found += [] if callable(self.create) else [("create", self.create)]
        found += [] if isinstance(self.entries, Mapping) else [("entries", self.entries)]
        found += [] if self.ledger is None or isinstance(self.ledger, Path) else [("ledger", self.ledger)]
        try:
            SpecifierSet(self.versions)
        except (InvalidSpecifier, TypeError, AttributeError):
            found.append(("versions", self.versions))
        return found


def _are_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
