"""`twinrun export`."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.verb import CODES, Verb, add_recorded

EXAMPLES = """\
examples:
  twinrun export RUN to=tensorboard out=logs       # then: tensorboard --logdir logs
  twinrun export RUN to=mlflow out=http://localhost:5000

TensorBoard gets the curves of every arm in one log folder, MLflow facts, curves, results and the report. The packages
are extras: pip install 'twinrun[tensorboard]', 'twinrun[mlflow]'.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_recorded(
        sub,
        "a run, as for twinrun show; to=mlflow or to=tensorboard; out: the store, server or log folder",
    )
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Exports a run. Returns the exit code."""
    from harness.report.catalogue import put
    from harness.scenarios.catalogue import tracking
    from harness.scenarios.catalogue.naming import named_run
    from harness.system.text import printable

    folder, further = named_run(options.overrides, {"to": tracking.known_tool, "out": str})
    tool, out = tracking.settings_of(further)
    recorded = tracking.loaded(folder)
    if tool == "mlflow":
        place = f"run {tracking.to_mlflow(recorded, folder, out)} of {out}"
    else:
        written = tracking.to_tensorboard(recorded, Path(out).expanduser())
        place = f"{len(written)} files below {out}"
    put(printable(f"exported to {tool}: {place}"))
    return 0


VERB = Verb("export", "hand a recorded run to MLflow or TensorBoard", run, add_arguments)
