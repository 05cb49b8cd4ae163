"""Asks both arms of a pair; the check ends where one of them fails, since it needs both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from harness.composition import UserMistake
from harness.records.failure import Failure, WorkerFailedError
from harness.results.store import write_text
from harness.scenarios.pair.state import PairRun
from harness.spec.arm import Arm
from harness.subjects.pair.beside import remarks_beside
from harness.subjects.pair.budget import Plan, planned
from harness.subjects.pair.climbing import Climb
from harness.subjects.pair.facts import float64_remarks
from harness.subjects.pair.mapping import Names, paired, parameters_from
from harness.subjects.pair.records import REFUSED
from harness.subjects.pair.tasks import TASKS
from harness.system.array_files import Arrays
from harness.worker import Worker, Workers
from harness.worker.asking import side_by_side
from harness.worker.task import Task

WORTH_TELLING = 1e9  # bytes that a side takes beside its framework


class ArmsFailedError(Exception):
    """Arms failed, so that the check cannot go on; `failures` holds their failures by name."""

    def __init__(self, failures: Mapping[str, Failure]) -> None:
        super().__init__("; ".join(f"{name}: {failure}" for name, failure in failures.items()))
        self.failures = failures


def asker(workers: Mapping[str, Worker]) -> Callable[..., dict[str, tuple[dict[str, Any], Arrays]]]:
    """A function that gives a task to both arms, or to those in `by_arm`, and returns their answers by name.

    It raises ArmsFailedError where one of them fails, since a check needs both.
    """

    def ask(task: Task, by_arm: Mapping[str, Mapping[str, Any]] | None = None, **common: Any) -> Any:
        def ask_one(worker: Worker) -> tuple[dict[str, Any], Arrays]:
            return worker.ask(task, **(by_arm[worker.arm.name] if by_arm is not None else common))

        concerned = {name: workers[name] for name in by_arm or workers}
        with ThreadPoolExecutor(max_workers=len(concerned)) as threads:
            answers, failures = side_by_side(threads, concerned, ask_one, all_needed=True)
        if failures:
            raise ArmsFailedError(failures)
        return answers

    return ask


def start_worker(pool: Workers, arm: Arm, scratch: Path) -> Worker:
    """The worker of an arm; ArmsFailedError where it does not start."""
    try:
        return pool.of(arm, scratch)
    except WorkerFailedError as error:
        raise ArmsFailedError({arm.name: error.failure}) from None


def build_models(run: PairRun, ask: Any) -> dict[str, dict[str, Any]]:
    """Has both arms build their models; returns what they tell of them, by arm.

    Raises UserMistake with all that cannot be compared, before anything is trained.
    """
    composed = run.composed
    payload = {}
    for arm in composed.pair.arms:
        file, function = composed.place(composed.pair.models[arm.adapter].builder)
        payload[arm.name] = {"file": str(file), "function": function}
    try:
        built = {name: result for name, (result, _) in ask(TASKS["pair_build"], by_arm=payload).items()}
    except ArmsFailedError as error:
        builders = {arm.name: composed.pair.models[arm.adapter].builder for arm in composed.pair.arms}
        raise ArmsFailedError(
            {name: _while_building(failure, builders[name]) for name, failure in error.failures.items()}
        ) from None
    wrong = [f"{name}: {text}" for name, result in built.items() for text in result["wrong"]]
    if wrong:
        raise UserMistake(wrong)
    for name, result in built.items():
        refused = {REFUSED: result["refused"]} if result["refused"] else {}
        run.update(name, environment={**result["environment"], **refused})
    return built


def _while_building(failure: Failure, builder: str) -> Failure:
    """The failure of an arm, with its builder's name if the arm could not say it itself."""
    if failure.symptom not in ("timeout", "exit", "signal") or failure.stage != TASKS["pair_build"].name:
        return failure
    return failure.model_copy(
        update={"message": f"{failure.message}; the builder {builder}, or its model on one batch, was running"}
    )


def keep_within_budget(run: PairRun, built: Mapping[str, Mapping[str, Any]]) -> Plan:
    """Makes fewer steps of the pair where its budget asks for that, and tells so; and tells the memory it takes."""
    seconds = {name: result["seconds"] for name, result in built.items()}
    plan = planned(run.composed.pair, seconds, monotonic() - run.began_s)
    taken = {name: result["bytes"] for name, result in built.items() if result["bytes"] > WORTH_TELLING}
    if taken:
        told = ", ".join(f"{size / 1e9:.1f} GB in {name}" for name, size in taken.items())
        run.listener.remark(f"memory: a batch with all that is recorded of it takes {told}")
    for text in plan.remarks:
        run.listener.remark(text)
    if plan.pair != plan.stated:
        run.composed = replace(run.composed, pair=plan.pair)
        write_text(run.scratch / "pair.json", run.composed.located().model_dump_json())
        write_text(run.folder / "pair.json", plan.pair.model_dump_json(indent=2) + "\n")
    return plan


def start_climb(run: PairRun, ask: Any, built: dict[str, dict[str, Any]]) -> Climb:
    """Pairs the parameters of both models, and returns the climb over the rungs."""
    a, b = (arm.name for arm in run.composed.pair.arms)
    parameters = [parameters_from(built[name]["parameters"]) for name in (a, b)]
    pairing = paired(parameters[0], parameters[1], run.composed.pair.parameters, Names(a, b))
    run.matches = pairing.matches
    run.listener.matched(run.matches, (a, b))
    climb = Climb(run.composed.pair, run.scratch, ask, built, run.matches, pairing)
    climb.remarks += [f"{name}: {text}" for name, result in built.items() for text in result["ignored"]]
    climb.remarks += [text for name, result in built.items() for text in _reduced(name, result["reduced"])]
    climb.remarks += [f"{name}: {text}" for name, result in built.items() for text in result["not_registered"]]
    climb.remarks += remarks_beside(climb.built)
    climb.remarks += climb.outputs.alone
    for text in [*climb.remarks, *float64_remarks(built)]:
        run.listener.remark(text)
    return climb


def _reduced(name: str, precisions: Mapping[str, str]) -> list[str]:
    """Which layers of a side compute in a lower precision than its arm. `precisions`: by layer."""
    layers: dict[str, list[str]] = {}
    for layer, precision in precisions.items():
        layers.setdefault(precision, []).append(layer)
    return [f"{name} computes in {precision}: {', '.join(layers[precision])}" for precision in sorted(layers)]
