"""The judge of two recorded runs: the reference, if the data can be loaded and the plan drawn as for the runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

from harness.data import DataError, load
from harness.judging.context import Context
from harness.plan import draw_plan
from harness.records.cost import CostPlan, Extent
from harness.spec.experiment import Experiment
from harness.subjects.recorded.pairing import ArmPair


@dataclass(frozen=True)
class Judge:
    """`context`: what the reference needs to run; None if it cannot run, and then `why` gives the reason."""

    experiment: Experiment
    context: Context | None
    why: str = ""

    @classmethod
    def of(cls, experiment: Experiment, plan_digest: str, data_digest: str) -> Judge:
        """Loads the data and draws the plan again. The reference judges only if both digests match the recorded ones.

        An empty digest is not checked.
        """
        try:
            data = load(experiment.data)
        except DataError as error:
            return cls(experiment, None, f"the data cannot be loaded here ({' '.join(str(error).split())})")
        if data_digest and data.digest != data_digest:
            return cls(experiment, None, "the data that is loaded here is not what the runs were given")
        plan = draw_plan(experiment, len(data.x_train))
        if plan_digest and plan.digest != plan_digest:
            return cls(experiment, None, "the plan that is drawn here is not what the runs were given")
        return cls(experiment, Context(experiment, plan, data, Path()))

    def at_most(self, costs: Iterable[CostPlan]) -> Judge:
        """The judge of what all of these plans of cost have asked for."""
        plans = list(costs)
        if not plans or self.context is None:
            return self
        asked = reduce(Extent.at_most, (plan.asked for plan in plans))
        return replace(self, context=replace(self.context, cost=plans[0].model_copy(update={"asked": asked})))

    def beside(self, pair: ArmPair) -> Judge:
        """The judge with the recorded environments of both arms, by which entries of the ledger are selected."""
        if self.context is None:
            return self
        environments = {arm.trace.arm.name: arm.trace.environment for arm in pair.sides}
        return replace(self, context=replace(self.context, environments=environments))
