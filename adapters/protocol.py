"""The adapter protocol, which is the same for every framework: specs and NumPy arrays in, NumPy arrays out.

Weights are exchanged in canonical layout (a dense kernel is (in, out)) and in float64 or the arm's precision; the
adapter transposes them. No object of a framework crosses this protocol.
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

Entry = TypeVar("Entry")


class UnsupportedSpecError(Exception):
    """The adapter cannot compute this spec exactly; the message is the reason."""


class DeviceUnavailableError(Exception):
    """The arm's device is not on this machine, or the framework cannot use it."""


def made_by(table: Mapping[type[Any], Entry], spec: Word, adapter: str) -> Entry:
    """The entry of an adapter's table for a spec; UnsupportedSpecError where the table has none."""
    try:
        return table[type(spec)]
    except KeyError:
        raise UnsupportedSpecError(f"the {adapter} adapter has no {spec.family} {spec.word()}") from None


@dataclass(frozen=True)
class ScheduleForm:
    """One way in which the framework can compute a schedule. `rate` maps an array of 0-based steps to their rates.

    `used` marks the form that the arm trains with. `differs`, where not empty, names the ledger's entry on how the form
    departs from the spec for some values; such a form is never trained with, and its divergence is known. `last` limits
    the steps that are checked, for a form that computes step by step and is slow.
    """

    name: str
    realisation: Realisation
    rate: Callable[[IntArray], FloatArray]
    used: bool = False
    differs: str = ""
    last: int | None = None


@dataclass(frozen=True)
class Device:
    """One device that the framework was asked about in this process. `detail` is its name, or why it is unavailable."""

    name: DeviceName
    available: bool
    detail: str = ""


@dataclass(frozen=True)
class Environment:
    """The facts besides the spec on which a result depends: versions, the device in use, threads, flags.

    `device_peak_bytes`: the most memory of an accelerator that was allocated so far; None on a CPU.
    """

    framework: str
    version: str
    device: str
    threads: int | None
    versions: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    device_peak_bytes: int | None = None


@dataclass(frozen=True)
class Structure:
    """The model as read back from the framework's objects: the (name, shape, dtype) of each parameter, canonical."""

    parameters: tuple[tuple[str, tuple[int, ...], str], ...]
    parameter_count: int


@dataclass(frozen=True)
class Evaluation:
    """The loss of all samples as one batch, without the penalty of a regularizer.

    `accuracy` is the fraction of samples whose largest output is the label's; None where targets are values.
    """

    loss: float
    accuracy: float | None
    samples: int


@dataclass(frozen=True)
class EpochResult:
    """The loss of each step, and the watched numbers (steps, columns), named by `records.step_columns.columns`."""

    losses: FloatArray
    watched: FloatArray | None = None


