"""All jobs of a grid are validated first, with one message for all mistakes; a job is its digest."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.composition import UserMistake
from harness.composition.groups import ConfigGroups
from harness.composition.preflight import Known
from harness.composition.sweep.grid import swept
from harness.composition.sweep.jobs import Asking, ValidJob, validated

SMALL = ["model=mlp_10_relu", "training.max_steps=3"]


def jobs_of(
    *typed: str, verb: str = "match", environment: Mapping[str, str] | None = None, dirs: tuple[Path, ...] = ()
) -> list[ValidJob]:
    groups = ConfigGroups.beside(dirs)
    asking = Asking(verb, dirs, False, environment or {}, Known(groups))
    return validated(asking, swept([*SMALL, *typed], groups.all_options(), verb).combinations())


def mistakes_of(*typed: str, verb: str = "match") -> tuple[str, ...]:
    with pytest.raises(UserMistake) as raised:
        jobs_of(*typed, verb=verb)
    return raised.value.mistakes


def test_the_mistakes_of_all_jobs_are_told_at_once() -> None:
    told = mistakes_of("training.batch_size=-1,50,-2", "optimizer=adam,sdg", "data.x=1")
    assert sorted(text.partition(":")[0] for text in told) == [
        "data.x",
        "optimizer=sdg",
        "training.batch_size",
        "training.batch_size",
    ]
    of_all = next(text for text in told if text.startswith("data.x"))
    assert "(job" not in of_all
    of_some = next(text for text in told if text.startswith("optimizer"))
    assert "did you mean optimizer=sgd?" in of_some
    assert of_some.endswith("5: training.batch_size=-2 optimizer=sdg)")


def test_a_mistake_names_the_jobs_that_have_it() -> None:
    (text,) = mistakes_of("training.batch_size=100,-1", "seed=0,1")
    assert text == (
        "training.batch_size: given -1; allowed: a whole number > 0 "
        "(jobs 2: training.batch_size=-1 seed=0, 3: training.batch_size=-1 seed=1)"
    )


def test_neither_seed_nor_seeds_hides_the_other() -> None:
    (text,) = mistakes_of("seed=0,1", "seeds=3")
    assert text.startswith("seed is swept, and seeds=3 draws plans of its own from it, and one would hide the other")
    assert len(jobs_of("seeds=2,3")) == 2


def test_a_check_is_not_asked_for_rungs_that_judge_trainings() -> None:
    (text,) = mistakes_of("rungs=[schedule],[convergence]", verb="check")
    assert text.startswith("rungs: convergence judges what trainings recorded")
    assert text.endswith("(job 1: rungs=[convergence])")


def test_a_job_is_its_digest() -> None:
    first, second = jobs_of("seed=0,1")
    assert first.digest == jobs_of("seed=0")[0].digest
    assert first.digest != second.digest
    assert first.digest != jobs_of("seed=0", verb="check")[0].digest
    assert first.digest != jobs_of("seed=0", environment={"OMP_NUM_THREADS": "1"})[0].digest
    assert first.digest == jobs_of("seed=0", "results_root=elsewhere")[0].digest


def test_the_digest_does_not_depend_on_how_a_value_is_typed() -> None:
    assert jobs_of("training.epochs=15")[0].digest == jobs_of("training={epochs: 15}")[0].digest


def test_what_a_job_needs() -> None:
    (job,) = jobs_of("arm.threads=2", "arm.timeout_s=100")
    assert job.cores == 2
    assert job.limit_s == 2 * 100 * 2  # two arms, the ladder and the training
    assert job.memory_bytes > 1 << 30


def test_many_jobs_take_tens_of_milliseconds_each() -> None:
    jobs_of("seed=0")  # imports
    began_s = time.process_time()
    assert len(jobs_of("seed=range(0,30)")) == 30
    assert time.process_time() - began_s < 30 * 0.1
