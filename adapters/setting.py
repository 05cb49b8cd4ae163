"""The setting of an arm, and the tables that state how a word is made in it. No framework is imported for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, overload

from harness.spec.arm import Arm, DeviceName, HalfPrecision, Layout, Precision
from harness.spec.base import Word
from harness.spec.loss_scale import DynamicLossScale


def base_mode(mode: str) -> str:
    """The mode of which this one is a variant: `graph` of `graph_step`; itself without an underscore."""
    return mode.partition("_")[0]


Kind = Literal["native", "composed", "custom", "unsupported"]


@dataclass(frozen=True)
class Realisation:
    """How an adapter makes a spec (`kind`), from which objects of the framework (`by`), and why so (`reason`).

    `native`: the framework's own class, unchanged. `composed`: native parts and a stated transformation. `custom`:
    written by the adapter from primitive operations. `unsupported`: not made.
    """

    kind: Kind
    by: str
    reason: str = ""


@dataclass(frozen=True)
class Setting:
    """The choices of an arm that decide how words are made. `device = auto` is the CPU until a framework is asked.

    `precision` is that of the weights, the loss and the updates; `half` the one of 16 bits in which layers compute, if
    they do. `loss_scale`: see `Arm`.
    """

    adapter: str
    mode: str
    device: DeviceName
    precision: Precision
    exact: bool
    layout: Layout
    half: HalfPrecision | None = None
    loss_scale: float | DynamicLossScale | None = None

    @property
    def compiler(self) -> str:
        """How functions are compiled: the mode without what follows its underscore, which says how epochs are run."""
        return base_mode(self.mode)

    @classmethod
    def of(cls, arm: Arm, device: DeviceName | None = None) -> Setting:
        """The setting of an arm. `device` is the one that the framework chose, once it has been asked."""
        # Both frameworks keep the rate in float32, Keras also the betas, and most optimizers of MindSpore the weights.
        # For float64 weights only the canonical rules are exact.
        exact = arm.realisation == "exact" or arm.precision == "float64"
        known_device = device or ("cpu" if arm.device == "auto" else arm.device)
        mixed = arm.compute_dtype, arm.loss_scale
        return cls(arm.adapter, arm.mode, known_device, arm.variable_dtype, exact, arm.layout, *mixed)

    @property
    def policy(self) -> str:
        """The precision of the arm, which in Keras names a policy of dtypes."""
        return f"mixed_{self.half}" if self.half else self.precision

    @property
    def compute_dtype(self) -> str:
        """The type in which layers compute."""
        return self.half or self.precision


Make = Callable[..., Any]


@dataclass(frozen=True)
class Way:
    """A realisation, as it is recorded, and the function that makes the word accordingly (`adapters.making`)."""

    realisation: Realisation
    make: Make


Choice = Realisation | Way
Entry = Choice | Callable[[Any, Setting], Choice]
Entries = Mapping[type[Any], Entry]


@overload
def native(by: str) -> Realisation: ...
@overload
def native(by: str, make: Make) -> Way: ...
def native(by: str, make: Make | None = None) -> Choice:
    """The realisation by the framework's own class `by`, with the function that makes the word if one is given."""
    return _choice(Realisation("native", by), make)


@overload
def composed(by: str, reason: str) -> Realisation: ...
@overload
def composed(by: str, reason: str, make: Make) -> Way: ...
def composed(by: str, reason: str, make: Make | None = None) -> Choice:
    """The realisation by the parts `by`, for this reason, with the function that makes the word if one is given."""
    return _choice(Realisation("composed", by, reason), make)


def custom(by: str, reason: str) -> Realisation:
    """The realisation by code of the adapter, for this reason."""
    return Realisation("custom", by, reason)


def unsupported(reason: str) -> Realisation:
    """The realisation of a word that the adapter cannot make, for this reason."""
    return Realisation("unsupported", "", reason)


def by_precision(in_float32: Entry, in_float64: Entry) -> Entry:
    """An entry that depends on the precision of the arm."""
    return lambda word, setting: resolve(in_float64 if setting.precision == "float64" else in_float32, word, setting)


def made_in_half(entries: Entries, *words: type[Any]) -> Entries:
    """The entries, of which only those of `words` are made where layers compute in 16 bits."""
    return {word: entry if word in words else _not_in_half(word, entry) for word, entry in entries.items()}


def _not_in_half(word: type[Any], entry: Entry) -> Entry:
    refusal = unsupported(f"{word.word()} is not made in mixed precision yet")
    return lambda made, setting: refusal if setting.half else resolve(entry, made, setting)


def resolve(entry: Entry, word: Any, setting: Setting) -> Choice:
    """The choice of an entry for the word in this setting."""
    return entry(word, setting) if callable(entry) else entry


def look_up(entries: Entries, word: Word, setting: Setting) -> Realisation:
    """How the adapter's entries make the word in this setting; `unsupported` where there is no entry."""
    entry = entries.get(type(word))
    if entry is None:
        return unsupported(f"the {setting.adapter} adapter has no {word.family} {word.word()}")
    choice = resolve(entry, word, setting)
    return choice.realisation if isinstance(choice, Way) else choice


def unless_exact(entry: Entry) -> Entry:
    """The canonical rule where the policy is exact, else the choice of the entry."""
    return lambda word, setting: EXACT if setting.exact else resolve(entry, word, setting)


def for_groups(entry: Entry, takes_groups: bool, reason: str) -> Entry:
    """The choice of the entry, as it is for a word whose groups have other rates or factors.

    `takes_groups`: whether a native class takes groups of parameters itself. Where it does not, there is one object for
    each group, for this reason.
    """

    def choose(word: Any, setting: Setting) -> Choice:
        choice = resolve(entry, word, setting)
        is_divided = any(group.rate_factor not in (None, 1) or group.weight_decay for group in word.groups)
        if not isinstance(choice, Way) or not is_divided:
            return choice
        made = choice.realisation
        if takes_groups and made.kind == "native":
            return native(f"{made.by}, with groups of parameters", choice.make)
        reasons = "; ".join(filter(None, [made.reason, reason]))
        return composed(f"{made.by}, one for each group of parameters", reasons, choice.make)

    return choose


def canonical(reason: str) -> Realisation:
    """The canonical rule, for the `reason` that the framework's own optimizer departs from the spec."""
    return custom(EXACT.by, reason)


def _choice(realisation: Realisation, make: Make | None) -> Choice:
    return realisation if make is None else Way(realisation, make)


EXACT = Realisation("custom", "canonical rule from primitives")
