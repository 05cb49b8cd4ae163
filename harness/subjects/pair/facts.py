"""What of a checked pair is recorded beside its verdicts: which code ran, which parameter is which, what was remarked.

`facts.json`: the code and the remarks, in words; `parameters.parquet`: a row for each pair of parameters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from harness.results.files import UnreadableError, read_object
from harness.results.marker import digest_of
from harness.results.store import write_parquet, write_text
from harness.subjects.pair.climbing import Climb
from harness.subjects.pair.composing import ComposedPair
from harness.subjects.pair.mapping import Match

MOST_BESIDE = 1000  # .py files of a folder, whose digest is taken
FACTS, PARAMETERS = "facts.json", "parameters.parquet"
PARAMETER_COLUMNS = ("parameter_a", "parameter_b", "shape", "carried_over")


class Facts(BaseModel):
    """`code`: which of the user's code ran, and where. `remarks`: what a reader must know of the checks.

    `code_digest`: of the files that the pair names; empty in records of before it was recorded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    code: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    code_digest: str = ""


def write_facts(
    folder: Path, composed: ComposedPair, matches: Sequence[Match], climb: Climb | None, code: str = ""
) -> None:
    """Both records; no table where the parameters were not paired. `code`: the digest of the code that ran."""
    remarks = (*_of_float64(climb), *climb.remarks) if climb is not None else ()
    facts = Facts(code=tuple(code_run(composed)), remarks=remarks, code_digest=code)
    write_text(folder / FACTS, facts.model_dump_json(indent=2) + "\n")
    if matches:
        turned = climb.rows if climb is not None else {}
        a, b = (arm.name for arm in composed.pair.arms)
        rows = [
            (m.a.name, m.b.name, str(m.a.shape), m.how(a, b) + (", rows turned" if m.name in turned else ""))
            for m in matches
        ]
        named = [dict(zip(PARAMETER_COLUMNS, row, strict=True)) for row in rows]
        write_parquet(folder / PARAMETERS, named, PARAMETER_COLUMNS)


def read_facts(path: Path) -> Facts:
    try:
        return Facts.model_validate_json(json.dumps(read_object(path)), strict=True)
    except ValidationError as error:
        raise UnreadableError(f"holds no facts of a pair: {error.errors()[0]['msg']}") from None


def parameter_rows(table: pd.DataFrame) -> list[list[str]]:
    """The rows of `parameters.parquet` as text."""
    return [[str(cell) for cell in row] for row in table[list(PARAMETER_COLUMNS)].itertuples(index=False)]


def code_run(composed: ComposedPair) -> list[str]:
    """Which code of the user's is run, and where."""
    pair = composed.pair
    lines = [
        f"{composed.file.name} names: {pair.models[arm.adapter].builder}, in {arm.name}'s process" for arm in pair.arms
    ]
    lines += [
        f"{composed.file.name} names: {pair.own.of(family)[arm.adapter]}, in {arm.name}'s process"
        for family in pair.own.families
        for arm in pair.arms
    ]
    if not pair.batches.endswith(".npz"):
        lines.append(f"{composed.file.name} names: {pair.batches}, in a process of its own")
    lines += [
        f"{composed.file.name} names: {code.field} = {code.value!r}, of {code.arm}" for code in composed.code_of_file
    ]
    return list(dict.fromkeys(lines))


def code_digest(composed: ComposedPair) -> str:
    """The SHA-256 of what decides a pair beside its words: of the files that it names, and the .py files beside them.

    A file that cannot be read counts by its name. What the code imports from elsewhere is not in it.
    """
    pair = composed.pair
    functions = [function for family in pair.own.families for function in pair.own.of(family).values()]
    texts = (*(own.builder for own in pair.models.values()), *functions, pair.batches)
    named = {composed.place(text)[0] for text in texts}
    beside = {path for file in named for path in islice(file.parent.glob("*.py"), MOST_BESIDE)}
    sha = hashlib.sha256()
    for path in sorted(named | beside):
        sha.update(path.name.encode("utf-8", "surrogateescape") + b"\0")
        with suppress(OSError):
            sha.update(digest_of(path).encode())
    return sha.hexdigest()


def _of_float64(climb: Climb) -> list[str]:
    """What ran in float64, which is where tolerances and judgements come from."""
    lines = float64_remarks(climb.built)
    for name, built in climb.built.items():
        if built["composed"] and not built["refused"]:
            lines.append(f"{name} in float64 with layers composed for it: {', '.join(built['composed'])}")
    for name, reason in climb.distrusted.items():
        measured = [arm.name for arm in climb.arms if arm.name not in climb.distrusted]
        others = [other for other in measured if not climb.built[other]["refused"]]
        instead = f"; {others[0]}'s float64 is the measure of both" if others else ""
        lines.append(f"{name}: {reason}{instead}")
    if climb.apart is not None:
        lines.append(f"in float64 the layers' outputs, the loss and the gradients are at most {climb.apart:.2g} apart")
    return lines


def float64_remarks(built: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Why a side does not run in float64, by side."""
    return [f"{name} does not run in float64: {side['refused']}" for name, side in built.items() if side["refused"]]
