"""One entry of the ledger: what a framework does otherwise than the formula, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import Field, field_validator, model_validator

import adapters
from harness.spec.base import Spec, family_members
from harness.spec.vocabulary import BASES

Text = Annotated[str, Field(min_length=1)]
# What a framework does to something that no word stands for: here a loop of updates that it compiles.
BESIDE_WORDS = {"training": ("loop",)}


class LedgerError(ValueError):
    """A file of the ledger that is not an entry; the message names the file and the field."""


class Entry(Spec):
    """`framework` is the adapter in whose folder the entry lies.

    `different`: another function, which is never used. `inaccurate`: the same, coarser, and used with its bound.

    `bound` is the largest error of value or gradient, absolute or relative to the reference as `measure` says.
    `versions` is a specifier such as `==2.10.0`, which the version of one of the framework's packages must fit.
    `evidence` is a Python script that sets `diverges`. `modes` and `devices` are where it was seen; no modes: in all.
    """

    id: Text
    framework: Text
    kind: Literal["different", "inaccurate"]
    family: Text
    word: Text
    precision: Literal["float32", "float64", "any"]
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
        wrong = []
        if not self.id.startswith(f"{self.framework}-"):
            wrong.append(f"framework: the file's name must begin with {self.framework}-")
        if self.family not in (families := (*BASES, *BESIDE_WORDS)):
            wrong.append(f"family: there is no family {self.family!r}; there are {', '.join(families)}")
        elif self.word not in (words := _words(self.family)):
            wrong.append(f"word: there is no {self.family} {self.word!r}; there are {', '.join(words)}")
        inaccurate = self.kind == "inaccurate"
        wrong += [
            f"{name}: {'required' if inaccurate else 'only'} for an inaccurate entry"
            for name, value in (("bound", self.bound), ("measure", self.measure))
            if (value is not None) != inaccurate
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def concerns(self, versions: Mapping[str, str]) -> bool:
        """Whether it speaks of one of these versions, by package."""
        fitting = SpecifierSet(self.versions)
        return any(
            fitting.contains(versions[package], prereleases=True)
            for package in adapters.info(self.framework).packages
            if package in versions
        )

    def holds_in(self, precision: str, mode: str, device: str) -> bool:
        seen = self.precision in ("any", precision) and device in self.devices
        return seen and (not self.modes or mode in self.modes)

    @property
    def bound_in_words(self) -> str:
        return f"{self.bound:g} {self.measure}" if self.bound is not None else ""


def _words(family: str) -> Sequence[str]:
    return BESIDE_WORDS.get(family) or [member.word() for member in family_members(BASES[family][0])]


def frameworks(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Those the entries speak of, each once."""
    return tuple(dict.fromkeys(entry.framework for entry in entries))


def in_words(error: Any) -> str:
    """A validation error with its fields named, on one line."""
    found = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ") for each in error.errors())
    return "; ".join(found).replace("Value error, ", "")
