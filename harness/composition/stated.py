"""The experiment as users state it: the spec of `harness.spec`, with the names of rungs limited to the registry's.

`harness.spec` accepts any name of a rung, so that a worker or a reader of records does not import the rungs.
"""

from __future__ import annotations

from types import GenericAlias
from typing import Any, Literal

from pydantic import create_model

from harness.rungs.registry import names
from harness.spec import Experiment

_RungNames: Any = GenericAlias(tuple, (Literal.__getitem__(names()), ...))

StatedExperiment: type[Experiment] = create_model(
    "Experiment",
    __base__=Experiment,
    __doc__=Experiment.__doc__,
    rungs=(_RungNames, ()),
)