class Trainer(Protocol):
    """One model with its loss and its update. `noise` maps names to arrays with a row for every sample."""

    def structure(self) -> Structure:
        """The parameters of the model, read back from the framework."""

    def weights(self) -> dict[str, Array]:
        """Copies of all parameters, canonical layout, in the arm's precision."""

    def set_weights(self, weights: Parameters) -> None:
        """Overwrites the parameters; the optimizer's state stays."""

    def slots(self) -> dict[str, Array]:
        """Copies of the optimizer's slots by `<slot>/<parameter>` (`slot_names` of its spec), in canonical layout.

        They hold the values of the formula. A slot is left out where the framework does not keep it, or keeps it in a
        form from which the value cannot be recovered.
        """

    def restart(self, weights: Parameters) -> None:
        """Resets the weights to these, and the optimizer's slots and all counters to their start, without compiling."""

    def forward(self, x: Array) -> Array:
        """The model's output in evaluation for samples `x` of shape (B, ...), in the arm's precision."""

    def loss_and_gradients(self, x: Array, y: Array, noise: Parameters = NO_NOISE) -> tuple[float, dict[str, Array]]:
        """In training mode, the loss of the batch with the penalty, and its gradient by every trainable parameter."""

    def layers(self, x: Array, noise: Parameters = NO_NOISE) -> dict[str, Array]:
        """In training mode, the output (B, ...) of every placed layer, by its name, in order; images (B, H, W, C).

        The state of layers may change, as in `loss_and_gradients`.
        """

    def bind(self, x: Array, y: Array) -> None:
        """Places the training set on the device."""

    def device_batch(self, batch: IntArray, noise: Parameters = NO_NOISE) -> dict[str, Array]:
        """What an update on `batch`, sample numbers (B,), reads, copied from the device without computing with it.

        `x` and `y`: the samples and targets, gathered from the bound training set as in `train_epoch`. `noise/NAME`.
        """

    def compile(self, steps: int, batch_size: int) -> None:
        """Compiles what `train_epoch` runs for these sizes, without an update. Eager modes compile nothing."""

    def train_epoch(self, order: IntArray, noise: Parameters = NO_NOISE) -> EpochResult:
        """One update for each row of `order`, sample numbers (steps, batch). Results are fetched after the last step.

        The arrays of `noise` are (steps, batch, ...). It is `fetch(dispatch(order, noise))`.
        """

    def dispatch(self, order: IntArray, noise: Parameters = NO_NOISE, steps: int | None = None) -> Any:
        """Gives the framework the updates of `train_epoch`, and returns what `fetch` takes.

        The framework may still be computing then. `steps`: only the first of them, without compiling for fewer.
        """

    def fetch(self, dispatched: Any) -> EpochResult:
        """Waits for the updates that `dispatch` gave to the framework, and copies their results."""

    def evaluate(self, x: Array, y: Array) -> Evaluation:
        """The loss and the accuracy over the samples, in evaluation."""


@runtime_checkable
class Adapter(Protocol):
    """One framework, set up in this process for one arm."""

    arm: Arm

    def environment(self) -> Environment:
        """The versions, the device, the threads and the flags of this process."""

    def devices(self) -> tuple[Device, ...]:
        """Every device that the framework was asked about."""

    def realisation(self, spec: Word) -> Realisation:
        """How this arm makes a word of the spec."""

    def schedule_forms(self, spec: Schedule) -> tuple[ScheduleForm, ...]:
        """Every form the framework offers for the schedule; exactly one is `used`."""

    def activation(self, spec: Activation, x: Array, upstream: Array, extra: Parameters) -> dict[str, Array]:
        """`value`: f(x). `gradient`: the product of `upstream` and df/dx; `gradient/NAME`: that by a parameter.

        `extra` holds the activation's parameters and, for training, its noise, by their names within the activation.
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
        """`value`, `gradient` by x, `gradient/NAME` by each trainable parameter, in training `state/NAME`."""

    def initializer(self, spec: Initializer, shape: Shape, seed: int) -> Array:
        """A sample of the framework's own initializer, for its statistics; UnsupportedSpecError where it has none."""

    def optimizer(
        self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]
    ) -> Iterator[dict[str, Array]]:
        """Applies the update to the gradients in turn, and yields the parameters after each step."""

    def replays(
        self, updates: Sequence[Update], parameters: Parameters, gradients: Parameters, milestones: Sequence[int]
    ) -> Iterator[list[dict[str, Array]]]:
        """Replays stacked gradients through several updates, each on a separate copy of the parameters, in fast loops.

        The first axis of a gradient is the step. Yields the parameters of every update after each of the `milestones`,
        which are increasing numbers of steps.
        """

    def slots_after(self, update: Update, parameters: Parameters, gradients: Sequence[Parameters]) -> dict[str, Array]:
        """Applies the update to the gradients in turn, and returns the final slots, named as by `Trainer.slots`."""

    def trainer(self, recipe: Recipe, weights: Parameters, horizon: int, watch: tuple[Watched, ...] = ()) -> Trainer:
        """A trainer of a model that starts from `weights`. `horizon` is the number of updates of the whole run.

        `watch` names the kinds of numbers that each step of `train_epoch` records besides its loss.
        """
