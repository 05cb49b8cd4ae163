"""One side of a comparison: which adapter runs, where, and how."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from typing_extensions import Self

from harness.spec.base import Name, Spec
from harness.spec.loss_scale import DynamicLossScale, Factor

Precision = Literal["float32", "float64", "mixed_float16", "mixed_bfloat16"]
HalfPrecision = Literal["float16", "bfloat16"]
Policy = Literal["native", "exact"]
DeviceName = Literal["auto", "cpu", "gpu", "ascend"]
Layout = Literal["auto", "channels_last", "channels_first"]


def _npu_is_ascend(value: Any) -> Any:
    return "ascend" if isinstance(value, str) and value.lower() == "npu" else value


def _as_text(value: Any) -> Any:
    """Numbers as text: YAML and the command line read `4` as a number, but environment variables are text."""
    if not isinstance(value, dict):
        return value
    return {key: str(item) if type(item) in (int, float) else item for key, item in value.items()}


def _is_whole(text: str) -> bool:
    """Whether an operating system can hand the text to a process, and a record in UTF-8 can hold it."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _program(python: str) -> str:
    if not _is_whole(python):
        raise ValueError(f"given {python!r}; allowed: {WHOLE}")
    return python


def _variables(environment: dict[str, str]) -> dict[str, str]:
    mistakes = [
        f"given the name {name!r}; allowed: {WHOLE}, without = and not empty"
        for name in environment
        if not name or "=" in name or not _is_whole(name)
    ]
    mistakes += [
        f"given {value!r} for {name}; allowed: {WHOLE}" for name, value in environment.items() if not _is_whole(value)
    ]
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return environment


UNSTATED = ("device_id", "loss_scale")
AUTO, NONE = "auto", "none"  # of `Arm.arrangement`
WHOLE = "text without NUL that UTF-8 can hold"
LONGEST_TIMEOUT_S = 1e7  # four months; a thread cannot wait for longer than about 9e9 s


def scale_in_words(loss_scale: float | DynamicLossScale | None) -> str:
    """`1024`, or `{initial: 65536, factor: 2, window: 1000}`."""
    if isinstance(loss_scale, DynamicLossScale):
        return f"{{{', '.join(f'{name}: {value:g}' for name, value in loss_scale)}}}"
    return f"{loss_scale or 1:g}"


class Arm(Spec):
    """Adapter, device, execution mode, precision, realisation policy, threads, and the limits of its process.

    `realisation = native` runs the framework's own classes where they express the spec; `exact` runs the canonical
    rules from primitives with every scalar coefficient computed in float64 and rounded once. `threads = null` leaves
    the framework's own choice, as does `layout = auto`, which is how images lie in memory (a spec's shapes are
    channels last in any case). `environment` is set before the framework is imported. `python` names another
    interpreter, which must have twinrun's own requirements and the framework.

    `device_id` is the number of the device, among those of its kind that this process sees: the arm's process sees no
    other. Without it the process sees all, and its framework takes the first.

    `arrangement` names environment variables with which the adapter's framework may be faster on this processor: one
    of those that the adapter states, `none`, or `auto`, which chooses when a run begins by how fast each was measured
    here. What an arm's `environment`, or that of the command, sets is never changed. A run records the choice.

    `timeout_s` limits the seconds for which an answer of this arm is waited for, all its answers to one experiment
    together: from its start, and then from each question, until the answer arrives. What the other arms take, and what
    is judged meanwhile, is no part of it; the training, in a process of its own, has the limit anew.

    In `mixed_float16` and `mixed_bfloat16` layers compute in float16 or bfloat16. Weights, the optimizer's state, the
    loss and the updates are in float32; see `variable_dtype` and `compute_dtype`. `loss_scale` is a number S, at least
    1: the loss is multiplied by S before the gradients are computed, and each gradient is divided by S after it was
    cast to float32, before it is clipped. So gradients below the smallest float16 number are not lost. A mapping of
    `initial`, `factor` and `window` is a `DynamicLossScale`.

    `spec` is what this arm is given in place of the experiment's own words: a value, or a word, by its dotted path
    (`optimizer.form: rate_outside`, `model.layers.2.momentum: 0.1`). So the choices of a port stand on one side; the
    arm is still judged by the experiment's words.
    """

    name: Name
    adapter: str
    mode: str
    device: Annotated[DeviceName, BeforeValidator(_npu_is_ascend)] = "auto"
    device_id: Annotated[int, Field(ge=0, le=1023)] | None = None
    precision: Precision = "float32"
    loss_scale: Factor | DynamicLossScale | None = None
    realisation: Policy = "native"
    layout: Layout = "auto"
    arrangement: Name = AUTO
    threads: Annotated[int, Field(gt=0, le=4096)] | None = None
    timeout_s: Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT_S)] = 3600.0
    environment: Annotated[dict[str, str], BeforeValidator(_as_text), AfterValidator(_variables)] = Field(
        default_factory=dict
    )
    python: Annotated[str, AfterValidator(_program)] | None = None
    spec: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_devices(self) -> Self:
        if self.device == "cpu" and self.device_id is not None:
            raise ValueError(f"device_id is {self.device_id}, and device=cpu has no numbers")
        return self

    @model_validator(mode="after")
    def _scales_what_may_underflow(self) -> Self:
        if self.loss_scale is not None and self.compute_dtype is None:
            raise ValueError(
                f"loss_scale is {scale_in_words(self.loss_scale)}, and precision={self.precision} needs none; "
                "allowed with precision=mixed_float16 or mixed_bfloat16"
            )
        return self

    @property
    def variable_dtype(self) -> Literal["float32", "float64"]:
        """The type of weights, the optimizer's state, the loss and all that an arm answers."""
        return "float64" if self.precision == "float64" else "float32"

    @property
    def compute_dtype(self) -> HalfPrecision | None:
        """The type of 16 bits in which layers compute; None where they compute in that of the weights."""
        halves: dict[str, HalfPrecision] = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
        return halves.get(self.precision)

    @property
    def precision_in_words(self) -> str:
        """The precision, with the factor of the loss if one is stated."""
        scale = f", loss_scale {scale_in_words(self.loss_scale)}" if self.loss_scale is not None else ""
        return f"{self.precision}{scale}"

    @property
    def arithmetic(self) -> tuple[Precision, Policy, float | DynamicLossScale | None]:
        """What decides the rounding errors of the arm: those of arms that have it in common are alike."""
        return self.precision, self.realisation, self.loss_scale

    @model_serializer(mode="wrap")
    def _without_what_is_not_stated(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without a `device_id` or `loss_scale` that is not stated, so that an earlier twinrun reads the arm."""
        fields: dict[str, Any] = handler(self)
        return {name: value for name, value in fields.items() if value is not None or name not in UNSTATED}
