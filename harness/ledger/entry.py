"""One entry of the ledger: how a framework departs from a formula, and what is used instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import Field, field_validator, model_validator

import adapters
from adapters.setting import base_mode
from harness.spec.arm import Precision
from harness.spec.base import Spec, family_members
from harness.spec.vocabulary import BASES

Text = Annotated[str, Field(min_length=1)]
# Families beyond the words: here a loop of updates that a framework compiles, and the factor of the loss.
BESIDE_WORDS = {"training": ("loop", "loss_scale")}


class LedgerError(ValueError):
    """A file of the ledger that holds no valid entry; the message names the file and the field."""


class Entry(Spec):
    """A departure of a framework from the formula of a word.

    `framework`: the adapter in whose folder the entry lies.
    `kind`: `different`, the framework computes another function, which is never used; `inaccurate`, it computes the
    same function less accurately, which is used with its bound.
    `bound`: the largest error of value or gradient, absolute or relative to the reference as `measure` says.
    `versions`: a specifier such as `==2.10.0`, which the version of one of the framework's packages must match.
    `evidence`: a Python script that sets `diverges`. `modes` and `devices`: where it was observed; no modes means all.
    """

    id: Text
    framework: Text
    kind: Literal["different", "inaccurate"]
    family: Text
    word: Text
    precision: Precision | Literal["any"]
    versions: Text
    modes: tuple[str, ...] = ()
    devices: tuple[str, ...] = ("cpu",)
    what: Text
    cause: Text
    bound: Annotated[float, Field(gt=0)] | None = None
    measure: Literal["absolute", "relative"] | None = None
    instead: Text
    evidence: Text

    @field_validator("what", "cause", "instead")
    @classmethod
    def _on_one_line(cls, text: str) -> str:
        return " ".join(text.split())

    @field_validator("versions")
    @classmethod
    def _specifier(cls, versions: str) -> str:
        try:
            SpecifierSet(versions)
        except InvalidSpecifier:
            raise ValueError(f"must be a version specifier such as ==2.10.0, got {versions!r}") from None
        return versions

    @field_validator("evidence")
    @classmethod
    def _compiles(cls, evidence: str) -> str:
        try:
            compile(evidence, "evidence", "exec")
        except SyntaxError as error:
            raise ValueError(f"is no Python script: {error}") from None
        return evidence

    @model_validator(mode="after")
    def _consistent(self) -> Entry:
        mistakes = []
        if not self.id.startswith(f"{self.framework}-"):
            mistakes.append(f"framework: the file's name must begin with {self.framework}-")
        if self.family not in (families := (*BASES, *BESIDE_WORDS)):
            mistakes.append(f"family: there is no family {self.family!r}; there are {', '.join(families)}")
        elif self.word not in (words := _words(self.family)):
            mistakes.append(f"word: there is no {self.family} {self.word!r}; there are {', '.join(words)}")
        inaccurate = self.kind == "inaccurate"
        mistakes += [
            f"{name}: {'required' if inaccurate else 'only'} for an inaccurate entry"
            for name, value in (("bound", self.bound), ("measure", self.measure))
            if (value is not None) != inaccurate
        ]
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    def concerns(self, versions: Mapping[str, str]) -> bool:
        """Whether the entry applies to one of these versions, which are given by package."""
        fitting = SpecifierSet(self.versions)
        return any(
            fitting.contains(versions[package], prereleases=True)
            for package in adapters.info(self.framework).packages
            if package in versions
        )

    def holds_in(self, precision: str, mode: str, device: str) -> bool:
        is_covered = self.precision in ("any", precision) and device in self.devices
        return is_covered and (not self.modes or mode in self.modes or base_mode(mode) in self.modes)

    @property
    def bound_in_words(self) -> str:
        return f"{self.bound:g} {self.measure}" if self.bound is not None else ""


def _words(family: str) -> Sequence[str]:
    return BESIDE_WORDS.get(family) or [member.word() for member in family_members(BASES[family][0])]


def frameworks(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The frameworks of the entries, each once."""
    return tuple(dict.fromkeys(entry.framework for entry in entries))


def in_words(error: Any) -> str:
    """A validation error as one line that names its fields."""
    sentences = (
        f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}".removeprefix(": ") for detail in error.errors()
    )
    return "; ".join(sentences).replace("Value error, ", "")
