"""How each word is made in this framework, and by which function of the parent folder. No framework is imported."""

from adapters.setting import Entries
from adapters.tensorflow.realisations.activations import ACTIVATIONS
from adapters.tensorflow.realisations.clipping import CLIPPINGS
from adapters.tensorflow.realisations.initializers import INITIALIZERS
from adapters.tensorflow.realisations.layers import LAYERS
from adapters.tensorflow.realisations.losses import LOSSES
from adapters.tensorflow.realisations.metrics import METRICS
from adapters.tensorflow.realisations.optimizers import ACCUMULATIONS, AVERAGINGS, LOOKAHEADS, OPTIMIZERS, WEIGHT_DECAYS
from adapters.tensorflow.realisations.regularizers import REGULARIZERS
from adapters.tensorflow.realisations.schedules import SCHEDULES

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
