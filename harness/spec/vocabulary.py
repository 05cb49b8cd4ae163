"""The families of words that adapters support, and all words in them."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from harness.spec.accumulation import Accumulation, AnyAccumulation
from harness.spec.activations import Activation, AnyActivation
from harness.spec.averaging import AnyAveraging, Averaging
from harness.spec.base import Word, family_members
from harness.spec.clipping import AnyClipping, Clipping
from harness.spec.initializers import AnyInitializer, Initializer
from harness.spec.layers import AnyLayer, Layer
from harness.spec.lookahead import AnyLookahead, Lookahead
from harness.spec.losses import AnyLoss, Loss
from harness.spec.metrics import AnyMetric, Metric
from harness.spec.optimizers import AnyOptimizer, Optimizer
from harness.spec.regularizers import AnyRegularizer, Regularizer
from harness.spec.schedules import AnySchedule, Schedule
from harness.spec.weight_decay import AnyWeightDecay, WeightDecay

BASES: dict[str, tuple[type[Word], Any]] = {
    "activation": (Activation, AnyActivation),
    "initializer": (Initializer, AnyInitializer),
    "layer": (Layer, AnyLayer),
    "loss": (Loss, AnyLoss),
    "metric": (Metric, AnyMetric),
    "regularizer": (Regularizer, AnyRegularizer),
    "accumulation": (Accumulation, AnyAccumulation),
    "clipping": (Clipping, AnyClipping),
    "weight_decay": (WeightDecay, AnyWeightDecay),
    "lookahead": (Lookahead, AnyLookahead),
    "averaging": (Averaging, AnyAveraging),
    "optimizer": (Optimizer, AnyOptimizer),
    "schedule": (Schedule, AnySchedule),
}


def specimens(family: str) -> tuple[Word, ...]:
    """One spec for every word of a family, and for every variant of it that is computed differently."""
    return tuple(specimen for member in family_members(BASES[family][0]) for specimen in member.specimens())


def parse(family: str, plain: Any) -> Any:
    """The word of a family from plain containers; pydantic's ValidationError where they hold none."""
    return TypeAdapter(BASES[family][1]).validate_python(plain)
