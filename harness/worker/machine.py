"""This machine."""

from __future__ import annotations

from harness.records.machine import Machine
from harness.system.processor import machine_facts


def this_machine() -> Machine:
    """The machine that this process runs on."""
    return Machine.model_validate(machine_facts())
