"""`twinrun export`."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.experiment import add_sources
from harness.cli.verb import CODES, Verb, add_recorded

HOSTS = "to=hosts"
EXAMPLES = """\
examples:
  twinrun export RUN to=tensorboard out=logs       # then: tensorboard --logdir logs
  twinrun export RUN to=mlflow out=http://localhost:5000
  twinrun export experiment=mnist_mlp to=hosts out=mnist_mlp.twinrun   # then: twinrun record, on each host
  twinrun export RUN to=hosts

to=hosts writes one file with the experiment, its plan, its data and the questions of the ladder, each with its digest.
TensorBoard gets the curves of every arm in one log folder, MLflow facts, curves, results and the report. The packages
are extras: pip install 'twinrun[tensorboard]', 'twinrun[mlflow]'.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_recorded(
        sub,
        "a run, as for twinrun show; to=mlflow or to=tensorboard; out: the store, server or log folder; with to=hosts "
        "a run or overrides, as for twinrun match; out: the file",
    )
    add_sources(sub)
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Exports a run. Returns the exit code."""
    if HOSTS in options.overrides:
        return _to_hosts(options)
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


def _to_hosts(options: argparse.Namespace) -> int:
    from harness.report.hosts import show_exported
    from harness.scenarios.hosts.export import export

    overrides = [text for text in options.overrides if text != HOSTS]
    show_exported(export(overrides, options.config_dir, options.trust))
    return 0


VERB = Verb("export", "hand an experiment to other hosts, or a run to MLflow or TensorBoard", run, add_arguments)
