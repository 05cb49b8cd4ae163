"""The contents of a pair's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from harness.spec.arm import LONGEST_TIMEOUT_S, Arm
from harness.spec.base import Name, Spec
from harness.spec.clipping import AnyClipping, NoClipping
from harness.spec.losses import AnyLoss, Loss
from harness.spec.numbers import Count
from harness.spec.optimizers import AnyOptimizer
from harness.spec.own import OwnLoss
from harness.spec.recipe import Update
from harness.spec.schedules import AnySchedule
from harness.spec.weight_decay import AnyWeightDecay, NoWeightDecay

PairRung = Literal["self", "schedule", "loss", "optimizer", "model", "step", "trajectory"]
RUNGS: tuple[PairRung, ...] = get_args(PairRung)
FUNCTION = r"^.+\.py:[A-Za-z_][A-Za-z0-9_]*$"


class OwnBuilder(Spec):
    """`builder`: `file.py:function`, relative to the pair's file, called without arguments in the framework's process.

    `layout`: the layout of images that the model expects. Batches are channels last, and are transposed for a side that
    is `channels_first`.
    """

    builder: Annotated[str, Field(pattern=FUNCTION)]
    layout: Literal["channels_last", "channels_first"] = "channels_last"


EACH = "each"
Functions = dict[str, Annotated[str, Field(pattern=FUNCTION)]]
OwnFamily = Literal["loss", "optimizer", "schedule"]
OWN_FAMILIES: tuple[OwnFamily, ...] = get_args(OwnFamily)
FAMILY_RUNGS: dict[str, OwnFamily] = {family: family for family in OWN_FAMILIES}


class OwnWords(Spec):
    """Native objects in place of words: by adapter, a function `file.py:function` of the user's."""

    loss: Functions = Field(default_factory=dict)
    optimizer: Functions = Field(default_factory=dict)
    schedule: Functions = Field(default_factory=dict)

    def of(self, family: OwnFamily) -> Functions:
        functions: Functions = getattr(self, family)
        return functions

    @property
    def families(self) -> list[OwnFamily]:
        """The families of which there are native objects."""
        return [family for family in OWN_FAMILIES if self.of(family)]


class Taken(Spec):
    """The `blocks`, in this order, of the `of` equal blocks into which an axis is cut: gates in another order."""

    axis: int = 0
    of: Count
    blocks: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _blocks_are_there(self) -> Taken:
        if max(self.blocks) >= self.of:
            raise ValueError(f"blocks are 0 to {self.of - 1}, got {', '.join(map(str, self.blocks))}")
        if len(set(self.blocks)) < len(self.blocks):
            raise ValueError(f"a block is taken once, got {', '.join(map(str, self.blocks))}")
        return self


class Derived(Spec):
    """The partner of a parameter of the first model: its name, or how it is derived. All layouts are canonical.

    `to`: the partner, or with `split` the partners, whose lengths along that axis are cut off one after the other.
    `join`: further parameters of the first model that follow this one along `axis` of the partner. `take`, `reshape`
    and `permute` are applied to the first model's parameters, in this order: `permute[i]` is the axis that becomes i.
    """

    to: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    take: Taken | None = None
    reshape: tuple[Count, ...] = ()
    permute: tuple[Annotated[int, Field(ge=0)], ...] = ()
    split: int | None = None
    join: tuple[str, ...] = ()
    axis: int = 0

    @property
    def is_name(self) -> bool:
        """Whether it is the partner's name and nothing else."""
        return len(self.to) == 1 and not (self.take or self.reshape or self.permute or self.join)

    @model_validator(mode="before")
    @classmethod
    def _of_name(cls, value: Any) -> Any:
        value = {"to": value} if isinstance(value, str) else value
        is_single = isinstance(value, Mapping) and isinstance(value.get("to"), str)
        return {**value, "to": [value["to"]]} if is_single else value

    @model_validator(mode="after")
    def _parts_fit(self) -> Derived:
        if (self.split is not None) != (len(self.to) > 1):
            raise ValueError("split is the axis that is cut for several partners: give both, or neither")
        if self.join and len(self.to) > 1:
            raise ValueError("join is for one partner, split for several")
        if sorted(self.permute) != list(range(len(self.permute))):
            raise ValueError(f"permute must name every axis once, got {list(self.permute)}")
        return self


class PairComparison(Spec):
    """`budget_s`: the seconds that a check may take, by an estimate of what each rung takes here; None is no limit.

    Where it would take more, fewer steps are made, and the report says so.
    """

    budget_s: Annotated[float, Field(gt=0)] | None = 300.0


