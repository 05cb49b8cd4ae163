"""Faults of groups of parameters and of frozen layers."""

from __future__ import annotations

from faults import MS, TF, Fault

GROUPED = (
    Fault(
        "the rate factor of a group ignored",
        f"{TF}.schedules",
        "return rate if update.rate_factor == 1 else MultipliedRate(rate, update.rate_factor)",
        "return rate",
        "optimizer",
        "tensorflow",
        "grouped",
    ),
    Fault(
        "one rate for all groups of a class",
        f"{MS}.optimizers",
        '"lr": rate}',
        '"lr": rates[0]}',
        "optimizer",
        "mindspore",
        "slow_biases",
    ),
    Fault(
        "the rate factor of a group ignored, in the table",
        f"{MS}.canonical_optimizers",
        "rates = update_rates(update, horizon)",
        'rates = update_rates(update.model_copy(update={"rate_factor": 1.0}), horizon)',
        "optimizer",
        "mindspore-exact",
        "slow_biases",
    ),
    Fault(
        "decay of a group that has none",
        f"{TF}.optimizers",
        "exempt = [w for name, w in parameters.items() if not update.is_decayed(name, word.decayed)]",
        'exempt = [w for name, w in parameters.items() if word.decayed != "all" and not name.endswith("kernel")]',
        "optimizer",
        "tensorflow",
        "grouped",
    ),
    Fault(
        "decay of a group that has none, composed",
        f"{MS}.optimizers",
        "name in part.names and update.is_decayed(name, word.decayed)",
        "name in part.names",
        "optimizer",
        "mindspore",
        "grouped",
    ),
    Fault(
        "no decay of a group that has one, in the canonical rule",
        "adapters.canonical",
        'if hasattr(decay, "decayed") and not update.is_decayed(name, decay.decayed):',
        'if hasattr(decay, "decayed") and not name.endswith("kernel"):',
        "optimizer",
        "tensorflow-exact",
        "decayed_biases",
    ),
    Fault(
        "a frozen batch norm by the batch",
        f"{MS}.specifics.normalisation",
        "if not (training and self.by_batch):",
        "if not training:",
        "layer",
        "mindspore",
        "grouped",
    ),
    Fault(
        "the statistics of a frozen batch norm move",
        f"{TF}.layers.normalisation",
        "native.trainable = updates_statistics",
        "native.trainable = True",
        "layer",
        "tensorflow",
        "grouped",
    ),
    Fault(
        "a frozen layer that moves",
        f"{TF}.epochs",
        "        value, gradients = self.value_and_gradients(inputs, targets, *noise)\n",
        "        value, gradients = self.value_and_gradients(inputs, targets, *noise)\n"
        "        self.watched.weights[0].assign(self.watched.weights[0] * 1.001)\n",
        "trajectory",
        "tensorflow",
        "grouped",
    ),
    Fault(
        "a frozen kernel is penalised",
        f"{MS}.trainer",
        "for p in recipe.model.parameters() if p.is_penalised]",
        "for p in recipe.model.parameters() if p.is_kernel]",
        "model",
        "mindspore",
        "frozen",
    ),
)
