"""What a worker can be asked whatever is judged: what it is, what it can use, and the training.

Each task takes paths and plain values, and returns plain values and arrays.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from typing_extensions import TypedDict

from harness.worker.session import Session
from harness.worker.task import Result, tasks
from harness.worker.training import run_training

Plain = dict[str, Any]


class Described(TypedDict):
    environment: Plain
    realisations: dict[str, dict[str, str]]


class Examined(TypedDict):
    environment: Plain
    devices: list[Plain]


class Trained(TypedDict):
    final_weights_digest: str
    compile_time_s: float
    peak_rss_bytes: int


def describe(session: Session, scratch: str) -> Result:
    """The environment, and how this arm makes every word of the experiment."""
    e = session.at(scratch).experiment
    made = {f"{w.family} {w.name_in_tables}": asdict(session.adapter.realisation(w)) for w in e.words()}
    return {"environment": asdict(session.adapter.environment()), "realisations": made}


def doctor(session: Session, scratch: str) -> Result:
    """What this process can really use."""
    devices = [asdict(device) for device in session.adapter.devices()]
    return {"environment": asdict(session.adapter.environment()), "devices": devices}


def train(session: Session, scratch: str, folder: str) -> Result:
    """The matched training itself; sends an event per epoch and leaves the final weights in `folder`."""
    session.forget()
    return run_training(session.at(scratch), session.send, folder)


TASKS = tasks(__name__, {"describe": (describe, Described), "doctor": (doctor, Examined), "train": (train, Trained)})
