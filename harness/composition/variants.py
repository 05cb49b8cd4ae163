"""An experiment with variants: each is the experiment with overrides of its own, under what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.composition.groups import ConfigGroups
from harness.composition.mistakes import UserMistake, no_such, shown
from harness.composition.pipeline import Composed, compose, composed_of, crossed
from harness.composition.trust import CodeField
from harness.spec.expectations import Ordering


@dataclass(frozen=True)
class ComposedStudy:
    """What a command line asks for: one experiment, or the variants of one, in order; each with its seeds."""

    variants: tuple[Composed, ...]
    orderings: tuple[Ordering, ...] = ()

    @property
    def is_single(self) -> bool:
        return self.first.experiment.variant is None and len(self.first.seeds) == 1

    @property
    def first(self) -> Composed:
        return self.variants[0]

    @property
    def code(self) -> tuple[CodeField, ...]:
        """What files gave the arms of any variant that can run code."""
        return tuple(dict.fromkeys(field for composed in self.variants for field in composed.code))

    def at_first_seeds(self) -> ComposedStudy:
        """The same with the first seed of each variant: the ladder judges one plan, and says the same of any other."""
        return replace(self, variants=tuple(replace(each, seeds=each.seeds[:1]) for each in self.variants))


def compose_study(overrides: Sequence[str], config_dirs: Sequence[Path] = ()) -> ComposedStudy:
    """The experiments that `overrides` describe; UserMistake, with every mistake in it, where they describe none."""
    groups = ConfigGroups.beside(config_dirs)
    crossing = crossed(overrides, groups)
    plain = crossing.plain
    variants, wrong = _variants(plain)
    chosen = plain.get("variant")
    if wrong:
        raise UserMistake(wrong)
    orderings = _orderings(plain, variants)
    if not variants:
        return ComposedStudy((composed_of(crossing, overrides, config_dirs, groups),))
    if chosen is not None and chosen not in variants:
        raise UserMistake([no_such(f"variant={chosen}: there is no such variant", chosen, variants, prefix="variant=")])
    names = [chosen] if chosen is not None else list(variants)
    composed, mistakes = [], list[str]()
    for name in names:
        try:
            # What was typed has the last word, over what the variant says.
            composed.append(compose(overrides, config_dirs, groups, [*variants[name], f"variant={name}"]))
        except UserMistake as mistake:
            mistakes += [f"variant {name}: {each}" for each in mistake.mistakes]
    if mistakes:
        raise UserMistake(mistakes)
    return ComposedStudy(tuple(composed), orderings)


def _variants(plain: Mapping[str, Any]) -> tuple[dict[str, list[str]], list[str]]:
    given = plain.get("variants") or {}
    if not isinstance(given, Mapping):
        return {}, [f"variants: given {shown(given)}; allowed: a mapping from names to lists of overrides"]
    wrong = [
        f"variants.{name}: given {shown(overrides)}; allowed: a list of overrides, each as it would be typed"
        for name, overrides in given.items()
        if not isinstance(overrides, list) or not all(isinstance(each, str) for each in overrides)
    ]
    return {str(name): overrides for name, overrides in given.items()}, wrong


def _orderings(plain: Mapping[str, Any], variants: Mapping[str, Any]) -> tuple[Ordering, ...]:
    try:
        found = TypeAdapter(tuple[Ordering, ...]).validate_python(plain.get("orderings") or ())
    except ValidationError as error:
        raise UserMistake([f"orderings.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]) from None
    # A variant may have been dropped by hand: what is said of it has then nothing to say.
    return tuple(each for each in found if {each.better, each.than} <= variants.keys())
