"""An experiment as users state it: the same spec, in which the names of rungs are those of the registry.

`harness.spec` lies below the rungs and reads any name, so that a worker or a reader of records needs no ladder.
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
