"""Losses: one number per sample, then their mean or sum over the batch.

A sample's outputs are one vector of C numbers, whatever their shape: p_j, or z_j where they are logits. Its target t is
a vector as long: the values that are given, or the one-hot row of a class label (of -1 and +1 for the losses of signs).
`mean_j` and `sum_j` run over the C outputs. A gradient at a kink is the one that is stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field
from typing_extensions import Self

from harness.spec.base import Word, union_of

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


# --- Distances -------------------------------------------------------------------------------------------------------


class MeanSquaredError(Loss):
    """`l = mean_j (p_j - t_j) ** 2`."""

    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["mean_squared_error"] = "mean_squared_error"


class MeanAbsoluteError(Loss):
    """`l = mean_j |p_j - t_j|`; the gradient where p_j = t_j is 0."""

    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["mean_absolute_error"] = "mean_absolute_error"


class MeanSquaredLogarithmicError(Loss):
    """`l = mean_j (log(1 + max(p_j, epsilon)) - log(1 + max(t_j, epsilon))) ** 2`; no gradient where p_j < epsilon."""

    targets_domain: ClassVar[TargetsDomain] = "nonnegative"
    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["mean_squared_logarithmic_error"] = "mean_squared_logarithmic_error"
    epsilon: Epsilon = 1e-7

    @classmethod
    def variants(cls) -> tuple[MeanSquaredLogarithmicError, ...]:
        return cls(), cls(epsilon=0.125)


class MeanAbsolutePercentageError(Loss):
    """`l = 100 * mean_j |p_j - t_j| / max(|t_j|, epsilon)`; the gradient where p_j = t_j is 0."""

    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["mean_absolute_percentage_error"] = "mean_absolute_percentage_error"
    epsilon: Epsilon = 1e-7

    @classmethod
    def variants(cls) -> tuple[MeanAbsolutePercentageError, ...]:
        return cls(), cls(epsilon=0.125)


class Huber(Loss):
    """`l = mean_j h(p_j - t_j)` with `h(e) = e**2 / 2` where |e| <= delta, else `delta * (|e| - delta / 2)`.

    Source: Huber, Robust estimation of a location parameter, 1964.
    """

    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["huber"] = "huber"
    delta: Positive = 1.0

    @classmethod
    def variants(cls) -> tuple[Huber, ...]:
        return cls(), cls(delta=0.3)


class SmoothL1(Loss):
    """`l = mean_j s(p_j - t_j)` with `s(e) = e**2 / (2 beta)` where |e| <= beta, else `|e| - beta / 2`.

    It is Huber's loss with `delta = beta`, divided by beta: its slope far out is 1 for any beta. Source: Girshick, Fast
    R-CNN, 2015.
    """

    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["smooth_l1"] = "smooth_l1"
    beta: Positive = 1.0

    @classmethod
    def variants(cls) -> tuple[SmoothL1, ...]:
        return cls(), cls(beta=0.3)


class LogCosh(Loss):
    """`l = mean_j log(cosh(p_j - t_j))`."""

    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["log_cosh"] = "log_cosh"


class CosineSimilarity(Loss):
    """`l = -sum_j p_j t_j / (max(||p||, epsilon) * max(||t||, epsilon))`: -1 where both point the same way."""

    kind: Literal["cosine_similarity"] = "cosine_similarity"
    epsilon: Epsilon = 1e-7

    @classmethod
    def variants(cls) -> tuple[CosineSimilarity, ...]:
        return cls(), cls(epsilon=0.125)


class AsymmetricLinear(Loss):
    """`l = mean_j over * (p_j - t_j)` where p_j > t_j, `under * (t_j - p_j)` else: errors dearer on one side.

    The pattern for a loss of one's own. This class states the fields and the formula; a function of the outputs and the
    targets computes it with its gradient in `adapters/reference/loss_formulas.py`, and without one in the files of that
    name in the folders of both frameworks; each `losses.py` makes a loss of it, which a row in each
    `realisations/losses.py` names, and `conf/loss/asymmetric_linear.yaml` offers it. `twinrun check vocabulary=[loss]`
    then judges all three.
    """

    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["asymmetric_linear"] = "asymmetric_linear"
    over: Positive = 1.0
    under: Positive = 1.0

    @classmethod
    def variants(cls) -> tuple[AsymmetricLinear, ...]:
        return (cls(over=0.3, under=2.0),)


# --- Probabilities ---------------------------------------------------------------------------------------------------


class SoftmaxCrossEntropy(ClassLoss):
    """`l = -sum_j u_j log(exp(z_j) / sum_k exp(z_k))`, `u_j = (1 - label_smoothing) * t_j + label_smoothing / C`.

    `targets = sparse` hands the framework int32 labels (B,), `one_hot` a (B, C) matrix: the same number. Label
    smoothing leaves the sample's weight as it is.
    """

    outputs: ClassVar[Outputs] = "logits"
    targets_domain: ClassVar[TargetsDomain] = "distribution"
    nonnegative: ClassVar[Nonnegative] = "labels"
    kind: Literal["softmax_cross_entropy"] = "softmax_cross_entropy"
    targets: Literal["sparse", "one_hot"] = "sparse"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @classmethod
    def variants(cls) -> tuple[SoftmaxCrossEntropy, ...]:
        return cls(), cls(targets="one_hot"), cls(targets="one_hot", label_smoothing=0.1), *cls.weighted()


class CategoricalCrossEntropy(ClassLoss):
    """`l = -sum_j t_j log(min(max(p_j, epsilon), 1 - epsilon))`; no gradient where p_j is outside these bounds.

    With `normalize`, every p_j is divided by `sum_k p_k` first.
    """

    outputs: ClassVar[Outputs] = "probabilities"
    targets_domain: ClassVar[TargetsDomain] = "distribution"
    nonnegative: ClassVar[Nonnegative] = "labels"
    kind: Literal["categorical_cross_entropy"] = "categorical_cross_entropy"
    epsilon: Epsilon = 1e-7
    normalize: bool = False

    @classmethod
    def variants(cls) -> tuple[CategoricalCrossEntropy, ...]:
        return cls(), cls(epsilon=2**-10), cls(normalize=True), *cls.weighted()


class NegativeLogLikelihood(ClassLoss):
    """`l = -sum_j t_j p_j` where the outputs p are logarithms of probabilities; a term with t_j = 0 is 0."""

    outputs: ClassVar[Outputs] = "log_probabilities"
    targets_domain: ClassVar[TargetsDomain] = "distribution"
    kind: Literal["negative_log_likelihood"] = "negative_log_likelihood"

    @classmethod
    def variants(cls) -> tuple[NegativeLogLikelihood, ...]:
        return cls(), *cls.weighted()


class SigmoidCrossEntropy(Loss):
    """`l = mean_j -(t_j log(s_j) + (1 - t_j) log(1 - s_j))`, `s_j = 1 / (1 + exp(-z_j))`: binary, from logits."""

    outputs: ClassVar[Outputs] = "logits"
    targets_domain: ClassVar[TargetsDomain] = "probabilities"
    nonnegative: ClassVar[Nonnegative] = "labels"
    kind: Literal["sigmoid_cross_entropy"] = "sigmoid_cross_entropy"

    def misfit(self, last_activation: str, width: int) -> str:
        if last_activation == "sigmoid":
            return "sigmoid_cross_entropy takes logits, but the model ends in a sigmoid: use binary_cross_entropy"
        return super().misfit(last_activation, width)


class BinaryCrossEntropy(Loss):
    """`l = mean_j -(t_j log(q_j) + (1 - t_j) log(1 - q_j))`, `q_j = min(max(p_j, epsilon), 1 - epsilon)`.

    No gradient where p_j is outside these bounds.
    """

    outputs: ClassVar[Outputs] = "probabilities"
    targets_domain: ClassVar[TargetsDomain] = "probabilities"
    nonnegative: ClassVar[Nonnegative] = "labels"
    kind: Literal["binary_cross_entropy"] = "binary_cross_entropy"
    epsilon: Epsilon = 1e-7

    @classmethod
    def variants(cls) -> tuple[BinaryCrossEntropy, ...]:
        return cls(), cls(epsilon=2**-10)


class KlDivergence(Loss):
    """`l = sum_j u_j log(u_j / q_j)`, u and q being t and p within [epsilon, 1]; no gradient where p_j is outside.

    The divergence of the outputs from the targets, KL(t || p). With `classes = averaged` it is `mean_j` in place of
    `sum_j`: with `reduction = mean` the mean over all elements, which MindSpore and PyTorch call `mean`; the mean over
    the samples they call `batchmean`. Source: Kullback and Leibler, On information and sufficiency, 1951.
    """

    outputs: ClassVar[Outputs] = "probabilities"
    targets_domain: ClassVar[TargetsDomain] = "distribution"
    kind: Literal["kl_divergence"] = "kl_divergence"
    epsilon: Epsilon = 1e-7
    classes: Literal["summed", "averaged"] = "summed"

    @classmethod
    def variants(cls) -> tuple[KlDivergence, ...]:
        return cls(), cls(epsilon=2**-10), cls(classes="averaged")


class Poisson(Loss):
    """`l = mean_j p_j - t_j log(p_j + epsilon)`: the outputs are rates, and what depends on t_j alone is left out."""

    outputs: ClassVar[Outputs] = "positive"
    targets_domain: ClassVar[TargetsDomain] = "nonnegative"
    kind: Literal["poisson"] = "poisson"
    epsilon: Epsilon = 1e-7

    @classmethod
    def variants(cls) -> tuple[Poisson, ...]:
        return cls(), cls(epsilon=2**-10)


# --- Margins ---------------------------------------------------------------------------------------------------------


class Hinge(Loss):
    """`l = mean_j max(1 - t_j p_j, 0)` for t_j of -1 and +1; the gradient where t_j p_j = 1 is that of below."""

    targets_domain: ClassVar[TargetsDomain] = "signs"
    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["hinge"] = "hinge"


class SquaredHinge(Loss):
    """`l = mean_j max(1 - t_j p_j, 0) ** 2` for t_j of -1 and +1."""

    targets_domain: ClassVar[TargetsDomain] = "signs"
    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["squared_hinge"] = "squared_hinge"


class CategoricalHinge(Loss):
    """`l = max(1 + max_{j != c} p_j - p_c, 0)` for a sample of class c; rivals that are equal share the gradient.

    With `zero_competes`, 0 is one of the rivals. The gradient where the margin is exactly 1 is that of below. Source:
    Crammer and Singer, On the algorithmic implementation of multiclass kernel-based vector machines, 2001.
    """

    targets_domain: ClassVar[TargetsDomain] = "one_hot"
    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["categorical_hinge"] = "categorical_hinge"
    zero_competes: bool = False

    @classmethod
    def variants(cls) -> tuple[CategoricalHinge, ...]:
        return cls(), cls(zero_competes=True)

    def misfit(self, last_activation: str, width: int) -> str:
        if width < 2:
            return "categorical_hinge compares classes, but the model has one output"
        return super().misfit(last_activation, width)


class Exponential(Loss):
    """`l = mean_j exp(-t_j p_j)` for t_j of -1 and +1."""

    targets_domain: ClassVar[TargetsDomain] = "signs"
    nonnegative: ClassVar[Nonnegative] = "any"
    kind: Literal["exponential"] = "exponential"


if TYPE_CHECKING:
    AnyLoss = Loss
else:
    AnyLoss: Any = union_of(Loss)
