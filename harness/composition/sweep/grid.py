"""The jobs of a grid: every combination of the values of swept overrides, read by Hydra's parser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING, Any

from harness.composition.limits import OVERRIDE
from harness.composition.measurement import OPTIONS
from harness.composition.mistakes import UserMistake, no_such
from harness.records.failure import in_one_line
from harness.system.text import printable

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

MOST_JOBS = 10_000
# Their values are paths, or are read by a bench itself.
_NOT_SWEPT = ("from", "out", "results_root")


@dataclass(frozen=True)
class Combination:
    """One job: all of its overrides, and of these the values of the swept keys."""

    overrides: tuple[str, ...]
    values: Mapping[str, str]


@dataclass(frozen=True)
class Swept:
    """The typed overrides, in order, some of which are swept. `texts`: of each the alternatives, as typed."""

    texts: Mapping[str, tuple[str, ...]]
    keys: tuple[str, ...]

    def combinations(self) -> list[Combination]:
        """Every combination; the last key changes fastest, as in Hydra's own sweeper."""
        combined = []
        for overrides in product(*self.texts.values()):
            values = {
                key: text.partition("=")[2] for key, text in zip(self.texts, overrides, strict=True) if key in self.keys
            }
            combined.append(Combination(overrides, values))
        return combined


def swept(typed: Sequence[str], options: Mapping[str, Sequence[str]], verb: str) -> Swept:
    """The alternatives of every override. `options`: of the config groups, which `glob()` chooses among.

    Raises UserMistake where a sweep cannot be enumerated. Overrides that cannot be read are left to the validation.
    """
    texts: dict[str, tuple[str, ...]] = {}
    keys, mistakes = list[str](), list[str]()
    for number, text in enumerate(typed):
        override = None if is_raw(text, verb) else parsed(text, options)
        if override is None or not override.is_sweep_override():
            texts[f"{number} {text}"] = (text,)
            continue
        key = override.get_key_element()
        if override.is_interval_sweep():
            mistakes.append(
                f"{printable(text)}: an interval is searched, by hydra/sweeper=twinrun_optuna, not enumerated"
            )
            continue
        try:
            alternatives = tuple(f"{key}={value}" for value in values_of(override))
        except UserMistake as mistake:
            mistakes += mistake.mistakes
            continue
        if not alternatives:
            mistakes.append(no_such(f"{printable(text)}: no option fits", "", options.get(override.key_or_group, ())))
        texts[key] = alternatives  # a key that is swept twice has the values of its last override, as in Hydra
        keys.append(override.key_or_group)
    count = prod(map(len, texts.values()))
    if count > MOST_JOBS:
        mistakes.append(f"the grid has more than {MOST_JOBS:,} jobs, the most of one sweep; sweep fewer values or keys")
    if mistakes:
        raise UserMistake(mistakes)
    return Swept(texts, tuple(dict.fromkeys(keys)))


def values_of(override: Override) -> list[str]:
    """The values of a swept override, as typed, and no more than a grid may have. UserMistake where it has none."""
    try:
        return list(islice(override.sweep_string_iterator(), MOST_JOBS + 1))
    except Exception as error:  # Hydra's parser takes more than its sweeps can enumerate, such as glob([1])
        text = printable(str(override.input_line))
        raise UserMistake([f"{text}: its values cannot be enumerated ({in_one_line(error)})"]) from None


def is_raw(text: str, verb: str) -> bool:
    """Whether an override is not read by Hydra: a path, or what only a bench reads."""
    key, equals, _ = text.partition("=")
    return not equals or key in _NOT_SWEPT or len(text) > OVERRIDE or (verb == "bench" and key in OPTIONS)


@dataclass(frozen=True)
class _Options:
    """What Hydra's `glob()` asks a config loader for."""

    options: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def get_group_options(self, group: str, results_filter: Any = None) -> list[str]:
        return list(self.options.get(group, ()))


def parsed(text: str, options: Mapping[str, Sequence[str]]) -> Override | None:
    """An override as Hydra's parser reads it; None where it does not."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        parser = OverridesParser.create(config_loader=_Options(options))  # type: ignore[arg-type]
        return parser.parse_overrides([text])[0]
    except (HydraException, ValueError, RecursionError):
        return None
