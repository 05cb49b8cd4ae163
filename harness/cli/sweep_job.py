"""The program of a job of a sweep: `python -m harness.cli.sweep_job SWEEP NUMBER OUT`.

It composes the job again, so that it can run on any host, and refuses it where files have changed since it was
validated.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli.command import reported

CHANGED = (
    "job {number}: its overrides describe another experiment here than when the sweep was begun: a config file or the "
    "data have changed since; begin a new sweep, or take the change back"
)


def main(arguments: Sequence[str]) -> int:
    """Runs the job, and returns its exit code."""
    folder, number, out = arguments
    return reported(lambda: _run(Path(folder), int(number), out), ends_process=True)


def _run(folder: Path, number: int, out: str) -> int:
    from harness.composition.mistakes import UserMistake
    from harness.composition.sweep.jobs import asking_of, inputs_of
    from harness.results.sweep_folder import read_sweep

    sweep = read_sweep(folder)
    job = next(job for job in sweep.jobs if job.number == number)
    if sweep.job_logging:
        from harness.scenarios.sweep.one_run import configure_logging

        configure_logging(sweep.job_logging)
    asking = asking_of(sweep)
    inputs = inputs_of(asking, [*job.overrides, f"out={out}"])
    if inputs.digest != job.spec:
        raise UserMistake([CHANGED.format(number=number)])
    from harness.report.presented import InDetail

    if inputs.question is not None:
        from harness.scenarios.bench.start import start_bench

        return start_bench(inputs.points, inputs.question, InDetail("details"))
    from harness.scenarios.start import start

    (study, data), *_ = inputs.studies
    return start(sweep.verb, study, data, InDetail("details"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
