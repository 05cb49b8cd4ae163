"""Joins recordings of several hosts to one run, which climbs the whole ladder with recorded answers."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from harness.composition import UserMistake
from harness.composition.preflight import claimed, unusable
from harness.data import DataError, Dataset, load
from harness.plan import Plan
from harness.records.failure import Failure
from harness.records.hosts import Hosts
from harness.results.answers import RecordedAnswer
from harness.results.exported import EXPORT, is_recording
from harness.results.recorded import EPOCHS, STEPS, TRACE
from harness.results.store import HOSTS, write_text
from harness.rungs.carried import Asked
from harness.scenarios import ladder, phases, run
from harness.scenarios.compare import DEFAULT
from harness.scenarios.hosts.arrival import Arrived, arrived
from harness.scenarios.hosts.further import Missing
from harness.scenarios.hosts.record import CHECKPOINTS
from harness.scenarios.hosts.recorded_arm import RecordedArm
from harness.scenarios.hosts.recordings import Recorded, further_answers, read_recordings
from harness.scenarios.recording import run_and_record
from harness.scenarios.run import Run
from harness.scenarios.start import Presenter, conclude
from harness.spec.experiment import Experiment
from harness.system.files import FileError, given_path
from harness.system.stopping import heeding_signals
from harness.worker.training import checkpoints_file

VERB = "compare recordings"
KEYS = ("from", "answers", "out")
AT_START = ("start", "describe")  # stages before an arm has been asked anything
NOT_COPIED = (TRACE, STEPS, EPOCHS, CHECKPOINTS, "segments")


@dataclass(frozen=True)
class Request:
    """What is joined. `source`: the exported file, where it was given; `answers`: folders of further answers."""

    folders: tuple[Path, ...]
    source: str = ""
    answers: tuple[Path, ...] = ()
    out: Path | None = None


@dataclass
class Joined:
    """How a join ended. `commands`: what records the answers that it has not; empty where none is missing."""

    exit_code: int
    commands: list[str] = field(default_factory=list)


def names_recordings(arguments: Sequence[str]) -> bool:
    """Whether all folders of the command line are recordings of exported files, and there are several."""
    try:
        folders = [given_path(text) for text in arguments if text.partition("=")[0] not in KEYS]
    except FileError:
        return False
    return len(folders) > 1 and all(map(is_recording, folders))


def join(arguments: Sequence[str], presenter: Presenter) -> Joined:
    """Judges the recordings in the arguments, which may hold from=FILE, answers=DIR and out=DIR.

    Raises UserMistake where they do not belong together, are damaged or unfinished.
    """
    request = _request(arguments)
    recordings = read_recordings(request.folders)
    answers = further_answers(request.answers, recordings)
    with ExitStack() as stack, np.errstate(all="ignore"), heeding_signals():
        source = stack.enter_context(arrived(request.source)) if request.source else None
        experiment = _experiment(recordings)
        data, plan = _inputs(experiment, recordings[0], source, request.source)
        now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        folder = claimed(VERB, request.out, DEFAULT / now)
        listener = stack.enter_context(closing(presenter.run_listener()))
        active = run.begin(experiment, data, plan, folder, listener)
        for name, recorded in ((name, each) for each in recordings for name in each.names):
            trace = recorded.run.arms[name].trace
            arm = recorded.arms[name]
            active.traces[arm.name] = trace.model_copy(update={"arm": arm})
            active.environments[arm.name] = dict(trace.environment)
        if (cost := recordings[0].export.cost) is not None:
            active.follow(cost)
            active.store.write_cost(cost)
        facts = Hosts(export=recordings[0].identity, recordings=tuple(recorded.facts for recorded in recordings))
        write_text(folder / HOSTS, facts.model_dump_json(indent=2) + "\n")
        missing = Missing(active.store.folder / ".further")
        carried = () if source is None else tuple(source.questions.values())
        run_and_record([active], folder, lambda: _judge(active, recordings, answers, carried, missing))
        commands = _ask_further(active, recordings, missing, request)
        conclude(active, presenter)
        return Joined(active.exit_code, commands)


def _judge(
    active: Run,
    recordings: Sequence[Recorded],
    further: dict[str, dict[str, RecordedAnswer]],
    carried: Sequence[Asked],
    missing: Missing,
) -> None:
    """Climbs the ladder with the recorded arms, then judges their trainings, as `match` does."""
    active.trains = True
    active.listener.begin(active.experiment, active.plan, active.data, active.store.folder)
    arms = []
    for recorded in recordings:
        for name, arm in recorded.arms.items():
            _copy_records(active, recorded.folder / "arms" / name, arm.name)
            trace = active.traces[arm.name]
            if trace.failure is not None and trace.failure.stage in AT_START:
                active.fail(arm.name, trace.failure)
                active.verdicts.append(ladder.failure_verdict("start", arm.name, trace.failure))
                continue
            answers = {**recorded.answers(name), **further.get(name, {})}
            arms.append(RecordedArm(arm, answers, carried, trace.failure, missing.adder(name)))
    listener = active.listener
    climbing = [recorded.arm.name for recorded in arms]

    def fail(name: str, failure: Failure) -> None:
        climbing.remove(name)
        active.fail(name, failure)

    active.verdicts += ladder.climb(active.context, arms, listener.rung, fail, on_stage=listener.stage)
    for name in climbing:
        failure = active.traces[name].failure
        if failure is not None:  # it has answered everything, and failed after that
            active.fail(name, failure)
            active.verdicts.append(ladder.failure_verdict("training", name, failure))
    phases.judge_trainings(active)


def _copy_records(active: Run, source: Path, arm: str) -> None:
    """Takes over what the arm recorded; its trace and tables are written with those of the run."""
    target = active.store.arm_folder(arm)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*NOT_COPIED), dirs_exist_ok=True)
    if (source / CHECKPOINTS).is_file():
        shutil.copyfile(source / CHECKPOINTS, active.scratch / checkpoints_file(arm))


def _ask_further(active: Run, recordings: Sequence[Recorded], missing: Missing, request: Request) -> list[str]:
    """Writes the questions that the recordings have no answer to. Returns the commands that record the answers."""
    commands = list[str]()
    if missing.questions and active.unfinished is None:
        file = missing.write(active.store.folder, recordings[0].identity, active.experiment.name)
        again = [*map(str, request.folders), *(f"answers={folder}" for folder in request.answers)]
        again += [f"from={request.source}"] if request.source else []
        commands = missing.commands(file, request.source or "FILE", again, len(request.answers))
    missing.clear()
    return commands


def _experiment(recordings: Sequence[Recorded]) -> Experiment:
    """The experiment of the recordings with the arms of all. Their exported file is one, so that the rest is equal."""
    experiment = recordings[0].run.experiment
    if experiment is None:
        raise UserMistake([f"{recordings[0].folder}: {'; '.join(map(str, recordings[0].run.failures))}"])
    arms = tuple(arm for recorded in recordings for arm in recorded.arms.values())
    return experiment.model_copy(update={"arms": arms})


def _inputs(experiment: Experiment, recorded: Recorded, source: Arrived | None, given: str) -> tuple[Dataset, Plan]:
    """The data and the plan: those of the exported file or, without it, loaded and drawn again."""
    if source is not None:
        if source.identity != recorded.identity:
            raise UserMistake([f"from={given}: is not the exported file that {recorded.folder} was recorded from"])
        return source.data, source.plan
    advice = f"give from=FILE, the exported file of {recorded.folder}"
    try:
        data = load(experiment.data)
    except DataError as error:
        raise UserMistake([f"the data cannot be loaded here ({' '.join(str(error).split())}); {advice}"]) from None
    if data.digest != recorded.export.data:
        raise UserMistake([f"the data that is loaded here is not what the arms were given; {advice}"])
    plan = run.plan_of(experiment, data)
    if plan.digest != recorded.export.plan:
        raise UserMistake([f"the plan that is drawn here is not what the arms were given; {advice}"])
    return data, plan


def _request(arguments: Sequence[str]) -> Request:
    """Raises UserMistake, with every mistake."""
    mistakes, paths = list[str](), dict[str, list[Path]]({key: [] for key in ("", *KEYS)})
    for text in arguments:
        key, _, value = text.partition("=")
        key, value = (key, value) if key in KEYS else ("", text)
        try:
            paths[key].append(given_path(value))
        except FileError as error:
            mistakes.append(f"{text}: {error}")
    for key in ("from", "out"):
        if len(paths[key]) > 1:
            mistakes.append(f"{key} is given {len(paths[key])} times: {', '.join(map(str, paths[key]))}")
    for folder in paths["answers"]:
        if not is_recording(folder):
            mistakes.append(f"answers={folder}: is no folder that twinrun record wrote; it has no {EXPORT}")
    mistakes += [f"{folder}: is given twice" for folder, count in Counter(paths[""]).items() if count > 1]
    out = next(iter(paths["out"]), None)
    mistakes += unusable("results", DEFAULT) if out is None else unusable("out", out, must_be_new=True)
    if mistakes:
        raise UserMistake(mistakes)
    source = str(paths["from"][0]) if paths["from"] else ""
    return Request(tuple(paths[""]), source, tuple(paths["answers"]), out)
