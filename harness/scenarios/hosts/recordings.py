"""Recordings of one exported file, read for a join; refused by name where they do not belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.composition import UserMistake
from harness.records.hosts import Recording
from harness.results.answers import RecordedAnswer
from harness.results.claim import CLAIM, claimed_by
from harness.results.exported import FURTHER, Export, identity_of, read_export
from harness.results.marker import MARKER, damages, digest_of, state_of
from harness.results.objects import NOT_READ, UnreadableError, read_object
from harness.results.reading import read_run
from harness.results.recorded import RecordedRun
from harness.spec.arm import Arm
from harness.worker.task import PROTOCOL

MOST_SHOWN = 5
SIDES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Recorded:
    """A recording. `names`: by the arm's name on its host, the name that it has in the join."""

    folder: Path
    run: RecordedRun
    export: Export
    identity: str
    names: Mapping[str, str]

    @property
    def arms(self) -> dict[str, Arm]:
        """The arms by their names on their host, as they are named in the join."""
        arms = {name: arm.trace.arm for name, arm in self.run.arms.items()}
        return {name: arm.model_copy(update={"name": self.names[name]}) for name, arm in arms.items()}

    def answers(self, name: str) -> dict[str, RecordedAnswer]:
        """The answers of an arm, by the digest of the question."""
        return {answer.question: answer for answer in self.run.arms[name].answers.values()}

    @property
    def facts(self) -> Recording:
        claim, marker = _object(self.folder / CLAIM), _object(self.folder / MARKER)
        return Recording(
            arms=tuple(self.names.values()),
            folder=str(self.folder.absolute()),
            host=str(claim.get("host", "")),
            started=str(claim.get("started", "")),
            ended=str(marker.get("ended", "")),
            twinrun=str(claim.get("twinrun", "")),
            machine=dict(claim.get("machine") or {}),
            marker=digest_of(self.folder / MARKER),
        )


def read_recordings(folders: Sequence[Path]) -> list[Recorded]:
    """The recordings in these folders, all of one export. Raises UserMistake, with every reason, where they are not."""
    further = [folder for folder in folders if (folder / FURTHER).is_file()]
    if further:
        raise UserMistake([f"{folder}: holds answers to further questions; give it as answers=" for folder in further])
    return _read(folders)


def _read(folders: Sequence[Path]) -> list[Recorded]:
    mistakes = [problem for folder in folders for problem in _problems(folder)]
    if mistakes:
        raise UserMistake(mistakes)
    exports = {folder: read_export(folder) for folder in folders}
    identities = {folder: identity_of(folder) for folder in folders}
    first = folders[0]
    others = [folder for folder in folders if identities[folder] != identities[first]]
    if others:
        unlike = "were recorded from different exported files"
        raise UserMistake(
            [f"{folder} and {first} {unlike}: {_unlike(exports[folder], exports[first])}" for folder in others]
        )
    runs = [read_run(folder) for folder in folders]
    counts = Counter(name for run in runs for name in run.arms)
    return [
        Recorded(
            folder,
            run,
            exports[folder],
            identities[folder],
            {
                name: name if counts[name] == 1 else f"{name}.{SIDES[number : number + 1] or number}"
                for name in run.arms
            },
        )
        for number, (folder, run) in enumerate(zip(folders, runs, strict=True))
    ]


def further_answers(folders: Iterable[Path], of: Sequence[Recorded]) -> dict[str, dict[str, RecordedAnswer]]:
    """By the arm's name on its host, the answers to further questions in these folders; raises as `read_recordings`."""
    answers: dict[str, dict[str, RecordedAnswer]] = {}
    known = {name for recorded in of for name in recorded.names}
    for further in folders:
        (_, recorded) = _read([of[0].folder, further])
        for name in recorded.names:
            if name not in known:
                raise UserMistake([f"answers={further}: is of arm {name}, and compared are {', '.join(sorted(known))}"])
            answers[name] = {**answers.get(name, {}), **recorded.answers(name)}
    return answers


def _problems(folder: Path) -> list[str]:
    """Why a folder is not to be relied on; empty for a complete recording that is as it was left."""
    if state_of(folder) != "complete":
        by = claimed_by(folder) or "nobody has claimed it"
        return [f"{folder}: the recording is unfinished: {by}; record the arm again, into another folder"]
    problems = [f"{folder}: {place} {why}" for place, why in damages(folder)]
    if problems:
        return problems[:MOST_SHOWN]
    try:
        export = read_export(folder)
    except UnreadableError as error:
        return [f"{folder}: is no recording of an exported file: {error}"]
    if export.protocol != PROTOCOL:
        by = f"it was recorded with protocol {export.protocol} of twinrun {export.twinrun}"
        return [f"{folder}: {by}, and this one speaks protocol {PROTOCOL}; compare with that version"]
    return []


def _unlike(a: Export, b: Export) -> str:
    """What is another in two exports, in words."""
    parts = {"experiment": (a.experiment, b.experiment), "plan": (a.plan, b.plan), "data": (a.data, b.data)}
    unlike = [f"another {what} ({x[:8]} and {y[:8]})" for what, (x, y) in parts.items() if x != y]
    rungs = [rung for rung in {**a.questions, **b.questions} if a.questions.get(rung) != b.questions.get(rung)]
    unlike += [f"other questions of {', '.join(rungs)}"] if rungs and not unlike else []
    return ", ".join(unlike) or f"exported by twinrun {a.twinrun} and {b.twinrun}"


def _object(path: Path) -> dict[str, Any]:
    try:
        return read_object(path)
    except NOT_READ:
        return {}
