"""What travels between hosts: one file that holds an experiment, its plan, its data and the questions of its ladder.

It is a package (`harness.results.packing`), so every file in it has a digest and nothing of it is trusted on arrival.
`export.json` states the digests of what the arms are given; its own digest identifies the export in all recordings.

    export.json, experiment.json, plan.npz, [xy]_{train,test}.npy, questions.json, questions/*.npz
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError

from harness import __version__
from harness.records.cost import CostPlan
from harness.results.marker import digest_of
from harness.results.objects import NOT_READ, UnreadableError, read_object
from harness.results.store import write_text
from harness.spec.base import Spec

EXPORT, FURTHER = "export.json", "further.json"
QUESTIONS_FOLDER = "questions"
SCHEMA_VERSION = 1
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Export(Spec):
    """What an exported file is of.

    `protocol`: the version of requests to a worker, in which the questions are. `experiment`: the SHA-256 of
    experiment.json; `plan`, `data`: the digests of both; `source`: where the data came from. `questions`: by rung, the
    digest of what is asked. `cost`: the plan of cost by which less is asked than is stated; None if nothing is reduced.
    """

    schema_version: Literal[1] = 1
    twinrun: str = __version__
    protocol: int
    experiment: Digest
    plan: Digest
    data: Digest
    source: str
    questions: dict[str, Digest]
    cost: CostPlan | None = None


class Further(Spec):
    """What a comparison asks in addition of the arms of an export. `export`: the digest of that export.

    `questions`: by name, the digest of what is asked; `arms`: by name, the arm that is asked.
    """

    schema_version: Literal[1] = 1
    protocol: int
    export: Digest
    questions: dict[str, Digest]
    arms: dict[str, str]


Kind = TypeVar("Kind", Export, Further)


def write_export(folder: Path, export: Export) -> None:
    write_text(folder / EXPORT, export.model_dump_json(indent=2) + "\n")


def write_further(folder: Path, further: Further) -> None:
    write_text(folder / FURTHER, further.model_dump_json(indent=2) + "\n")


def read_export(folder: Path) -> Export:
    """The export in a folder. Raises UnreadableError, with a clause, where there is none that can be read."""
    return _read(folder / EXPORT, Export)


def read_further(folder: Path) -> Further:
    """The further questions in a folder; raises as `read_export` does."""
    return _read(folder / FURTHER, Further)


def identity_of(folder: Path) -> str:
    """The digest that identifies the export in a folder."""
    return digest_of(folder / EXPORT)


def is_recording(folder: Path) -> bool:
    """Whether the folder holds what an arm recorded from an exported file."""
    return (folder / EXPORT).is_file()


def _read(path: Path, kind: type[Kind]) -> Kind:
    try:
        record = read_object(path)
        version = record.get("schema_version")
        if version != SCHEMA_VERSION:
            raise UnreadableError(f"has schema_version {version}, and this version of twinrun reads {SCHEMA_VERSION}")
        return kind.model_validate_json(json.dumps(record))
    except UnreadableError:
        raise
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise UnreadableError(f"is not as twinrun writes it: {where}: {error.errors()[0]['msg']}") from None
    except NOT_READ as error:
        raise UnreadableError(f"cannot be read ({type(error).__name__})") from None
