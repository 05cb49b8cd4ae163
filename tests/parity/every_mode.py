"""An arm of each framework for every mode in float32, and for its compiled loop in float64."""

from __future__ import annotations

from harness.spec.arm import Arm

MODES = {"mindspore": ("jit", "jit_step", "pynative"), "tensorflow": ("graph", "graph_step", "eager", "xla")}
ARMS = {
    framework: [
        *(Arm(name=mode, adapter=framework, mode=mode) for mode in modes),
        Arm(name=f"{modes[0]}64", adapter=framework, mode=modes[0], precision="float64"),
    ]
    for framework, modes in MODES.items()
}
