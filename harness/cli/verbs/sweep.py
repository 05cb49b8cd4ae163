"""`twinrun sweep`."""

from __future__ import annotations

import argparse

from harness.cli import experiment
from harness.cli.hydra_flags import ROOT, request_of
from harness.cli.verb import CODES, Verb, add_detail, folders

ACTIONS = {
    "submit": "VERB OVERRIDE...: validates every job, hands them over and returns; VERB is match, check or bench",
    "status": "FOLDER: what has become of every job; from any host that sees the folder",
    "collect": "FOLDER: writes the table and the pages of the rows that there are, and shows them",
    "cancel": "FOLDER: ends the jobs that run, on all hosts, and begins no other; what is done stays",
    "resume": "FOLDER: runs what is not done; what crashed or was lost is run again once",
}
VERBS = ("match", "check", "bench")
EXAMPLES = """\
examples:
  twinrun match -m optimizer=adam,sgd 'seed=range(0,5)'
  twinrun sweep submit match optimizer=adam,sgd 'seed=range(0,5)' hydra/launcher=twinrun_slurm
  twinrun sweep status results/mnist_mlp/RUN-sweep
  twinrun sweep resume results/mnist_mlp/RUN-sweep
  twinrun check -m 'schedule.initial_rate=interval(0.001,1)' hydra/sweeper=twinrun_optuna \\
    hydra.sweeper.objective=schedule.initial_rate hydra.sweeper.sampler=bisect
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    sub.add_argument("action", choices=ACTIONS, metavar="ACTION", help="; ".join(ACTIONS))
    of_action = sub.add_argument("overrides", nargs="*", default=[], metavar="FOLDER", help="see below")
    of_action.completer = folders  # type: ignore[attr-defined]
    experiment.add_sources(sub)
    sub.add_argument("--config-name", "-cn", default=ROOT, metavar="NAME", help="the root config, in --config-dir")
    sub.add_argument("--fail-fast", action="store_true", help="of submit: begin no further job once one has failed")
    sub.add_argument("--wait", action="store_true", help="of resume: wait for a scheduler's jobs")
    add_detail(sub)
    actions = "\n".join(f"  {name:8} {meaning}" for name, meaning in ACTIONS.items())
    sub.epilog = f"actions:\n{actions}\n\n{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Does what is asked of a sweep. Returns the exit code."""
    from harness.composition import UserMistake
    from harness.report.presented import InDetail
    from harness.scenarios.sweep import actions

    presenter = InDetail(options.detail)
    if options.action == "submit":
        verb, *typed = options.overrides or [""]
        if verb not in VERBS:
            raise UserMistake([f"twinrun sweep submit takes a verb, {', '.join(VERBS)}; given {verb!r}"])
        options.overrides = typed
        return actions.submit(request_of(options, verb), presenter, experiment.announce)
    if len(options.overrides) != 1:
        raise UserMistake([f"twinrun sweep {options.action} takes one folder; given {len(options.overrides)}"])
    (folder,) = options.overrides
    if options.action == "resume":
        return actions.resume(folder, presenter, options.wait)
    act = {"status": actions.status, "collect": actions.collect, "cancel": actions.stop}[options.action]
    return act(folder, presenter)


VERB = Verb("sweep", "submit the jobs of a sweep, follow them, and go on with what is not done", run, add_arguments)
