"""Exports one experiment for other hosts: its plan, its data and the questions of its ladder, in one file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.composition import UserMistake
from harness.composition.preflight import prepare
from harness.data import Dataset
from harness.judging.context import Context
from harness.plan import Plan
from harness.records.cost import CostPlan
from harness.results.exported import Export, write_export
from harness.results.marker import digest_of
from harness.results.packing import SUFFIX, pack
from harness.results.recorded import EXPERIMENT
from harness.rungs import registry
from harness.rungs.carried import Asked, write_questions
from harness.scenarios import budget
from harness.scenarios.run import plan_of
from harness.spec.experiment import Experiment
from harness.system.files import FileError, given_path
from harness.worker.sharing import share
from harness.worker.task import PROTOCOL

OUT, FROM = "out=", "from="


@dataclass(frozen=True)
class Exported:
    """The file that was written: of which experiment, and what it asks of every arm."""

    path: Path
    experiment: Experiment
    plan: Plan
    questions: int
    cost: CostPlan | None


def export(arguments: Sequence[str], config_dirs: Sequence[Path] = (), trust: bool = False) -> Exported:
    """Exports what the arguments describe: overrides, or a recorded RUN; and out=FILE.

    Raises UserMistake where they are wrong, describe several runs, or the file exists.
    """
    target, overrides = _target([_as_override(text) for text in arguments])
    study, datasets = prepare(overrides, config_dirs, trust)
    if not study.is_single:
        variants = sum(len(variant.seeds) for variant in study.variants)
        raise UserMistake([f"an exported file holds one experiment at one seed; given: {variants} runs"])
    (data,), experiment = datasets, study.first.experiment
    target = target or Path(f"{experiment.name}{SUFFIX}")
    if target.exists():
        raise UserMistake([f"{OUT}{target}: exists already; give another file"])
    if not target.absolute().parent.is_dir():
        raise UserMistake([f"{OUT}{target}: there is no folder {target.parent}"])
    plan = plan_of(experiment, data)
    with tempfile.TemporaryDirectory(prefix="twinrun-export-") as above, np.errstate(all="ignore"):
        folder = Path(above) / experiment.name
        folder.mkdir()
        share(folder, experiment, plan, data)
        questions, cost = _asked(experiment, plan, data, Path(above) / "asked")
        write_questions(folder, questions)
        contents = Export(
            protocol=PROTOCOL,
            experiment=digest_of(folder / EXPERIMENT),
            plan=plan.digest,
            data=data.digest,
            source=data.source,
            questions={rung: asked.digest for rung, asked in questions.items()},
            cost=cost,
        )
        write_export(folder, contents)
        pack(folder, target, experiment.name)
    return Exported(target, experiment, plan, len(questions), cost)


def _asked(
    experiment: Experiment, plan: Plan, data: Dataset, scratch: Path
) -> tuple[dict[str, Asked], CostPlan | None]:
    """The questions of all rungs, the same for every host, and the plan of cost where it reduces them."""
    scratch.mkdir()
    context = Context(experiment, plan, data, scratch)
    cost = budget.planned_by_reference(context)
    context = replace(context, cost=cost)
    left_out = () if cost is None else cost.asked.left_out
    questions = {
        rung: Asked(question.task, question.ask(context))
        for rung, question in registry.questions(experiment.rungs).items()
        if rung not in left_out
    }
    # A rung without a case has no word to judge.
    return {rung: asked for rung, asked in questions.items() if asked.payload.get("cases") != []}, cost


def _as_override(text: str) -> str:
    """A recorded folder as the override that repeats its experiment; everything else as it is."""
    if "=" in text or text.startswith(("+", "~")):
        return text
    recorded = Path(text) / EXPERIMENT
    if not recorded.is_file():
        raise UserMistake([f"{text}: is neither an override nor the folder of a run, which has {EXPERIMENT}"])
    return f"{FROM}{recorded}"


def _target(arguments: Sequence[str]) -> tuple[Path | None, list[str]]:
    outs = [text.removeprefix(OUT) for text in arguments if text.startswith(OUT)]
    if len(outs) > 1:
        raise UserMistake([f"out is given {len(outs)} times: {', '.join(outs)}"])
    try:
        target = given_path(outs[0]) if outs else None
    except FileError as error:
        raise UserMistake([f"{OUT}{outs[0]}: {error}"]) from None
    return target, [text for text in arguments if not text.startswith(OUT)]
