"""The base classes of all specs: immutable, without unknown keys, and distinguished by their `kind`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Union, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, ValidationInfo
from pydantic_core.core_schema import CoreSchema
from typing_extensions import Self

from harness.spec.numbers import kinds_told_apart

# A name that folders are named after.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]


class Spec(BaseModel):
    """An immutable, validated description. Equality and hashing are by value."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False, strict=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        # Records of measurements may hold infinities; their many numbers are written by this package alone.
        return schema if cls.model_config.get("allow_inf_nan") else kinds_told_apart(schema)


class Word(Spec):
    """A spec that is one member of a family (a schedule, a loss, ...); `kind` is its name in a config."""

    family: ClassVar[str]

    @classmethod
    def word(cls) -> str:
        """The value of `kind` that selects this class."""
        return str(get_args(cls.model_fields["kind"].annotation)[0])

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        """The specs by which the vocabulary suite checks this word: one for each variant computed differently."""
        return (cls(),)

    @property
    def implied_words(self) -> tuple[Word, ...]:
        """The words that its formula is made of although no field holds them."""
        return ()

    @property
    def name_in_tables(self) -> str:
        """The kind and the fields that distinguish its variants: flags that are set, and forms chosen by name."""
        chosen = [
            name if value is True else value
            for name, value in self
            if name not in ("kind", "name", "trainable") and (value is True or isinstance(value, str))
        ]
        return " ".join([self.word(), *chosen])


def family_members(base: type[Word]) -> tuple[type[Word], ...]:
    """Every concrete member defined so far, in the order of definition."""
    members: list[type[Word]] = []
    for subclass in base.__subclasses__():
        if "kind" in subclass.model_fields:
            members.append(subclass)
        members.extend(family_members(subclass))
    return tuple(dict.fromkeys(members))


def union_of(base: type[Word]) -> Any:
    """The discriminated union of the members defined so far; a bare string stands for `{kind: string}`."""
    members = family_members(base)
    return Annotated[Union[members], Field(discriminator="kind"), BeforeValidator(_from_name)]  # noqa: UP007


def _from_name(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str):
        return {"kind": value}
    # A validator in Python turns JSON's arrays into lists, which no strict tuple is made from.
    return _with_tuples(value) if info.mode == "json" else value


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value
