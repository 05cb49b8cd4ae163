"""What `twinrun record` is asked for, checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.composition import UserMistake, compose, sizes
from harness.composition.capabilities import unsupported
from harness.composition.mistakes import no_such
from harness.composition.preflight import arm_mistakes, offered, unusable
from harness.composition.trust import CodeField
from harness.results.recorded import EXPERIMENT
from harness.rungs.carried import Asked
from harness.scenarios.hosts.arrival import Arrived, ArrivedQuestions
from harness.spec.experiment import Experiment

# What may be another on each host: it changes no number that is compared, or is the host's own.
OF_THE_HOST = ("device", "device_id", "threads", "timeout_s", "python", "environment", "arrangement")
OWN, PLACES = ("arm", "from", "questions"), ("out", "results_root")


@dataclass(frozen=True)
class Request:
    """What is recorded, and where. `experiment` has the one arm. `out`: None for a new folder below the results."""

    experiment: Experiment
    out: Path | None
    results_root: Path
    code: tuple[CodeField, ...]


def own_values(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The values of the verb's own keys, and the overrides. Raises UserMistake with all mistakes."""
    values, others, mistakes = dict[str, str](), list[str](), list[str]()
    for text in arguments:
        key, _, value = text.partition("=")
        if key in OWN and key in values:
            mistakes.append(f"{key} is given twice: {values[key]} and {value}")
        elif key in OWN:
            values[key] = value
        elif key in PLACES or key in {f"arm.{field}" for field in OF_THE_HOST} or key.startswith("arm.environment."):
            others.append(text)
        else:
            allowed = ", ".join([*PLACES, *(f"arm.{field}" for field in OF_THE_HOST)])
            problem = f"{text}: the exported file states what is recorded"
            mistakes.append(f"{problem}; allowed besides arm and from: {allowed}")
    mistakes += [f"give {key}={example}" for key, example in EXAMPLES.items() if not values.get(key)]
    if mistakes:
        raise UserMistake(mistakes)
    return values, others


EXAMPLES = {"arm": "NAME, an arm of the exported file", "from": "FILE, as twinrun export to=hosts writes it"}


def requested(source: Arrived, name: str, overrides: Sequence[str], trust: bool) -> Request:
    """Raises UserMistake, with all mistakes, where the arm or its settings cannot be."""
    names = [arm.name for arm in source.experiment.arms]
    if name not in names:
        raise UserMistake([no_such(f"arm={name}: the exported file has no such arm", name, names)])
    composed = compose([f"from={source.folder / EXPERIMENT}", *overrides])
    (arm,) = (arm for arm in composed.experiment.arms if arm.name == name)
    code = tuple(field for field in composed.code if field.arm == name)
    mistakes = [] if trust else [field.refusal for field in code]
    mistakes += arm_mistakes(arm) or unsupported(source.experiment, [arm], lambda: offered(()))
    mistakes += (
        unusable("results_root", composed.results_root)
        if composed.out is None
        else unusable("out", composed.out, must_be_new=True)
    )
    experiment = source.experiment.model_copy(update={"arms": (arm,)})
    mistakes += sizes.too_large(experiment, 1, composed.out or composed.results_root)
    if mistakes:
        raise UserMistake(mistakes)
    return Request(experiment, composed.out, composed.results_root, code)


def questions_of(further: ArrivedQuestions, source: Arrived, own: Mapping[str, str]) -> dict[str, Asked]:
    """The further questions to this arm. Raises UserMistake where they are of another export, or of other arms."""
    if further.further.export != source.identity:
        of = further.further.export[:16]
        raise UserMistake([f"questions={own['questions']}: is about another exported file than from: {of}"])
    asked = further.further.arms
    questions = {name: question for name, question in further.questions.items() if asked.get(name) == own["arm"]}
    if not questions:
        arms = ", ".join(dict.fromkeys(asked.values()))
        raise UserMistake([f"questions={own['questions']}: asks nothing of arm {own['arm']}, but of {arms}"])
    return questions
