"""Experiments with variants. Each variant has its own overrides; those of the command line take precedence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.composition.groups import ConfigGroups
from harness.composition.mistakes import UserMistake, no_such, shown
from harness.composition.pipeline import Composed, compose, composed_of, validated_config
from harness.composition.trust import CodeField
from harness.spec.expectations import Ordering


@dataclass(frozen=True)
class ComposedStudy:
    """The variants of an experiment in order, each with its seeds; an experiment without variants is the only one."""

    variants: tuple[Composed, ...]
    orderings: tuple[Ordering, ...] = ()

    @property
    def is_single(self) -> bool:
        """Whether the study is one experiment without variants, at one seed."""
        return self.first.experiment.variant is None and len(self.first.seeds) == 1

    @property
    def first(self) -> Composed:
        """The first variant."""
        return self.variants[0]

    @property
    def code(self) -> tuple[CodeField, ...]:
        """The fields of all variants' arms that come from files and can run code, each once."""
        return tuple(dict.fromkeys(field for composed in self.variants for field in composed.code))

    def at_first_seeds(self) -> ComposedStudy:
        """The study with one seed for each variant: the verdicts of the ladder on one plan hold for any other."""
        return replace(self, variants=tuple(replace(variant, seeds=variant.seeds[:1]) for variant in self.variants))


def compose_study(
    overrides: Sequence[str], config_dirs: Sequence[Path] = (), groups: ConfigGroups | None = None
) -> ComposedStudy:
    """The study that `overrides` describe. Raises UserMistake, with every mistake, if they describe none.

    `groups`: all groups, which cache the files that they have read.
    """
    groups = groups or ConfigGroups.beside(config_dirs)
    config = validated_config(overrides, groups)
    plain = config.plain
    variants, variant_mistakes = _variants(plain)
    chosen = plain.get("variant")
    if variant_mistakes:
        raise UserMistake(variant_mistakes)
    orderings = _orderings(plain, variants)
    if not variants:
        return ComposedStudy((composed_of(config, overrides, config_dirs, groups),))
    if chosen is not None and chosen not in variants:
        raise UserMistake([no_such(f"variant={chosen}: there is no such variant", chosen, variants, prefix="variant=")])
    names = [chosen] if chosen is not None else list(variants)
    composed, mistakes = [], list[str]()
    for name in names:
        try:
            # The overrides of the command line take precedence over those of the variant.
            composed.append(compose(overrides, config_dirs, groups, [*variants[name], f"variant={name}"]))
        except UserMistake as mistake:
            mistakes += [f"variant {name}: {text}" for text in mistake.mistakes]
    if mistakes:
        raise UserMistake(mistakes)
    return ComposedStudy(tuple(composed), orderings)


def _variants(plain: Mapping[str, Any]) -> tuple[dict[str, list[str]], list[str]]:
    """By name, the overrides of each variant, and the mistakes in them."""
    entries = plain.get("variants") or {}
    if not isinstance(entries, Mapping):
        return {}, [f"variants: given {shown(entries)}; allowed: a mapping from names to lists of overrides"]
    mistakes = [
        f"variants.{name}: given {shown(overrides)}; allowed: a list of overrides, each as it would be typed"
        for name, overrides in entries.items()
        if not isinstance(overrides, list) or not all(isinstance(override, str) for override in overrides)
    ]
    return {str(name): overrides for name, overrides in entries.items()}, mistakes


def _orderings(plain: Mapping[str, Any], variants: Mapping[str, Any]) -> tuple[Ordering, ...]:
    try:
        orderings = TypeAdapter(tuple[Ordering, ...]).validate_python(plain.get("orderings") or ())
    except ValidationError as error:
        raise UserMistake([f"orderings.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]) from None
    # An override may have dropped a variant; the orderings that name it do not apply then.
    return tuple(ordering for ordering in orderings if {ordering.better, ordering.than} <= variants.keys())