class Pair(Spec):
    """Two models in native code, and how they are trained.

    `models`: a builder for each adapter. `parameters`: from parameters of the first arm's model to the corresponding
    ones of the second's, by name or derived; pairs that are left out are proposed, and null marks a parameter without a
    partner. `batches`:
    an .npz file with `x` and `y`, or `file.py:function`, which yields such batches and has `batches_timeout_s` seconds
    for all of them. The first `forced_steps` steps are teacher-forced; `steps` run free. `rungs`: the rungs to run;
    empty means all. `weights_from`: the adapter whose weights both models start from, or `each`: they
    must then have been equal; None means the first arm's. `own`: native objects in
    place of `loss`, `optimizer` or `schedule`, which are then the words that they are to be, or None.
    """

    name: Name
    seed: Annotated[int, Field(ge=0)] = 0
    models: dict[str, OwnBuilder]
    parameters: dict[str, Derived | None] = Field(default_factory=dict)
    loss: AnyLoss | None = None
    optimizer: AnyOptimizer | None = None
    schedule: AnySchedule | None = None
    own: OwnWords = OwnWords()
    weights_from: str | None = None
    clipping: AnyClipping = NoClipping()
    weight_decay: AnyWeightDecay = NoWeightDecay()
    batches: Annotated[str, Field(pattern=r"^.+(\.npz|\.py:[A-Za-z_][A-Za-z0-9_]*)$")]
    batches_timeout_s: Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT_S)] = 600.0
    batch_size: Count = 32
    steps: Annotated[int, Field(gt=0, le=1000)] = 20
    forced_steps: Annotated[int, Field(gt=0, le=50)] = 3
    comparison: PairComparison = PairComparison()
    rungs: tuple[PairRung, ...] = ()
    arms: tuple[Arm, ...]

    def update(self, optimizer: Any = None, schedule: Any = None) -> Update:
        """The words of one update: optimizer, schedule, clipping and weight decay, or these in their place."""
        words: Any = {"optimizer": optimizer or self.optimizer, "schedule": schedule or self.schedule}
        return Update.model_construct(**words, clipping=self.clipping, weight_decay=self.weight_decay)

    def loss_of(self, adapter: str) -> Loss:
        """The loss that a side trains by: its own, or the pair's word."""
        if self.own.loss:
            return OwnLoss(**self.place_of("loss", adapter))
        assert self.loss is not None, "a pair has a loss"
        return self.loss

    def place_of(self, family: OwnFamily, adapter: str) -> Any:
        """The `file` and the `function` of a native object."""
        file, _, function = self.own.of(family)[adapter].rpartition(":")
        return {"file": file, "function": function}

    @property
    def words(self) -> str:
        """Loss, optimizer and schedule as tables call them; native objects by their functions."""
        return ", ".join(self._in_words(family) for family in OWN_FAMILIES if self._in_words(family))

    def _in_words(self, family: OwnFamily) -> str:
        word: Any = getattr(self, family)
        functions = " and ".join(self.own.of(family).values())
        named = "" if word is None else str(word.name_in_tables)
        return f"{family} {functions}{f', to be {named}' if named else ''}" if functions else named

    def _needs_no(self, family: OwnFamily) -> bool:
        """Whether the family need not be stated: optimizers of one's own may have their rate in them."""
        return family == "schedule" and bool(self.own.optimizer)

    @model_validator(mode="after")
    def _parts_fit(self) -> Pair:
        mistakes = [
            f"{family}: not given; allowed: a name of a {family}, its fields, or a function for each adapter"
            for family in OWN_FAMILIES
            if getattr(self, family) is None and not self.own.of(family) and not self._needs_no(family)
        ]
        mistakes += [
            f"{family}: {arm.adapter} has no function; given: {', '.join(self.own.of(family))}"
            for family in self.own.families
            for arm in self.arms
            if arm.adapter not in self.own.of(family)
        ]
        if self.own.optimizer and self.optimizer is not None and self.schedule is None and not self.own.schedule:
            mistakes.append("schedule: not given; an optimizer with a word that it is to be needs its rate too")
        if self.own.optimizer and self.optimizer is None and not isinstance(self.weight_decay, NoWeightDecay):
            mistakes.append("weight_decay: optimizers of your own decay the weights themselves: give it to them")
        if self.optimizer is not None and self.optimizer.groups:
            mistakes.append(
                "optimizer.groups: a word of a pair is for all parameters; give an optimizer of your own for groups"
            )
        if self.weights_from not in (None, EACH, *self.models):
            mistakes.append(f"weights.from: given {self.weights_from}; allowed: {', '.join([EACH, *self.models])}")
        mistakes += [
            f"rungs: {rung} compares native objects, and the pair has no {rung} of its own"
            for rung in self.rungs
            if rung in FAMILY_RUNGS and not self.own.of(FAMILY_RUNGS[rung])
        ]
        mistakes += [
            f"models: arm {arm.name} runs in {arm.adapter}, for which there is no builder; "
            f"given: {', '.join(self.models)}"
            for arm in self.arms
            if arm.adapter not in self.models
        ]
        if self.forced_steps > self.steps:
            mistakes.append(f"forced_steps is {self.forced_steps}, which is more than steps, {self.steps}")
        if len(self.arms) != 2:
            mistakes.append(f"a pair has two arms, got {len(self.arms)}")
        if len({arm.name for arm in self.arms}) < len(self.arms):
            mistakes.append(f"arm names must differ, got {', '.join(arm.name for arm in self.arms)}")
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self
