"""The whole of what a run needs to know: one experiment, composed and validated."""

from __future__ import annotations

from collections import Counter
from math import ceil, prod
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from harness.spec.accumulation import AnyAccumulation, NoAccumulation
from harness.spec.arm import Arm
from harness.spec.averaging import AnyAveraging, NoAveraging
from harness.spec.base import Name, Spec, Word
from harness.spec.clipping import AnyClipping, NoClipping
from harness.spec.data import AnyData
from harness.spec.expectations import AnyExpectation
from harness.spec.groups import misfits
from harness.spec.lookahead import AnyLookahead, NoLookahead
from harness.spec.losses import AnyLoss
from harness.spec.model import Model
from harness.spec.numbers import Count
from harness.spec.optimizers import AnyOptimizer
from harness.spec.recipe import Recipe, Update
from harness.spec.regularizers import AnyRegularizer, NoRegularizer
from harness.spec.schedules import AnySchedule
from harness.spec.weight_decay import AnyWeightDecay, NoWeightDecay

Family = Literal[
    "activation",
    "initializer",
    "layer",
    "loss",
    "metric",
    "regularizer",
    "accumulation",
    "clipping",
    "weight_decay",
    "lookahead",
    "averaging",
    "optimizer",
    "schedule",
]

MOST_ARMS = 64
FREE_STEPS, LONGEST_EPOCH, PAST_EPOCH = 20, 60, 2
MOST_FORCED_STEPS = 50


class Training(Spec):
    """How long, and in what portions. `last_batch` says what becomes of the samples that do not fill a batch.

    The test set is scored after an epoch, which is `passes_per_epoch` passes over the training set, each in an order of
    its own and joined without a gap. (For small problems: 20,000 full-batch steps are 20 epochs of 1,000 passes.)

    With `gradient_norms`, each step also records the norm of every layer's gradient, before and after clipping.
    With `digests`, it records the digests of every parameter's gradient and, after the update, of every parameter.
    """

    epochs: Count
    passes_per_epoch: Count = 1
    batch_size: Count
    last_batch: Literal["keep", "drop"] = "keep"
    max_steps: Count | None = None
    gradient_norms: bool = False
    digests: bool = False

    def kept(self, samples: int) -> int:
        """Samples that are seen in an epoch over a training set of `samples`."""
        seen = samples * self.passes_per_epoch
        return seen if self.last_batch == "keep" else seen - seen % self.batch_size

    def steps_per_epoch(self, samples: int) -> int:
        return ceil(self.kept(samples) / self.batch_size)

    def steps(self, samples: int) -> int:
        """Updates in the whole run."""
        every = self.steps_per_epoch(samples) * self.epochs
        return every if self.max_steps is None else min(self.max_steps, every)

    def drawn_epochs(self, samples: int) -> int:
        """Epochs that are begun before `max_steps` are made."""
        return ceil(self.steps(samples) / max(1, self.steps_per_epoch(samples)))

    def seen(self, samples: int) -> int:
        """Samples that are seen in the whole run."""
        whole, rest = divmod(self.steps(samples), max(1, self.steps_per_epoch(samples)))
        return whole * self.kept(samples) + min(self.kept(samples), rest * self.batch_size)


class Comparison(Spec):
    """What the verdicts need to know. `accuracy_margin` is a fraction: 0.003 is 0.3 points.

    `loss_margin`: by what share of the larger one the test losses of two arms may differ after an epoch. None: those of
    float32 arms are not compared, because rounding moves them by an unknown share; of float64 arms the first are.
    `forced_steps` teacher-forced steps and `free_steps` free-running steps are judged against the reference. Without a
    number, the free steps end two steps after the first epoch, so that its short batch, and the beginning of an epoch
    in another order, are among them; where an epoch is longer than `LONGEST_EPOCH` steps, there are `FREE_STEPS`. A
    step is a batch; where an update takes several, or something happens at some updates only, there are more steps.
    `record_answers`: keeps what every arm answers to the rungs, so that `compare` can judge it again.
    `memory_bytes`: what all processes of a run may take together, by an estimate before it starts; None is the memory
    that is available. `budget_s`: the seconds that a check may take by an estimate of what each rung takes here; where
    it would take more, less is asked, and the verdicts say so. None is no limit.
    """

    forced_steps: Annotated[int, Field(gt=0, le=MOST_FORCED_STEPS)] = 3
    free_steps: Annotated[int, Field(gt=0, le=1000)] | None = None
    accuracy_margin: Annotated[float, Field(gt=0, lt=1)] = 0.003
    loss_margin: Annotated[float, Field(gt=0, lt=1)] | None = None
    record_answers: bool = False
    budget_s: Annotated[float, Field(gt=0)] | None = 120.0
    memory_bytes: Annotated[int, Field(gt=0)] | None = None


