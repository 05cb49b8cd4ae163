"""Validates all jobs of a sweep before any is begun, and names each by the digest of what it runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import adapters
from harness import __version__
from harness.composition.groups import ConfigGroups
from harness.composition.measurement import Asked
from harness.composition.mistakes import UserMistake
from harness.composition.preflight import Known, prepare, refuse_too_large, refuse_training_only
from harness.composition.sizes import memory_bytes
from harness.composition.sweep.grid import Combination
from harness.composition.timed import Point, prepare_bench
from harness.composition.trust import CodeField
from harness.composition.variants import ComposedStudy
from harness.data import Dataset
from harness.records.sweep import Job, Sweep
from harness.spec.arm import AUTO, Arm
from harness.system.accelerators import VISIBLE

PROCESS_BYTES = 500 << 20  # of twinrun, or of a framework that was imported and has done nothing yet
MOST_NAMED = 4  # jobs with the same mistake
ONE_SEED = (
    "seed is swept, and seeds={seeds} draws plans of its own from it, and one would hide the other: with -m seed=A,B"
    " each seed is a job with a run of its own; seeds=N is one study, which judges the pairs of all seeds together"
)


@dataclass(frozen=True)
class ValidJob:
    """A job that is sound. `name`: of its experiment; `root`: its results folder. The rest is as in `Job`."""

    combination: Combination
    digest: str
    spec: str
    name: str
    root: Path
    memory_bytes: int
    cores: int
    accelerators: tuple[str, ...]
    limit_s: float
    code: tuple[CodeField, ...]

    def at(self, number: int, place: str) -> Job:
        """The job with its number and its folder."""
        needs: dict[str, Any] = {"memory_bytes": self.memory_bytes, "cores": self.cores, "limit_s": self.limit_s}
        needs["accelerators"] = self.accelerators
        values = {key: str(value) for key, value in self.combination.values.items()}
        stated = {"number": number, "place": place, "overrides": self.combination.overrides, "values": values}
        return Job(**stated, digest=self.digest, spec=self.spec, **needs)


@dataclass(frozen=True)
class Asking:
    """Of what kind the jobs are, and what they have in common."""

    verb: str
    config_dirs: tuple[Path, ...]
    trust: bool
    environment: Mapping[str, str]
    known: Known


def validated(
    asking: Asking, combinations: Sequence[Combination], on_count: Callable[[int], None] = lambda count: None
) -> list[ValidJob]:
    """Every job. Raises UserMistake, with the mistakes of all jobs, where one is not sound.

    `on_count`: is told how many are done.
    """
    jobs: list[ValidJob] = []
    mistaken: dict[str, list[int]] = {}
    for number, combination in enumerate(combinations):
        try:
            jobs.append(validated_job(asking, combination))
        except UserMistake as mistake:
            for text in mistake.mistakes:
                mistaken.setdefault(text, []).append(number)
        on_count(number + 1)
    if mistaken:
        raise UserMistake([_told(text, numbers, combinations) for text, numbers in mistaken.items()])
    return jobs


def validated_job(asking: Asking, combination: Combination) -> ValidJob:
    """One job. Raises UserMistake where it is not sound."""
    inputs = inputs_of(asking, combination.overrides)
    first = inputs.studies[0][0].first
    variants = [variant for study, _ in inputs.studies for variant in study.variants]
    if "seed" in combination.values and any(len(variant.seeds) > 1 for variant in variants):
        raise UserMistake([ONE_SEED.format(seeds=len(first.seeds))])
    for study, _ in inputs.studies:
        if asking.verb == "check":
            refuse_training_only(study)
        elif len(first.seeds) > 1:
            refuse_too_large(study)
    arms = [arm for variant in variants for arm in variant.experiment.arms]
    runs = sum(len(variant.seeds) for variant in variants)
    return ValidJob(
        combination,
        _digest([inputs.digest, versions({arm.adapter for arm in arms})]),
        inputs.digest,
        first.experiment.name,
        first.results_root,
        max(memory_bytes(variant.experiment, len(variant.seeds)) for variant in variants)
        + PROCESS_BYTES * (1 + len(first.experiment.arms)),
        max([1, *(arm.threads or 1 for arm in arms)]),
        tuple(kind for kind in VISIBLE if any(may_use(arm, kind) for arm in arms)),
        # The ladder and, for a match, the training; the limit of an arm counts for each.
        sum(arm.timeout_s for arm in first.experiment.arms) * (1 + runs * (asking.verb != "check")),
        tuple(code for study, _ in inputs.studies for code in study.code),
    )


def may_use(arm: Arm, kind: str) -> bool:
    """Whether an arm may run on a device of this kind where its host has one."""
    if arm.device != AUTO:
        return arm.device == kind
    return arm.adapter in adapters.usable() and kind in adapters.info(arm.adapter).devices


@dataclass(frozen=True)
class Inputs:
    """What a job runs: studies, each with its data; of a bench also the question and its points.

    `digest`: of specs, seeds and data, from which the plans follow, and of the environment that the job is given.
    """

    studies: Sequence[tuple[ComposedStudy, Sequence[Dataset]]]
    digest: str
    question: Asked | None = None
    points: Sequence[Point] = ()


def inputs_of(asking: Asking, overrides: Sequence[str]) -> Inputs:
    """Composes a job. Raises UserMistake where it is not sound."""
    if asking.verb == "bench":
        question, points = prepare_bench(overrides, asking.config_dirs, asking.trust, asking.known)
        beside = f"{question.measurement.model_dump_json()} {question.check} {question.all_modes} {question.sweep}"
        studies = [(point.study, [point.data]) for point in points]
        return Inputs(studies, _spec_digest(asking, studies, beside), question, points)
    alone = [prepare(overrides, asking.config_dirs, asking.trust, asking.known)]
    return Inputs(alone, _spec_digest(asking, alone, ""))


def asking_of(sweep: Sweep) -> Asking:
    """What the jobs of a recorded sweep have in common. Raises UserMistake where its config folders are not there."""
    config_dirs = tuple(map(Path, sweep.config_dirs))
    groups = ConfigGroups.beside(config_dirs, *filter(None, [sweep.config_name]))
    return Asking(sweep.verb, config_dirs, sweep.trust, sweep.environment, Known(groups))


def _spec_digest(asking: Asking, studies: Iterable[tuple[ComposedStudy, Sequence[Dataset]]], beside: str) -> str:
    parts: list[Any] = [asking.verb, beside, dict(sorted(asking.environment.items()))]
    for study, datasets in studies:
        parts.append([ordering.model_dump(mode="json") for ordering in study.orderings])
        for variant, data in zip(study.variants, datasets, strict=False):
            # Where twinrun chooses an arrangement it does so on the host of the job; the spec is the same on all.
            parts.append([variant.experiment.model_dump(mode="json"), list(variant.seeds), data.digest])
    return _digest(parts)


def versions(adapter_names: Iterable[str]) -> dict[str, str]:
    """The versions of twinrun and of the packages that decide the adapters' numbers; empty for what is not there."""
    packages = {"numpy"}
    for name in adapter_names:
        if name in adapters.usable():
            info = adapters.info(name)
            packages |= {info.distribution, *info.packages} - {""}
    return {"twinrun": __version__, **{package: _version(package) for package in sorted(packages)}}


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _digest(parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _told(text: str, numbers: Sequence[int], combinations: Sequence[Combination]) -> str:
    """A mistake, and the jobs that have it; of all jobs, or of the only one, it is told without them."""
    if len(numbers) == len(combinations):
        return text
    named = [_in_words(number, combinations[number]) for number in numbers[:MOST_NAMED]]
    more = f" and {len(numbers) - MOST_NAMED:,} more" if len(numbers) > MOST_NAMED else ""
    return f"{text} (job{'s' * (len(numbers) > 1)} {', '.join(named)}{more})"


def _in_words(number: int, combination: Combination) -> str:
    return f"{number}: {' '.join(f'{key}={value}' for key, value in combination.values.items())}"
