"""What an adapter is: specs and NumPy arrays in, NumPy arrays out. The same for every framework.

Weights cross in canonical layout (a dense kernel is (in, out)) and in float64 or the arm's precision; an adapter owns
its transposes. Nothing of a framework leaks through this protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, runtime_checkable

from adapters.setting import Realisation
from harness.records.array_types import Array as Array
from harness.records.array_types import FloatArray as FloatArray
from harness.records.array_types import IntArray as IntArray
from harness.records.step_columns import Watched
from harness.spec.activations import Activation
from harness.spec.arm import Arm, DeviceName
from harness.spec.base import Word
from harness.spec.initializers import Initializer
from harness.spec.losses import Loss
from harness.spec.metrics import Metric
from harness.spec.model import PlacedLayer
from harness.spec.parameters import Shape
from harness.spec.recipe import Recipe, Update
from harness.spec.regularizers import Regularizer
from harness.spec.schedules import Schedule

Parameters = Mapping[str, Array]
NO_NOISE: Parameters = MappingProxyType({})

Made = TypeVar("Made")


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
class ScheduleForm:
    """One way the framework can compute a schedule. `rate` maps 0-based steps to rates, vectorised.

    `used` marks the form the arm trains with. `differs`, where not empty, names the entry of the ledger that says how
    the form is not the spec, for some numbers at least: it is never trained with, and a divergence of it is a known
    one. `last` is the last step it is asked for, where it goes step by step and is slow.
    """

    name: str
    realisation: Realisation
    rate: Callable[[IntArray], FloatArray]
    used: bool = False
    differs: str = ""
    last: int | None = None


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


@dataclass(frozen=True)
class Evaluation:
    """The loss of all samples given as if they were one batch, without a regularizer's penalty.

    `accuracy`: the fraction of samples whose largest output is the label's; None where targets are values.
    """

    loss: float
    accuracy: float | None
    samples: int


@dataclass(frozen=True)
class EpochResult:
    """Per step: the loss, and what was to be watched: (steps, columns), named by `records.step_columns.columns`."""

    losses: FloatArray
    watched: FloatArray | None = None


class Trainer(Protocol):
    """One model with its loss and update, alive in a framework. `noise` has a row for every sample, by name."""

    def structure(self) -> Structure: ...

    def weights(self) -> dict[str, Array]:
        """Copies of all parameters, canonical layout, in the arm's precision."""

    def set_weights(self, weights: Parameters) -> None:
        """Overwrites the parameters; the optimizer's state stays."""

    def slots(self) -> dict[str, Array]:
        """Copies of what the optimizer keeps: `<slot>/<parameter>`, by the `slot_names` of its spec, canonical layout.

        They hold what the formula says. A slot that the framework does not keep, or keeps in another form from which
        it cannot be had back, is left out.
        """

    def restart(self, weights: Parameters) -> None:
        """As newly made from these weights: the optimizer's slots and all counters too. Nothing is compiled anew."""

    def forward(self, x: Array) -> Array:
        """The model's output in evaluation for samples `x` of shape (B, ...), in the arm's precision."""

    def loss_and_gradients(self, x: Array, y: Array, noise: Parameters = NO_NOISE) -> tuple[float, dict[str, Array]]:
        """In training: the loss over the batch, penalty included, and its gradient by every trainable parameter."""

    def layers(self, x: Array, noise: Parameters = NO_NOISE) -> dict[str, Array]:
        """In training: the output (B, ...) of every placed layer, by its name, in order; images (B, H, W, C).

        What layers keep may move, as in `loss_and_gradients`.
        """

    def bind(self, x: Array, y: Array) -> None:
        """Places the training set on the device."""

    def compile(self, steps: int, batch_size: int) -> None:
        """Builds what `train_epoch` runs for that shape, without an update; nothing to do in eager modes."""

    def train_epoch(self, order: IntArray, noise: Parameters = NO_NOISE) -> EpochResult:
        """One update per row of `order` (steps, batch) of sample numbers; everything is fetched at the end.

        `noise` arrays are (steps, batch, ...).
        """

    def evaluate(self, x: Array, y: Array) -> Evaluation: ...


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

    def activation(self, spec: Activation, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        """`value`: f(x). `gradient`: what `upstream` becomes on the way back to x; `gradient/NAME`: to a parameter.

        `extra` holds the activation's parameters and, for training, its noise, under their names within it.
        """

    def loss(self, spec: Loss, outputs: Array, y: Array) -> dict[str, Array]:
        """`value`: the loss, a number. `gradient`: its gradient by the outputs."""

    def metric(self, spec: Metric, outputs: Array, y: IntArray) -> dict[str, Array]:
        """`value`: a number for each sample."""

    def regularizer(self, spec: Regularizer, kernels: Parameters) -> dict[str, Array]:
        """`value`: the penalty, a number. `gradient/NAME`: its gradient by each kernel."""

    def layer(
        self, placed: PlacedLayer, weights: Parameters, x: Array, upstream: Array, noise: Parameters, training: bool
    ) -> dict[str, Array]:
        """`value`, `gradient` by x, `gradient/NAME` by each trainable parameter, `state/NAME`: what it kept."""

    def initializer(self, spec: Initializer, shape: Shape, seed: int) -> Array:
        """A sample of the framework's own initializer, for its statistics; UnsupportedSpecError where it has none."""

    def optimizer(
        self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]
    ) -> Iterator[dict[str, Array]]:
        """Replays given gradients; yields the parameters after each update."""

    def replays(
        self, updates: Sequence[Update], parameters: Parameters, gradients: Parameters, milestones: Sequence[int]
    ) -> Iterator[list[dict[str, Array]]]:
        """The same for several updates, each on parameters of its own, and for stacked gradients, quickly.

        The first axis of a gradient is the update. Yields every update's parameters after each of the `milestones`,
        which are numbers of updates, increasing.
        """

    def slots_after(self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]) -> dict[str, Array]:
        """Replays given gradients; the optimizer's slots at the end, as `Trainer.slots` names them."""

    def trainer(self, recipe: Recipe, weights: Parameters, horizon: int, watch: tuple[Watched, ...] = ()) -> Trainer:
        """A model that starts from `weights`. `horizon` is the number of updates the run will make.

        `watch`: what each step of `train_epoch` tells besides its loss.
        """