class Experiment(Spec):
    """One matched training: what is trained, on what, how, by which arms.

    `suite` holds schedules that are checked besides the experiment's own, `vocabulary` the families of which every
    word is. `rungs` picks some of the parity ladder; none named are all.
    """

    name: Name
    variant: Name | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    data: AnyData
    model: Model
    loss: AnyLoss
    optimizer: AnyOptimizer
    schedule: AnySchedule
    regularizer: AnyRegularizer = NoRegularizer()
    clipping: AnyClipping = NoClipping()
    weight_decay: AnyWeightDecay = NoWeightDecay()
    accumulation: AnyAccumulation = NoAccumulation()
    lookahead: AnyLookahead = NoLookahead()
    averaging: AnyAveraging = NoAveraging()
    training: Training
    comparison: Comparison = Comparison()
    suite: tuple[AnySchedule, ...] = ()
    vocabulary: tuple[Family, ...] = ()
    rungs: tuple[Name, ...] = ()  # of those in `harness.composition.stated`
    expected: tuple[AnyExpectation, ...] = ()
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, max_length=MOST_ARMS)]

    def words(self) -> tuple[Word, ...]:
        """Every word of the training, each once."""
        own = (self.schedule, self.optimizer, self.clipping, self.weight_decay, self.loss, self.regularizer)
        beside = (self.accumulation, self.lookahead, self.averaging)
        initializers = (parameter.initializer for parameter in self.model.parameters())
        return tuple(dict.fromkeys((*own, *beside, *self.model.words(), *initializers)))

    @property
    def free_steps(self) -> int:
        """The number of free-running steps that are judged: at most as many as the run has."""
        samples = self.data.counts[0]
        epoch = self.training.steps_per_epoch(samples)
        usual = epoch + PAST_EPOCH if epoch <= LONGEST_EPOCH else FREE_STEPS
        default = max(usual, min(2 * self.update.period, LONGEST_EPOCH))
        return min(self.comparison.free_steps or default, self.training.steps(samples))

    @property
    def forced_steps(self) -> int:
        """The number of teacher-forced steps that are judged: at most as many as the run has.

        They are enough for each word of the update to do all that it does.
        """
        enough = min(self.update.period, MOST_FORCED_STEPS)
        return min(max(self.comparison.forced_steps, enough), self.training.steps(self.data.counts[0]))

    @property
    def update(self) -> Update:
        """What becomes of the gradients."""
        return Update(
            optimizer=self.optimizer,
            schedule=self.schedule,
            clipping=self.clipping,
            weight_decay=self.weight_decay,
            accumulation=self.accumulation,
            lookahead=self.lookahead,
            averaging=self.averaging,
        )

    @property
    def recipe(self) -> Recipe:
        """What an adapter makes the training from."""
        return Recipe(
            model=self.model,
            loss=self.loss,
            update=self.update,
            regularizer=self.regularizer,
            targets="values" if self.data.classes is None else "labels",
        )

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
        if self.model.output_shape != self.data.target_shape:
            what = f"has {self.data.classes} classes" if self.data.classes else f"has targets {self.data.target_shape}"
            wrong.append(f"the model's output is {self.model.output_shape}, the data {what}")
        wrong += misfits(self.optimizer.groups, self.model.parameters(), self.update.decays)
        kernels = [parameter for parameter in self.model.parameters() if parameter.is_kernel]
        if kernels and not any(kernel.is_penalised for kernel in kernels) and self.regularizer.word() != "none":
            wrong.append(
                "every kernel is frozen, so that the regularizer would have no penalty; choose regularizer=none"
            )
        misfit = self.loss.misfit(self.model.last_activation.word(), prod(self.model.output_shape))
        if misfit:
            wrong.append(misfit)
        batches, group = self.training.steps(self.data.counts[0]), self.accumulation.group
        if group > batches:
            whole = f"the training has {batches} batches, so that no update would be made; at most {batches}"
            wrong.append(f"accumulation.batches is {group}, and {whole}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self
