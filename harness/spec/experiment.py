"""The whole of what a run needs to know: one experiment, composed and validated."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from harness.spec.activations import Softmax
from harness.spec.arm import Arm
from harness.spec.base import Spec
from harness.spec.data import AnyData
from harness.spec.layers import Model
from harness.spec.losses import AnyLoss, SoftmaxCrossEntropy
from harness.spec.optimizers import AnyOptimizer
from harness.spec.schedules import AnySchedule


class Training(Spec):
    """How long, and in what portions. `last_batch` says what becomes of the samples that do not fill a batch."""

    epochs: Annotated[int, Field(gt=0)]
    batch_size: Annotated[int, Field(gt=0)]
    last_batch: Literal["keep", "drop"] = "keep"
    max_steps: Annotated[int, Field(gt=0)] | None = None


class Comparison(Spec):
    """What the verdicts need to know. `accuracy_margin` is a fraction: 0.003 is 0.3 points.

    `forced_steps` teacher-forced steps and `free_steps` free-running steps are judged against the reference.
    """

    forced_steps: Annotated[int, Field(gt=0, le=50)] = 3
    free_steps: Annotated[int, Field(gt=0, le=1000)] = 20
    accuracy_margin: Annotated[float, Field(gt=0, lt=1)] = 0.003


class Experiment(Spec):
    """One matched training: what is trained, on what, how, by which arms."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    seed: Annotated[int, Field(ge=0)] = 0
    data: AnyData
    model: Model
    loss: AnyLoss
    optimizer: AnyOptimizer
    schedule: AnySchedule
    training: Training
    comparison: Comparison = Comparison()
    suite: tuple[AnySchedule, ...] = ()
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]

    @field_validator("arms")
    @classmethod
    def _distinct(cls, arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
        repeated = [name for name, count in Counter(arm.name for arm in arms).items() if count > 1]
        if repeated:
            raise ValueError(f"arm names must differ, got {', '.join(repeated)} more than once")
        return arms

    @model_validator(mode="after")
    def _parts_fit(self) -> Experiment:
        wrong = []
        if self.model.input.shape != self.data.sample_shape:
            wrong.append(f"model.input.shape is {self.model.input.shape}, a sample is {self.data.sample_shape}")
        if self.model.output_shape != (self.data.classes,):
            wrong.append(f"the model's output is {self.model.output_shape}, the data has {self.data.classes} classes")
        if isinstance(self.loss, SoftmaxCrossEntropy) and isinstance(self.model.last_activation, Softmax):
            wrong.append(
                "softmax_cross_entropy takes logits, but the model ends in a softmax: "
                "give the last layer activation=linear"
            )
        if wrong:
            raise ValueError("; ".join(wrong))
        return self
