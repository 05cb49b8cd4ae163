"""A recorded series of process medians of one fixed piece of work: the noise of a machine, in the order of time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.records.machine import Machine
from harness.records.timing import PROTOCOL, Whole
from harness.spec.base import Spec

Positive = Annotated[float, Field(gt=0)]


class Noise(Spec):
    """`work`: in words. `step_s`: the median seconds of it in each process, in order. `load`: beside each of them the
    mean number of runnable processes of the host over one minute; empty where the host does not tell. `recorded`: when
    the first process began, in UTC; `machine`: None where a bench did not record it."""

    schema_version: Literal[1] = 1
    protocol: Whole = PROTOCOL
    recorded: str
    machine: Machine | None
    work: str
    load: tuple[Annotated[float, Field(ge=0)], ...] = ()
    step_s: Annotated[tuple[Positive, ...], Field(min_length=1)]
