"""What an adapter is: specs and NumPy arrays in, NumPy arrays out. The same for every framework.

Weights cross in canonical layout (a dense kernel is (in, out)) and in float64 or the arm's precision; an adapter owns
its transposes. Nothing of a framework leaks through this protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harness.spec.arm import Arm, DeviceName
from harness.spec.base import Word
from harness.spec.layers import Model
from harness.spec.losses import Loss
from harness.spec.optimizers import Optimizer
from harness.spec.schedules import Schedule

Array = NDArray[Any]
IntArray = NDArray[np.integer[Any]]
FloatArray = NDArray[np.floating[Any]]
Parameters = Mapping[str, Array]

Made = TypeVar("Made")
Kind = Literal["native", "composed", "custom", "unsupported"]


class UnsupportedSpecError(Exception):
    """The adapter cannot compute this spec exactly, and says why."""


class DeviceUnavailableError(Exception):
    """The arm's device is not on this machine, or the framework cannot use it."""


def made_by(table: Mapping[type[Any], Made], spec: Word, adapter: str) -> Made:
    """The entry of an adapter's table for a spec; UnsupportedSpecError where it has none."""
    try:
        return table[type(spec)]
    except KeyError:
        raise UnsupportedSpecError(f"the {adapter} adapter has no {spec.family} {spec.word()}") from None


@dataclass(frozen=True)
class Realisation:
    """How an adapter made a spec, and out of what.

    `native`: the framework's own class as it is. `composed`: native pieces and a stated transformation. `custom`:
    written by the adapter from primitive operations. `unsupported`: not made; `reason` says why.
    """

    kind: Kind
    by: str
    reason: str = ""


@dataclass(frozen=True)
class ScheduleForm:
    """One way the framework can compute a schedule. `rate` maps 0-based steps to rates, vectorised.

    `used` marks the form the arm trains with. `differs`, where not empty, says why the form is not the spec for some
    numbers at least: it is never trained with, and a divergence of it is a known one.
    """

    name: str
    realisation: Realisation
    rate: Callable[[IntArray], FloatArray]
    used: bool = False
    differs: str = ""


@dataclass(frozen=True)
class Device:
    """One device the framework was asked about in this process."""

    name: DeviceName
    available: bool
    detail: str = ""


@dataclass(frozen=True)
class Environment:
    """What a result depends on besides the spec: versions, the device really used, threads, flags."""

    framework: str
    version: str
    device: str
    threads: int | None
    versions: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Structure:
    """The realised model, read back from the framework's own objects, in canonical names and layout."""

    parameters: tuple[tuple[str, tuple[int, ...], str], ...]
    parameter_count: int
    multiply_adds: int


@dataclass(frozen=True)
class Evaluation:
    """Mean loss and fraction correct over every sample given, the last short batch included."""

    loss: float
    accuracy: float
    samples: int


class Trainer(Protocol):
    """One model with its loss and optimizer, alive in a framework."""

    def structure(self) -> Structure: ...

    def weights(self) -> dict[str, Array]:
        """Copies of the parameters, canonical layout, in the arm's precision."""

    def set_weights(self, weights: Parameters) -> None:
        """Overwrites the parameters; the optimizer's state stays."""

    def forward(self, x: Array) -> Array:
        """The model's output for samples `x` of shape (B, ...), already scaled, in the arm's precision."""

    def loss_and_gradients(self, x: Array, y: IntArray) -> tuple[float, dict[str, Array]]:
        """The mean loss over the batch and its gradient by every parameter."""

    def bind(self, x: Array, y: IntArray) -> None:
        """Places the training set on the device."""

    def compile(self, steps: int, batch_size: int) -> None:
        """Builds what `train_epoch` runs for that shape, without an update; nothing to do in eager modes."""

    def train_epoch(self, order: IntArray) -> FloatArray:
        """One update per row of `order` (steps, batch) of sample numbers; the loss of each, fetched at the end."""

    def evaluate(self, x: Array, y: IntArray) -> Evaluation: ...


@runtime_checkable
class Adapter(Protocol):
    """One framework, set up in this process for one arm."""

    arm: Arm

    def environment(self) -> Environment: ...

    def devices(self) -> tuple[Device, ...]: ...

    def realisation(self, spec: Word) -> Realisation:
        """How this arm makes a word of the spec."""

    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        """Every form the framework offers for the schedule; exactly one is `used`."""

    def optimizer(
        self, spec: Optimizer, schedule: Schedule, parameters: Parameters, gradients: Sequence[Parameters]
    ) -> Iterator[dict[str, Array]]:
        """Replays given gradients; yields the parameters after each update."""

    def trainer(
        self, model: Model, loss: Loss, optimizer: Optimizer, schedule: Schedule, weights: Parameters, horizon: int
    ) -> Trainer:
        """A model that starts from `weights`. `horizon` is the number of updates the run will make."""
