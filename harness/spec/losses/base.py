"""What all losses share: what they take, their specimens and names, and the weights of classes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from typing_extensions import Self

from harness.spec.base import Word

Outputs = Literal["any", "logits", "probabilities", "log_probabilities", "positive"]
TargetsDomain = Literal["any", "nonnegative", "probabilities", "distribution", "one_hot", "signs"]
Nonnegative = Literal["", "labels", "any"]
Epsilon = Annotated[float, Field(gt=0, lt=0.5)]
Positive = Annotated[float, Field(gt=0)]

# The last activations whose outputs are certainly not what the loss takes.
UNFIT_ENDS: dict[str, tuple[str, ...]] = {
    "logits": ("softmax", "log_softmax"),
    "probabilities": ("log_softmax", "tanh", "hard_tanh", "softsign"),
    "log_probabilities": ("softmax", "sigmoid", "hard_sigmoid", "softplus", "exponential", "relu", "relu6"),
    "positive": ("log_softmax", "tanh", "hard_tanh", "softsign"),
}


class Loss(Word):
    """Base of all losses. `outputs`: what the model must end in; `targets_domain`: what values a target may have.

    `nonnegative` is for which targets the loss is known never to be below 0.
    """

    family: ClassVar[str] = "loss"
    outputs: ClassVar[Outputs] = "any"
    targets_domain: ClassVar[TargetsDomain] = "any"
    nonnegative: ClassVar[Nonnegative] = ""
    reduction: Literal["mean", "sum"] = "mean"

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One spec for each variant that is computed differently, apart from the reduction."""
        return (cls(),)

    @classmethod
    def specimens(cls) -> tuple[Self, ...]:
        return (*cls.variants(), cls.variants()[0].model_copy(update={"reduction": "sum"}))

    @property
    def name_in_tables(self) -> str:
        """The kind and every field that does not have its default."""
        parts = [self.word()]
        for name, value in self:
            if name == "targets" or (name != "kind" and value != type(self).model_fields[name].default):
                shown = f"{name}={value:g}" if isinstance(value, float) else name
                parts.append(value if isinstance(value, str) else shown)
        return " ".join(parts)

    def misfit(self, last_activation: str, width: int) -> str:
        """Why a model with this last activation and `width` outputs cannot be trained with it; empty otherwise."""
        if last_activation in UNFIT_ENDS.get(self.outputs, ()):
            expected = self.outputs.replace("_", "-") + (" outputs" if self.outputs == "positive" else "")
            advice = ": give the last layer activation=linear" if self.outputs == "logits" else ""
            return f"{self.word()} takes {expected}, but the model ends in a {last_activation}{advice}"
        return ""


class ClassLoss(Loss):
    """Base of the losses of classes. The loss of a sample of class c is multiplied by `class_weights[c]`.

    (With values for targets, by `sum_j t_j class_weights[j]`.) `reduction = mean` then divides their sum by the sum of
    these weights, or with `weighting = batch` by the number of samples.
    """

    class_weights: tuple[Positive, ...] | None = None
    weighting: Literal["sum_of_weights", "batch"] = "sum_of_weights"

    @classmethod
    def weighted(cls) -> tuple[Self, ...]:
        """Both weightings, for five classes."""
        weights = (0.5, 1.0, 2.0, 0.25, 3.0)
        return cls(class_weights=weights), cls(class_weights=weights, weighting="batch")

    def misfit(self, last_activation: str, width: int) -> str:
        if self.class_weights is not None and len(self.class_weights) != width:
            return f"class_weights has {len(self.class_weights)} numbers, the model {width} outputs"
        return super().misfit(last_activation, width)
