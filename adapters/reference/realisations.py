"""The table of realisations: the reference computes every word from its formula."""

from __future__ import annotations

from adapters.setting import Entries, Realisation
from harness.spec.accumulation import Accumulation
from harness.spec.activations import Activation
from harness.spec.averaging import Averaging
from harness.spec.base import family_members
from harness.spec.clipping import Clipping
from harness.spec.initializers import Initializer
from harness.spec.layers import Layer
from harness.spec.lookahead import Lookahead
from harness.spec.losses import Loss
from harness.spec.metrics import Metric
from harness.spec.optimizers import Optimizer
from harness.spec.regularizers import Regularizer
from harness.spec.schedules import Schedule
from harness.spec.weight_decay import WeightDecay

FORMULA = Realisation("custom", "NumPy, from the formula")
OF_UPDATES = (Schedule, Optimizer, WeightDecay, Clipping, Accumulation, Lookahead, Averaging)
FAMILIES = (*OF_UPDATES, Activation, Initializer, Loss, Metric, Regularizer, Layer)

ENTRIES: Entries = {member: FORMULA for family in FAMILIES for member in family_members(family)}
