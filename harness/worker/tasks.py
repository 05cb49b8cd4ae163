"""The tasks that belong to no rung: describe the arm, examine its devices, train.

Each task takes paths and plain values, and returns plain values and arrays.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from typing_extensions import TypedDict

from harness.system.accelerators import PLACEMENT
from harness.worker.session import Session
from harness.worker.task import Result, tasks
from harness.worker.training import run_training

Plain = dict[str, Any]


class Described(TypedDict):
    """The form of the result of `describe`."""

    environment: Plain
    realisations: dict[str, dict[str, str]]


class Examined(TypedDict):
    """The form of the result of `doctor`."""

    environment: Plain
    devices: list[Plain]


class Trained(TypedDict):
    """The form of the result of `train`."""

    final_weights_digest: str
    order_digests: list[str]
    compile_time_s: float
    host: Plain
    interference: Plain
    processors: int
    peak_rss_bytes: int


def describe(session: Session, scratch: str) -> Result:
    """The environment, and how this arm makes every word of the experiment.

    `placement`: the rank and the devices that this process was given; only where it was given any.
    """
    experiment = session.at(scratch).experiment
    realisations = {
        f"{word.family} {word.name_in_tables}": asdict(session.adapter.realisation(word)) for word in experiment.words()
    }
    environment = asdict(session.adapter.environment())
    placement = {name: os.environ[name] for name in PLACEMENT if name in os.environ}
    if placement:
        environment["placement"] = placement
    return {"environment": environment, "realisations": realisations}


def doctor(session: Session, scratch: str) -> Result:
    """The environment, and the devices that this process can use."""
    devices = [asdict(device) for device in session.adapter.devices()]
    return {"environment": asdict(session.adapter.environment()), "devices": devices}


def train(session: Session, scratch: str, folder: str, checkpoints: Sequence[int] = ()) -> Result:
    """The matched training. Sends an event for each epoch and writes the final weights to `folder`."""
    session.forget()
    return run_training(session.at(scratch), session.send, folder, checkpoints)


TASKS = tasks(__name__, {"describe": (describe, Described), "doctor": (doctor, Examined), "train": (train, Trained)})
