"""The program of jobs of a sweep: `python -m harness.cli.sweep_job CODES FOLDER`.

Standard input has the sweep in its first line, and a job in each further one. The exit code of each job is written to
CODES, an open descriptor. The arms' processes run below FOLDER. A job is composed again, so that it can run on any
host, and refused where files have changed since it was validated.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from harness.cli.command import reported
from harness.system.stopping import stopped

CHANGED = (
    "job {number}: its overrides describe another experiment here than when the sweep was begun: a config file or the "
    "data have changed since; begin a new sweep, or take the change back"
)


def main(arguments: Sequence[str]) -> int:
    """Runs one job after another, and returns the exit code of the last."""
    codes = int(arguments[0])
    # The code of a job must neither read the next jobs nor write exit codes.
    os.set_inheritable(codes, False)
    requests = os.fdopen(os.dup(0), "rb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    return reported(lambda: _serve(requests, codes, Path(arguments[1])), ends_process=True)


def _serve(requests: IO[bytes], codes: int, folder: Path) -> int:
    """Runs jobs until none comes any more, or one was stopped."""
    from harness.composition.sweep.jobs import asking_of
    from harness.records.sweep import Sweep
    from harness.worker import KeptWorkers

    sweep = Sweep.model_validate_json(requests.readline())
    code = 0
    with KeptWorkers(folder) as workers:
        asking = None
        for line in requests:
            job = json.loads(line)
            _log_to(job["log"])

            def run(job: dict[str, Any] = job) -> int:
                nonlocal asking
                if asking is None:
                    if sweep.job_logging:
                        from harness.scenarios.sweep.one_run import configure_logging

                        configure_logging(sweep.job_logging)
                    asking = asking_of(sweep)
                return _run(asking, job, workers)

            code = reported(run, ends_process=False)
            _flush()
            os.write(codes, f"{code}\n".encode())
            if stopped():
                return code
    return code


def _run(asking: Any, job: dict[str, Any], workers: Any) -> int:
    from harness.composition.mistakes import UserMistake
    from harness.composition.sweep.jobs import inputs_of
    from harness.report.presented import InDetail
    from harness.worker import Workers

    inputs = inputs_of(asking, [*job["overrides"], f"out={job['out']}"])
    if inputs.digest != job["spec"]:
        raise UserMistake([CHANGED.format(number=job["number"])])
    if inputs.question is not None:
        from harness.scenarios.bench.start import start_bench

        return start_bench(inputs.points, inputs.question, InDetail("details"))
    from harness.scenarios.start import start

    (study, data), *_ = inputs.studies
    pool = workers.lent if asking.verb == "check" else Workers
    return start(asking.verb, study, data, InDetail("details"), pool)


def _log_to(path: str) -> None:
    """Sends all output from now on, also of libraries, to the end of a file."""
    _flush()
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
