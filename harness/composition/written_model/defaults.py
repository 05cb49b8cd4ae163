"""The defaults of what a model's file leaves out: those of twinrun, and what each framework does in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from harness.composition.mistakes import shown
from harness.spec import Word
from harness.spec.activations import Activation
from harness.spec.base import family_members
from harness.spec.initializers import Initializer
from harness.spec.layers import Layer

ANY = "any"
SAME_AS = "same_as"
OF_THE_WORD = "the word's definition"
_FILE = Path(__file__).with_name("defaults.yaml")


@dataclass(frozen=True)
class Default:
    """The value that a field gets, and where it comes from; with `same_as` that of another field of the layer."""

    value: Any
    source: str
    same_as: str | None = None

    @property
    def shown(self) -> str:
        """The value in a cell of a table."""
        if self.same_as is not None:
            return f"as {self.same_as}"
        if isinstance(self.value, Mapping):
            fields = ", ".join(f"{key}={value}" for key, value in self.value.items() if key != "kind")
            return f"{self.value['kind']}({fields})"
        return shown(self.value) if self.value is None or isinstance(self.value, bool) else str(self.value)


@cache
def words() -> Mapping[str, type[Word]]:
    """By name, every word that can stand in a model: the layers, activations and initializers."""
    bases: tuple[type[Word], ...] = (Initializer, Activation, Layer)  # a layer's name counts where two are alike
    return {member.word(): member for base in bases for member in family_members(base)}


@cache
def default_of(word: str, field: str) -> Default | None:
    """What a word's field gets that is left out; None if it must be given."""
    row = _table().get(word, {}).get(field)
    if row is not None:
        return row
    common = _table()[ANY].get(field)
    info = words()[word].model_fields[field]
    if info.is_required():  # whatever its name, only how a parameter is drawn has a default in common
        return common if field.endswith("_initializer") else None
    of_spec = _plain(info.default)
    return common if common is not None and _alike(common.value, of_spec) else Default(of_spec, OF_THE_WORD)


def omittable(word: type[Word]) -> dict[str, Default]:
    """The fields of a word that may be left out, with their defaults."""
    names = [name for name in word.model_fields if name != "kind"]
    return {name: default for name in names if (default := default_of(word.word(), name)) is not None}


def _plain(value: Any) -> Any:
    """The default of a spec's field in plain containers."""
    if isinstance(value, Word):
        plain = value.model_dump(mode="json")
        return plain["kind"] if len(plain) == 1 else plain
    return list(value) if isinstance(value, tuple) else value


def _alike(written: Any, plain: Any) -> bool:
    """Whether a written value stands for this one: a number for each of a list."""
    if isinstance(written, bool) or isinstance(plain, bool):
        return written is plain
    return bool(written == plain) or (isinstance(plain, list) and all(item == written for item in plain))


@dataclass(frozen=True)
class Practice:
    """What a framework does where a field is left out: in terms of the specs (`meaning`), by its own argument.

    `argument`: None if the framework leaves no choice.
    """

    meaning: str
    class_name: str
    argument: str | None
    default: Any


@cache
def practices(adapter: str) -> Mapping[tuple[str, str], Practice]:
    """By word and field, what an adapter's framework does where it is left out; empty if the adapter does not say."""
    import adapters  # which imports NumPy

    infos = adapters.usable()
    file = infos[adapter].omitted if adapter in infos else None
    rows = {} if file is None else yaml.safe_load(file.read_text(encoding="utf-8"))
    return {
        (word, field): Practice(entry[2], row["class"], entry[0], entry[1])
        for word, row in rows.items()
        for field, entry in row.items()
        if field != "class"
    }


def other_practices(word: str, field: str) -> dict[str, str]:
    """By framework, what it does where the field is left out, if that is something else than the default."""
    import adapters

    default = default_of(word, field)
    others = {name: practices(name).get((word, field)) for name in adapters.frameworks()}
    return {
        name: practice.meaning
        for name, practice in others.items()
        if practice is not None and default is not None and practice.meaning != default.shown
    }


@cache
def _table() -> Mapping[str, Mapping[str, Default]]:
    rows: Mapping[str, Mapping[str, Any]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {word: {field: _default(*entry) for field, entry in row.items()} for word, row in rows.items()}


def _default(value: Any, source: str) -> Default:
    if isinstance(value, Mapping) and SAME_AS in value:
        return Default(None, source, str(value[SAME_AS]))
    return Default(value, source)
