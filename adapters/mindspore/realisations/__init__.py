"""How each word is made in this framework, and by which function of the parent folder. No framework is imported."""

from adapters.mindspore.realisations.activations import ACTIVATIONS
from adapters.mindspore.realisations.clipping import CLIPPINGS
from adapters.mindspore.realisations.initializers import INITIALIZERS
from adapters.mindspore.realisations.layers import LAYERS
from adapters.mindspore.realisations.losses import LOSSES
from adapters.mindspore.realisations.metrics import METRICS
from adapters.mindspore.realisations.optimizers import ACCUMULATIONS, AVERAGINGS, LOOKAHEADS, OPTIMIZERS, WEIGHT_DECAYS
from adapters.mindspore.realisations.regularizers import REGULARIZERS
from adapters.mindspore.realisations.schedules import SCHEDULES
from adapters.setting import Entries

ENTRIES: Entries = {
    **SCHEDULES,
    **ACTIVATIONS,
    **INITIALIZERS,
    **LOSSES,
    **METRICS,
    **REGULARIZERS,
    **LAYERS,
    **OPTIMIZERS,
    **WEIGHT_DECAYS,
    **CLIPPINGS,
    **ACCUMULATIONS,
    **LOOKAHEADS,
    **AVERAGINGS,
}
