"""What a fault of an arm is: one change of the text of an adapter, or of what a worker does with plan and data."""

from __future__ import annotations

from dataclasses import dataclass

from planting import Edit

MS, TF = "adapters.mindspore", "adapters.tensorflow"


@dataclass(frozen=True)
class Fault:
    """`rung` must notice it first, and name the arm as the culprit.

    `experiment` and `arm`: into what it is planted, by their names in `experiments`.
    """

    name: str
    module: str
    old: str
    new: str
    rung: str
    arm: str
    experiment: str = "mlp"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Edit(self.module, self.old, self.new),)


# What a fault in a module can change the answers of, besides those of the rung that must notice it first.
TOUCHED = {
    "schedules": ("schedule", "applied-lr"),
    "forms": ("schedule", "applied-lr"),
    "schedulers": ("schedule",),
    "activations": ("activation",),
    "losses": ("loss",),
    "initializers": (),
    "regularizers": ("loss",),
    "clipping": ("applied-lr", "clipping"),
    "layers": ("layer",),
    "base": ("layer",),
    "dense": ("layer",),
    "convolution": ("layer",),
    "normalisation": ("layer",),
    "pooling": ("layer",),
    "half": ("layer",),
    "branches": ("layer",),
    "transposed": ("layer",),
    "resizing": ("layer",),
    "group_normalisation": ("layer",),
    "sequence_convolution": ("layer",),
    "stochastic_depth": ("layer",),
    "shape": ("layer",),
    "recurrent": ("layer",),
    "attention": ("layer",),
    "canonical": ("applied-lr", "optimizer"),
    "coefficients": ("schedule", "applied-lr", "optimizer"),
    "canonical_optimizers": ("applied-lr", "optimizer"),
    "native_optimizers": ("applied-lr", "optimizer"),
    "optimizers": ("applied-lr", "optimizer"),
    "updates": ("applied-lr", "clipping", "optimizer"),
    "trainer": ("model", "step"),
    "epochs": ("model", "step"),
    "plan": ("inputs", "model"),
    "dataset": ("inputs", "model"),
    "inputs": ("inputs", "model"),
    "session": ("inputs", "model", "step"),
    "training": ("self",),
    "free_running": ("self",),
}


def asked_of(fault: Fault, order: tuple[str, ...]) -> list[str]:
    """The rungs whose answers the fault can change, up to the one that must notice it first, in the ladder's order."""
    touched = {*TOUCHED[fault.module.rpartition(".")[2]], fault.rung}
    return [rung for rung in order[: order.index(fault.rung) + 1] if rung in touched]
