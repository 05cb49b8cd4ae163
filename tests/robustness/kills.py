"""What is killed, by which signal, and when: drawn from a seed."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from watched import FIRST, LINEAR, SECOND

SHORT = [LINEAR, f"arms=[{FIRST},{SECOND}]", "training.batch_size=50", "comparison.free_steps=5", "out=run"]
COMMANDS: Mapping[str, list[str]] = {
    "match": ["match", *SHORT, "training.epochs=8", "rungs=[schedule]"],
    "check": ["check", *SHORT, "rungs=[schedule,loss,layer,optimizer,model,step,trajectory]"],
    "study": ["match", *SHORT, "training.epochs=3", "rungs=[schedule]", "seeds=2"],
    "pair": ["check", "pair=pair.yaml", "out=run", "arms=[tensorflow_eager,{use: tensorflow_eager, name: second}]"],
}
TARGETS = {"match": ("parent", "worker"), "check": ("parent", "worker"), "study": ("parent", "worker")}
TARGETS |= {"pair": ("parent", "batches")}
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
PAIR = """
name: slow
models: {tensorflow: {builder: "code.py:net"}}
batches: code.py:batches
batch_size: 2
loss: mean_squared_error
optimizer: sgd
schedule: {kind: constant, rate: 0.1}
"""
CODE = """
import time
def net(): raise RuntimeError("it is killed before")
def batches():
    import numpy as np
    for _ in range(20):
        time.sleep(0.15)
        yield np.zeros((2, 3)), np.zeros((2, 1))
"""


@dataclass(frozen=True)
class Kill:
    """`at`: the moment, as a share of the command's usual time. `again_s`: how long after the first comes a second."""

    command: str
    target: str
    signal: signal.Signals
    at: float
    again_s: float | None

    @property
    def name(self) -> str:
        again = "" if self.again_s is None else f", again after {self.again_s:.2f} s"
        return f"{self.command}, {self.target}, {self.signal.name} at {self.at:.0%}{again}"


def drawn(seed: int, number: int) -> Kill:
    """Every command, target and signal in turn; the moment, and whether it is doubled, by chance."""
    random = Random(f"{seed}:{number}")
    command = list(COMMANDS)[number % 4] if number % 5 else "match"
    target = TARGETS[command][random.random() < 0.4]
    again = random.uniform(0.0, 0.3) if target == "parent" and random.random() < 0.4 else None
    return Kill(command, target, random.choice(SIGNALS), random.random(), again)
