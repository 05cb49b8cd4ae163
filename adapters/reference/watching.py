"""The digests of what an update computes, of one run or of several runs (draws) at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from adapters.digests import factors
from adapters.protocol import Parameters
from adapters.reference.draws import projected, summed
from harness.records.step_columns import Watched, watched_parameters
from harness.spec.model import Model


class Watching:
    """The kinds of digests that a run returns (`watch`), each with its parameters; see `adapters.digests`."""

    def __init__(self, model: Model, watch: Sequence[Watched]) -> None:
        self._parameters = {kind: [p.name for p in watched_parameters(model, kind)] for kind in watch}
        self._factors = {p.name: factors(p.shape) for p in model.parameters()} if watch else {}

    def columns(self) -> Iterator[tuple[str, str, str]]:
        """Of each digest, in order: what it is of (`gradient`, `clipped`, `weight`), its form, and the parameter."""
        for kind, names in self._parameters.items():
            of, form = kind.split("_")
            yield from ((of, form, name) for name in names)

    def digests(self, gradients: Parameters, clipped: Parameters, weights: Parameters) -> list[Any]:
        """The digests in the order of `columns`: numbers for one run, (D,) for D draws."""
        tensors: Mapping[str, Parameters] = {"gradient": gradients, "clipped": clipped, "weight": weights}
        return [self._digest(form, name, tensors[of][name]) for of, form, name in self.columns()]

    def _digest(self, form: str, name: str, tensor: Any) -> Any:
        return np.sqrt(summed(tensor * tensor)) if form == "norm" else projected(tensor, self._factors[name])
