"""An exported file on its arrival: unpacked, and refused by name unless it is what was exported and fits together."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from harness.composition import UserMistake
from harness.data import DataError, Dataset
from harness.plan import Plan
from harness.plan.fitting import misfits
from harness.results.exported import (
    EXPORT,
    FURTHER,
    Export,
    Further,
    identity_of,
    read_export,
    read_further,
)
from harness.results.files import read_experiment
from harness.results.marker import digest_of
from harness.results.objects import NOT_READ, UnreadableError
from harness.results.packing import PackageError, unpack
from harness.results.recorded import EXPERIMENT
from harness.rungs.carried import QUESTIONS, Asked, read_questions
from harness.spec.experiment import Experiment
from harness.system.files import FileError, given_path
from harness.worker.task import PROTOCOL

Read = TypeVar("Read")
PLAN_FILE = "plan.npz"
WRITER = "twinrun export to=hosts writes the file, twinrun compare that of further questions"


@dataclass(frozen=True)
class Arrived:
    """An exported file whose parts fit. `folder`: where it is unpacked. `identity`: the digest of its export.json."""

    folder: Path
    export: Export
    identity: str
    experiment: Experiment
    plan: Plan
    data: Dataset
    questions: dict[str, Asked]


@dataclass(frozen=True)
class ArrivedQuestions:
    """Further questions, and what they are of."""

    further: Further
    questions: dict[str, Asked]


@contextmanager
def arrived(text: str) -> Iterator[Arrived]:
    """The exported file that `text` names, unpacked as long as the context lasts.

    Raises UserMistake, which names the file and the part of it, where it is damaged, was edited or does not fit.
    """
    with _unpacked(text, EXPORT) as folder:
        try:
            yield _checked(folder)
        except (UnreadableError, DataError) as error:
            raise UserMistake([f"from={text}: {' '.join(str(error).split())}"]) from None


@contextmanager
def arrived_questions(text: str) -> Iterator[ArrivedQuestions]:
    """The file of further questions that `text` names; raises UserMistake as `arrived` does."""
    with _unpacked(text, FURTHER, "questions") as folder:
        try:
            further = read_further(folder)
            _require_protocol("", further.protocol)
            yield ArrivedQuestions(further, _questions(folder, further.questions))
        except UnreadableError as error:
            raise UserMistake([f"questions={text}: {error}"]) from None


@contextmanager
def _unpacked(text: str, needed: str, key: str = "from") -> Iterator[Path]:
    try:
        path = given_path(text)
    except FileError as error:
        raise UserMistake([f"{key}={text}: {error}"]) from None
    if not path.is_file():
        raise UserMistake([f"{key}={text}: there is no such file; {WRITER}"])
    if path.suffix == ".json":
        raise UserMistake([f"{key}={text}: {WRITER}; an experiment.json alone is for twinrun match"])
    with tempfile.TemporaryDirectory(prefix="twinrun-arrived-") as above:
        folder = Path(above) / "exported"
        try:
            unpack(path, folder)
        except PackageError as error:
            raise UserMistake([f"{key}={text}: {error}"]) from None
        if not (folder / needed).is_file():
            raise UserMistake([f"{key}={text}: has no {needed}, so that it is another package of twinrun; {WRITER}"])
        yield folder


def _checked(folder: Path) -> Arrived:
    export = read_export(folder)
    _require_protocol(f"twinrun {export.twinrun} exported it, ", export.protocol)
    if digest_of(folder / EXPERIMENT) != export.experiment:
        raise UnreadableError(f"{EXPERIMENT} is not what was exported: its digest is another")
    experiment = _part(EXPERIMENT, lambda: read_experiment(folder / EXPERIMENT))
    plan = _part(PLAN_FILE, lambda: Plan.load(folder / PLAN_FILE))
    data = _data(folder, experiment, export.source)
    for what, digest, stated in ((PLAN_FILE, plan.digest, export.plan), ("the data", data.digest, export.data)):
        if digest != stated:
            raise UnreadableError(f"{what} is not what was exported: its digest is another")
    if problems := misfits(plan, experiment, len(data.x_train)):
        raise UnreadableError(f"{PLAN_FILE} does not fit {EXPERIMENT}: {problems[0]}")
    return Arrived(folder, export, identity_of(folder), experiment, plan, data, _questions(folder, export.questions))


def _questions(folder: Path, stated: dict[str, str]) -> dict[str, Asked]:
    questions = _part(QUESTIONS, lambda: read_questions(folder))
    if {name: asked.digest for name, asked in questions.items()} != stated:
        raise UnreadableError(f"{QUESTIONS} is not what was exported: a question has another digest")
    return questions


def _data(folder: Path, experiment: Experiment, source: str) -> Dataset:
    x_train, y_train, x_test, y_test = (
        _part(f"{name}.npy", partial(np.load, folder / f"{name}.npy"))
        for name in ("x_train", "y_train", "x_test", "y_test")
    )
    spec = experiment.data
    return Dataset(x_train, y_train, x_test, y_test, source, spec.sample_shape, spec.classes)


def _part(name: str, read: Callable[[], Read]) -> Read:
    try:
        return read()
    except UnreadableError as error:
        raise UnreadableError(f"{name} {error}") from None
    except NOT_READ as error:
        raise UnreadableError(f"{name} cannot be read ({' '.join(str(error).split())[:200]})") from None


def _require_protocol(prefix: str, protocol: int) -> None:
    if protocol != PROTOCOL:
        raise UnreadableError(
            f"{prefix}it is of protocol {protocol}, and this twinrun speaks protocol {PROTOCOL}; "
            "both hosts need the same protocol: install one version of twinrun on both"
        )
