"""Losses of how likely the outputs make the targets: of probabilities, their logits or logarithms, and rates."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from harness.spec.losses.base import ClassLoss, Epsilon, Loss, Nonnegative, Outputs, TargetsDomain


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
